// Bytes to a server as they are, and what it says: for requests that no HTTP client would send.
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export type Target = { readonly host: string; readonly port: number };

export type RawOptions = {
  /** Pause between two parts, ms. */
  readonly gapMs?: number;
  /** Ends our side after the last part; otherwise the connection stays open and silent. */
  readonly ends?: boolean;
  /** How long an answer is waited for, ms. */
  readonly waitMs?: number;
  /** How many answers there must be. */
  readonly answers?: number;
};

const answerBytesMax = 1 << 20;

/** Status lines in an answer, in order. */
const statuses = (answer: string): readonly string[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status ?? "");

const open = async ({ host, port }: Target): Promise<Socket> => {
  const socket = connect(port, host);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
};

/**
 * Sends the parts and returns the statuses that came back until all answers have begun, the
 * server closes or the wait is over: "400", "200 400", "closed", "silent".
 */
export const sendRaw = async (
  target: Target,
  parts: readonly (string | Uint8Array)[],
  { gapMs = 0, ends = false, waitMs = 120_000, answers = 1 }: RawOptions = {},
): Promise<string> => {
  const socket = await open(target);
  let answer = "";
  let isOver = false;
  const { promise: heard, resolve } = Promise.withResolvers<void>();
  socket.on("data", (chunk: Buffer) => {
    answer = (answer + chunk.toString("latin1")).slice(-answerBytesMax);
    // Time for what may follow: one answer too many, or the connection's end.
    if (statuses(answer).length >= answers) setTimeout(resolve, 300);
  });
  socket.on("close", () => {
    isOver = true;
    resolve();
  });
  const timer = setTimeout(resolve, waitMs);
  for (const part of parts) {
    if (isOver || answer !== "") break;
    if (!socket.write(part)) await Promise.race([once(socket, "drain"), heard]);
    if (gapMs > 0) await Promise.race([sleep(gapMs), heard]);
  }
  if (ends) socket.end();
  await heard;
  clearTimeout(timer);
  socket.destroy();
  const found = statuses(answer);
  if (found.length > 0) return found.join(" ");
  return isOver ? "closed" : "silent";
};
