// A foreign server as a process: a port for it, and when it answers.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

const pollMs = 50;

/** A port of loopback that was free just now. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};

/**
 * Resolves once the address answers, whatever it says.
 * @throws Error when the process ends before, or does not answer in time; then it is killed.
 */
export const serving = async (child: ChildProcess, url: string, msMax: number): Promise<void> => {
  for (let waitedMs = 0; waitedMs < msMax; waitedMs += pollMs) {
    if ((await fetch(url).catch(() => null)) !== null) return;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  child.kill("SIGKILL");
  throw new Error(`${child.spawnfile} did not start`);
};
