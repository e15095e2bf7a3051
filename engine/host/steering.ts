// What an engine can be told while it runs: to pause, resume and restart threads, and to have another
// number of them. Every change of threads waits for its turn at the supervisor. Control thread.
import { lanesMaxOf } from "../consume/deal.ts";
import type { InputRole } from "../consume/input-rings.ts";
import { RefusedError, type Supervisor } from "../supervise/supervisor.ts";
import type { AutoScaler } from "./auto-scaler.ts";
import type { Lanes } from "./lanes.ts";
import type { EngineThreads } from "./workers.ts";

/** States, restarts and errors of the threads are in the order of their start. */
export type Steering = Pick<Supervisor, "workers" | "pause" | "resume" | "restart"> & {
  /**
   * Sets the numbers of threads by role, all or none; partitions of these roles are dealt anew. A
   * role that scales itself has no fewer from then on. Resolves when all serve.
   * @throws RefusedError naming the role, or the limits of its number.
   */
  readonly scale: (threads: { readonly [role: string]: number }) => Promise<void>;
};

type Count = { readonly role: InputRole; readonly count: number };

/** Sets numbers of threads in its turn, unless `holds` says no then. */
export type Scale = (counts: readonly Count[], holds?: () => boolean) => Promise<void>;

export const steeringOf = (
  supervisor: Supervisor,
  scale: Scale,
  scaler: AutoScaler | null,
): Steering => ({
  workers: () => supervisor.workers(),
  pause: (name) => supervisor.pause(name),
  resume: (name) => supervisor.resume(name),
  restart: (name) => supervisor.restart(name),
  scale: async (counts) => {
    const checked = Object.entries(counts).map(([role, count]) => {
      if (role === "market" || role === "stream") {
        return { role, count: checkedThreads(role, count) } as const;
      }
      throw new RefusedError(`role=${role} has no threads to scale; known: market stream`);
    });
    await scale(checked);
    for (const { role, count } of checked) scaler?.keep(role, count);
  },
});

export const scaleOf =
  (lanes: Lanes, threads: EngineThreads, supervisor: Supervisor): Scale =>
  (checked, holds = () => true) =>
    supervisor.rearrange(() => {
      if (!holds()) throw new RefusedError("another number was set meanwhile");
      const active = checked.flatMap(({ role }) => lanes.active(role));
      for (const { role, count } of checked) lanes.resize(role, count);
      return { ended: new Set(active.map(({ name }) => name)), workers: threads.workers() };
    });

/** @throws RefusedError with the limits. */
export const checkedThreads = (role: InputRole, threads: number): number => {
  const max = lanesMaxOf(role);
  if (Number.isInteger(threads) && threads >= 1 && threads <= max) return threads;
  throw new RefusedError(`threads of ${role}=${threads}, limits 1 to ${max}`);
};
