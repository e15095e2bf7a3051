// weir decode: OTLP files, protobuf or JSON, as one JSON line per span, data point or log record.
import { JsonEncoder, jsonSignal } from "../../schemas/otlp/json-encode.ts";
import { JsonScanner, mark } from "../../schemas/otlp/json-scanner.ts";
import type { Signal } from "../../schemas/otlp/messages.ts";
import { messageType, signals } from "../../schemas/otlp/messages.ts";
import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import { scanCode } from "../../schemas/otlp/limits.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UsageError } from "./command.ts";
import { RequestDecoder } from "./decode-request.ts";
import { InputError, readWhole } from "./input.ts";

const signalNames = Object.keys(signals) as Signal[];
const newline = 0x0a;

/** One run: what was asked, what was found bad. */
class Decoding {
  readonly #io: Io;
  readonly #asked: Signal | null;
  readonly #strict: boolean;
  readonly #decoders = new Map<Signal, RequestDecoder>();
  readonly #encoder = new JsonEncoder();
  faults = 0;

  constructor(args: Arguments, io: Io) {
    this.#io = io;
    this.#strict = args.values["strict"] === true;
    this.#asked = askedSignal(args);
  }

  /** With --strict the first fault ends the run. */
  get isOver(): boolean {
    return this.#io.signal.aborted || (this.#strict && this.faults > 0);
  }

  async file(path: string): Promise<void> {
    let bytes;
    try {
      bytes = await readWhole(path, this.#io);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#fault(error.message);
      return;
    }
    if (isJson(bytes, this.#asked ?? "traces")) await this.#json(path, bytes);
    else await this.#request(path, bytes, this.#asked ?? "traces");
  }

  #fault(text: string): void {
    this.faults += 1;
    this.#io.note(text);
  }

  async #request(path: string, bytes: Uint8Array, signal: Signal, within = ""): Promise<void> {
    const decoder = this.#decoders.get(signal) ?? new RequestDecoder(signal);
    this.#decoders.set(signal, decoder);
    for (const decoded of decoder.decode(bytes)) {
      if ("fault" in decoded) {
        const record = signals[signal].record;
        const where = within === "" ? `byte ${decoded.at}` : within;
        this.#fault(`${path}: ${where}: ${decoded.fault}; expected a well-formed ${record}`);
      } else await this.#io.line(JSON.stringify(decoded.line));
      if (this.isOver) return;
    }
  }

  /** Requests one after another: one in the file, or one on each line. */
  async #json(path: string, bytes: Uint8Array): Promise<void> {
    const scanner = new JsonScanner();
    let at = 0;
    for (;;) {
      scanner.open(bytes, at, bytes.length);
      if (scanner.peek() < 0) return;
      const start = scanner.at;
      if (scanner.skip()) {
        at = scanner.at;
        await this.#document(path, bytes, start, at);
      } else {
        this.#fault(`${path}: byte ${scanner.faultAt}: ${scanner.fault}`);
        at = bytes.indexOf(newline, Math.max(start, scanner.faultAt));
        if (at < 0) return;
      }
      if (this.isOver) return;
    }
  }

  async #document(path: string, bytes: Uint8Array, start: number, end: number): Promise<void> {
    const found = jsonSignal(bytes, start, end);
    if (found === null && isEmptyObject(bytes, start, end)) return;
    if (found === null || (this.#asked !== null && found !== this.#asked)) {
      const keys = signalNames.map((name) => signals[name].key);
      const expected = this.#asked === null ? keys.join(", ") : signals[this.#asked].key;
      const what = found === null ? "no known key" : signals[found].key;
      this.#fault(`${path}: byte ${start}: found ${what}, expected ${expected}`);
      return;
    }
    const type = messageType(signals[found].request);
    const encoded = this.#encoder.encode(bytes, start, end, type);
    if (encoded.ok) await this.#request(path, encoded.bytes, found, `request at byte ${start}`);
    else this.#fault(`${path}: byte ${encoded.at}: ${encoded.path}: ${encoded.message}`);
  }
}

const askedSignal = (args: Arguments): Signal | null => {
  const text = args.values["signal"];
  if (text === undefined) return null;
  const signal = signalNames.find((name) => name === text);
  if (signal !== undefined) return signal;
  throw new UsageError(`--signal must be one of ${signalNames.join(", ")}, found ${String(text)}`);
};

/** JSON begins with a brace; but protobuf's first byte, 0x0a, is white space to JSON. */
const isJson = (bytes: Uint8Array, signal: Signal): boolean => {
  const scanner = new JsonScanner();
  scanner.open(bytes, 0, bytes.length);
  if (scanner.peek() !== mark.openObject) return false;
  if (bytes[0] !== newline) return true;
  const type = messageType(signals[signal].request);
  return new MessageCheck().check(bytes, 0, bytes.length, type) !== scanCode.ok;
};

const isEmptyObject = (bytes: Uint8Array, start: number, end: number): boolean => {
  const scanner = new JsonScanner();
  scanner.open(bytes, start, end);
  return scanner.tryTake(mark.openObject) && scanner.tryTake(mark.closeObject);
};

/** The subcommand; the library's scanner does the work. */
export const decode: Command = {
  name: "decode",
  purpose:
    "Show OTLP requests, protobuf or JSON, as one JSON line per span, data point or log record",
  usage: "[options] FILE...",
  options: {
    signal: {
      value: "SIGNAL",
      help: "traces, metrics or logs; JSON tells itself, protobuf without it is read as traces",
    },
    strict: { help: "end at the first fault instead of going on with the next record" },
  },
  examples: ["weir decode trace.json", "weir decode --signal logs request.bin.gz | head -5"],
  run: async (args, io) => {
    if (args.positionals.length === 0) throw new UsageError("decode needs FILE... or - for input");
    const decoding = new Decoding(args, io);
    for (const path of args.positionals) {
      await decoding.file(path);
      if (decoding.isOver) break;
    }
    return decoding.faults > 0 ? exitCode.failed : exitCode.good;
  },
};
