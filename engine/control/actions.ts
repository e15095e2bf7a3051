// What the control server can be told to do: POST /pause, /resume, /restart with {"worker"}, /scale
// with {"market": 2}, /reload. Only from this machine: the server listens on loopback, and a page in a browser can
// neither name another host (checked) nor send application/json elsewhere without being asked.
import type { IncomingMessage } from "node:http";

import { RefusedError } from "../supervise/supervisor.ts";
import type { WorkerStatus } from "../supervise/worker.ts";
import type { Answer } from "./answer.ts";

/** What can be steered; each settles when it is done. @throws RefusedError saying why not. */
export type Steering = {
  readonly workers: () => readonly WorkerStatus[];
  readonly pause: (worker: string) => Promise<void>;
  readonly resume: (worker: string) => Promise<void>;
  readonly restart: (worker: string) => Promise<void>;
  /** Sets the numbers of threads by role, all or none. */
  readonly scale: (threads: Threads) => Promise<void>;
  /** Reads the configuration again and answers what became of it; null where there is none. */
  readonly reload: (() => Promise<{ readonly kind: string }>) | null;
};

/** Numbers of threads by role. */
type Threads = { readonly [role: string]: number };

export const actionNames = ["pause", "resume", "restart", "scale", "reload"] as const;
export type ActionName = (typeof actionNames)[number];

/** What `pause` and `resume` mean without a worker: the intake; all behind it runs empty. */
const intake = "ingest";
const bodyBytesMax = 4_096;

/** The path's action, or null when there is none. */
export const actionOf = (path: string): ActionName | null =>
  actionNames.find((name) => path === `/${name}`) ?? null;

/**
 * 200 with `ok: true`, the workers, and for a reload its outcome; else `ok: false` with an
 * `error`: 400 a bad body, 403 another host, 409 not now, 413 and 415 for what is no small JSON.
 */
export const actionAnswer = async (
  action: ActionName,
  request: IncomingMessage,
  steering: Steering,
): Promise<Answer> => {
  const refusal = refusedRequest(request);
  if (refusal !== null) return refusal;
  const body = await readBody(request);
  if (body === null) return failure(413, `the body is longer than bodyBytesMax=${bodyBytesMax}`);
  const told = toldOf(action, body);
  if (told === null) {
    return failure(400, `the body of /${action} must be like ${forms[action]}, found ${body}`);
  }
  try {
    const outcome = await act(action, told, steering);
    const ok = outcome?.kind !== "refused";
    return json(ok ? 200 : 409, { ok, ...outcome, workers: steering.workers() });
  } catch (error) {
    if (error instanceof RefusedError) return failure(409, error.message);
    return failure(500, error instanceof Error ? error.message : String(error));
  }
};

/** Shown to who sent something else. */
const forms: { readonly [name in ActionName]: string } = {
  pause: '{"worker":"ingest"}',
  resume: '{"worker":"ingest"}',
  restart: '{"worker":"market"}',
  scale: '{"market":2}',
  reload: "{}",
};

/** Of a scale the roles with their threads; of the others the worker, "" where none is named. */
type Told = { readonly worker: string; readonly threads: Threads };

const act = async (
  action: ActionName,
  { worker, threads }: Told,
  steering: Steering,
): Promise<{ readonly kind: string } | null> => {
  if (action === "reload") {
    if (steering.reload === null) throw new RefusedError("there is no configuration to reload");
    return steering.reload();
  }
  if (action === "scale") {
    await steering.scale(threads);
    return null;
  }
  if (action === "restart" && worker === "") {
    const known = steering.workers().map(({ name }) => name);
    throw new RefusedError(`restart needs a "worker"; known: ${known.join(" ")}`);
  }
  await steering[action](worker === "" ? intake : worker);
  return null;
};

const localHost = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/;

/** Null when the request may act. */
const refusedRequest = ({ headers }: IncomingMessage): Answer | null => {
  if (!localHost.test(headers.host ?? "")) {
    return failure(403, `host=${headers.host} is not this machine`);
  }
  const type = headers["content-type"] ?? "";
  if (/^application\/json\b/.test(type)) return null;
  return failure(415, `content-type=${type} must be application/json`);
};

/** Null when it is too long. */
const readBody = async (request: IncomingMessage): Promise<string | null> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bodyBytesMax) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
};

/** Null for a body that is none of ours. */
const toldOf = (action: ActionName, body: string): Told | null => {
  const value = parsed(body);
  if (value === null) return null;
  if (action === "scale") {
    const counts = Object.values(value);
    const isGood = counts.length > 0 && counts.every((count) => typeof count === "number");
    return isGood ? { worker: "", threads: value as Threads } : null;
  }
  // A slip must not become another order: without a worker, pause and resume mean the intake.
  const { worker = "", ...others } = value;
  const isGood = typeof worker === "string" && Object.keys(others).length === 0;
  return isGood ? { worker, threads: {} } : null;
};

const parsed = (body: string): { readonly [key: string]: unknown } | null => {
  try {
    const value: unknown = body === "" ? {} : JSON.parse(body);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as { readonly [key: string]: unknown }) : null;
  } catch {
    return null;
  }
};

const failure = (status: number, error: string): Answer => json(status, { ok: false, error });

const json = (status: number, value: object): Answer => ({
  status,
  type: "application/json",
  body: `${JSON.stringify(value)}\n`,
});
