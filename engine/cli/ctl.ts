// weir ctl: a running engine, shown and steered through its control server. Tables on a terminal,
// what the server answered as JSON lines everywhere else.
import { nearest } from "./arguments.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UnreachableError, UsageError } from "./command.ts";
import { eventLines, reloadLines, statusLines, workerLines } from "./ctl-tables.ts";

/** A restart ends with the thread that takes longest to serve again. */
const answerMsMax = 90_000;
/** Of an answer that is none, as shown. */
const foundCharsMax = 80;

const verbs = ["status", "events", "pause", "resume", "restart", "scale", "reload"] as const;
type Verb = (typeof verbs)[number];

export const ctl: Command = {
  name: "ctl",
  purpose: "Shows and steers a running engine: its threads, rings, events and configuration.",
  usage: `[options] ${verbs.join("|")} [WORKER|ROLE=THREADS...]`,
  options: {
    url: {
      value: "URL",
      help: "the engine's control server",
      default: "http://127.0.0.1:9464",
    },
    json: { help: "JSON lines also on a terminal" },
    type: { value: "TYPE", help: "events: of this type only" },
    limit: { value: "N", help: "events: the newest N, 1 to 10000", default: "100" },
  },
  examples: ["weir ctl status", "weir ctl scale market=2 stream=2 --url http://127.0.0.1:9464"],
  run: async (args, io) => {
    const verb = verbOf(args);
    const isTable = io.stdoutIsTerminal === true && args.values["json"] !== true;
    const base = baseOf(args);
    const { status, body } = await ask(base, requestOf(verb, args), io);
    if (status === 400 && verb === "events") throw new UsageError(body.trim());
    if (status !== 200) {
      io.note(`weir: ${errorOf(body)}`);
      if (!isTable && objectOf(body) !== null) await print(jsonLines(body), io);
      return exitCode.failed;
    }
    if (!isAnswer(verb, body)) {
      const found = body.trim().slice(0, foundCharsMax);
      throw new UnreachableError(
        `what answers at ${base.origin} is no engine's control server, found ${found}; name it with --url`,
      );
    }
    await print(isTable ? tables[verb](body) : jsonLines(body), io);
    return exitCode.good;
  },
};

const tables: { readonly [verb in Verb]: (body: string) => readonly string[] } = {
  status: (body) => statusLines(JSON.parse(body) as object),
  events: (body) => eventLines(jsonLines(body).map((line) => JSON.parse(line) as object)),
  pause: (body) => workerLines(JSON.parse(body) as object),
  resume: (body) => workerLines(JSON.parse(body) as object),
  restart: (body) => workerLines(JSON.parse(body) as object),
  scale: (body) => workerLines(JSON.parse(body) as object),
  reload: (body) => reloadLines(JSON.parse(body) as object),
};

const verbOf = ({ positionals }: Arguments): Verb => {
  const [word = ""] = positionals;
  const found = verbs.find((name) => name === word);
  if (found === undefined) {
    const hint = word === "" ? "" : `; did you mean ${nearest(word, verbs)}?`;
    throw new UsageError(`weir ctl needs one of ${verbs.join(", ")}, found ${word}${hint}`);
  }
  if (positionals.length > wordsMax[found]) {
    throw new UsageError(`weir ctl ${found} takes no ${positionals.at(-1)}`);
  }
  if (found === "restart" && positionals.length < 2) {
    throw new UsageError("weir ctl restart needs a WORKER: weir ctl status shows them");
  }
  return found;
};

/** Words of a command line that a verb takes, itself included. */
const wordsMax: { readonly [verb in Verb]: number } = {
  status: 1,
  events: 1,
  pause: 2,
  resume: 2,
  restart: 2,
  scale: 3,
  reload: 1,
};

/** `market=2 stream=3` as the body of the request. */
const threadsOf = (words: readonly string[]): { readonly [role: string]: number } => {
  const threads = new Map<string, number>();
  for (const word of words) {
    const [, role = "", count = ""] = /^([a-z]+)=(\d+)$/.exec(word) ?? [];
    if (role === "") throw new UsageError(`weir ctl scale needs ROLE=THREADS, found ${word}`);
    if (threads.has(role)) throw new UsageError(`weir ctl scale was given ${role} twice`);
    threads.set(role, Number(count));
  }
  if (threads.size === 0) throw new UsageError("weir ctl scale needs ROLE=THREADS: market=2");
  return Object.fromEntries(threads);
};

const baseOf = (args: Arguments): URL => {
  const text = String(args.values["url"]);
  const url = URL.parse(text);
  if (url === null || url.protocol !== "http:") {
    throw new UsageError(`--url must be http://HOST:PORT, found ${text}`);
  }
  return url;
};

type Asked = { readonly path: string; readonly init: RequestInit };

const requestOf = (verb: Verb, { values, positionals }: Arguments): Asked => {
  if (verb === "status") return { path: "/status", init: {} };
  if (verb === "events") {
    const query = new URLSearchParams({ limit: String(values["limit"]) });
    if (typeof values["type"] === "string") query.set("type", values["type"]);
    return { path: `/events?${query.toString()}`, init: {} };
  }
  const [, ...words] = positionals;
  const [worker] = words;
  const told = verb === "scale" ? threadsOf(words) : worker === undefined ? {} : { worker };
  return {
    path: `/${verb}`,
    init: {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(told),
    },
  };
};

const ask = async (
  base: URL,
  { path, init }: Asked,
  io: Io,
): Promise<{ readonly status: number; readonly body: string }> => {
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(answerMsMax)]);
  try {
    const response = await fetch(new URL(path, base), { ...init, signal });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UnreachableError(
      `no engine answers at ${base.origin} (${reason}); start one with weir up, or name it with --url`,
    );
  }
};

/** Another server may listen there, and answer anything, JSON of its own too. */
const isAnswer = (verb: Verb, body: string): boolean => {
  const objects = jsonLines(body).map((line) => objectOf(line));
  if (verb === "events") return objects.every((event) => event !== null && "event_type" in event);
  const [answer = null] = objects;
  return objects.length === 1 && answer !== null && "workers" in answer;
};

/** Null for what is no JSON object. */
const objectOf = (text: string): object | null => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
};

const errorOf = (body: string): string => {
  const { error, reasons } = (objectOf(body) ?? {}) as {
    readonly error?: string;
    readonly reasons?: readonly string[];
  };
  return error ?? reasons?.join("; ") ?? body.trim();
};

const jsonLines = (body: string): readonly string[] =>
  body.split("\n").filter((line) => line !== "");

const print = async (lines: readonly string[], io: Io): Promise<void> => {
  for (const line of lines) await io.line(line);
};
