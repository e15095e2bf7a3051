// weir decode: OTLP files, protobuf or JSON, as one JSON line per span, data point or log record.
import type { Signal } from "../../schemas/otlp/messages.ts";
import { signals } from "../../schemas/otlp/messages.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UsageError } from "./command.ts";
import { RequestDecoder } from "./decode-request.ts";
import { InputError, readWhole } from "./input.ts";
import type { OtlpRequest } from "./otlp-requests.ts";
import { askedSignal, OtlpRequests, signalOption } from "./otlp-requests.ts";

type Request = Exclude<OtlpRequest, { readonly fault: string }>;

/** One run: what was asked, what was found bad. */
class Decoding {
  readonly #io: Io;
  readonly #requests: OtlpRequests;
  readonly #strict: boolean;
  readonly #decoders = new Map<Signal, RequestDecoder>();
  faults = 0;

  constructor(args: Arguments, io: Io) {
    this.#io = io;
    this.#strict = args.values["strict"] === true;
    this.#requests = new OtlpRequests(askedSignal(args.values));
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
    for (const request of this.#requests.read(bytes)) {
      if ("fault" in request) this.#fault(`${path}: ${request.fault}`);
      else await this.#request(path, request);
      if (this.isOver) return;
    }
  }

  #fault(text: string): void {
    this.faults += 1;
    this.#io.note(text);
  }

  async #request(path: string, request: Request): Promise<void> {
    const { bytes, signal, within } = request;
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
}

/** The subcommand; the library's scanner does the work. */
export const decode: Command = {
  name: "decode",
  purpose:
    "Show OTLP requests, protobuf or JSON, as one JSON line per span, data point or log record",
  usage: "[options] FILE...",
  options: {
    signal: signalOption,
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
