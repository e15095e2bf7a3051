// A control server over a steering that writes down what it is told; market cannot be paused.
import type { Steering } from "../../../engine/control/actions.ts";
import type { ControlServer } from "../../../engine/control/server.ts";
import { startControlServer } from "../../../engine/control/server.ts";
import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { EventCollector } from "../../../engine/events/event-collector.ts";
import { eventType } from "../../../engine/events/event-layout.ts";
import { createEngineMemory } from "../../../engine/host/memory.ts";
import { RefusedError } from "../../../engine/supervise/supervisor.ts";
import type { WorkerStatus } from "../../../engine/supervise/worker.ts";

const market: WorkerStatus = {
  name: "market",
  state: "Running",
  critical: true,
  strategy: "one_for_one",
  restarts: 3,
  lastError: "Error: broken\n    at work",
  heartbeatAgeMs: 1_500,
};

export const startSteered = async (
  over: Partial<Steering> = {},
): Promise<{ readonly server: ControlServer; readonly told: readonly string[] }> => {
  const told: string[] = [];
  const tell =
    (what: string) =>
    async (worker: string): Promise<void> => {
      if (worker === "market" && what === "pause") {
        throw new RefusedError("worker=market is Error, not Running");
      }
      told.push(`${what} ${worker}`);
    };
  const memory = createEngineMemory();
  const events = new EventCollector(memory.events);
  events.stamp(5);
  events.detail.value = 740;
  events.record(eventType.bytesReceived, 1);
  const server = await startControlServer({
    port: 0,
    snapshot: () => takeSnapshot(memory),
    isReady: () => true,
    about: () => ({ runId: "r" }),
    events: [memory.events],
    steering: {
      workers: () => [market],
      pause: tell("pause"),
      resume: tell("resume"),
      restart: tell("restart"),
      scale: async (threads) => {
        for (const [role, count] of Object.entries(threads)) {
          if (count > 8) throw new RefusedError(`threads of ${role}=${count}, limits 1 to 8`);
        }
        told.push(`scale ${JSON.stringify(threads)}`);
      },
      reload: async () => ({ kind: "applied", version: 2, changed: ["sniffer.v1"] }),
      ...over,
    },
  });
  return { server, told };
};
