// One run of a command over OTLP files: what a command makes of each request goes out line by line,
// what is wrong is noted with file and place, and the run goes on, or ends there with --strict.
import { signals } from "../../schemas/otlp/messages.ts";
import type { Arguments, Io } from "./command.ts";
import { exitCode } from "./command.ts";
import { readPart } from "./input.ts";
import type { OtlpRequest } from "./otlp-requests.ts";
import { askedSignal, OtlpRequests } from "./otlp-requests.ts";

type Request = Exclude<OtlpRequest, { readonly fault: string }>;

/** What is wrong at a byte of a request; `of` is the message there, without it a record. */
type Wrong = { readonly fault: string; readonly at: number; readonly of?: string };

/** What a command makes of a request: lines of output, and what is wrong with it. */
export type MadeOfRequest = (
  request: Request,
  path: string,
) => Iterable<{ readonly line: object } | Wrong>;

/** One run: what was asked, what was found bad. */
export class OtlpRun {
  readonly #io: Io;
  readonly #requests: OtlpRequests;
  readonly #isStrict: boolean;
  readonly #make: MadeOfRequest;
  #faults = 0;

  /** Reads the options `signal` and `strict`. @throws UsageError for a signal that is none. */
  constructor(args: Arguments, io: Io, make: MadeOfRequest) {
    this.#io = io;
    this.#make = make;
    this.#isStrict = args.values["strict"] === true;
    this.#requests = new OtlpRequests(askedSignal(args.values));
  }

  /** The exit code: 1 when anything was wrong. */
  async files(paths: readonly string[]): Promise<number> {
    for (const path of paths) {
      await this.#file(path);
      if (this.#isOver) break;
    }
    return this.#faults > 0 ? exitCode.failed : exitCode.good;
  }

  get #isOver(): boolean {
    return this.#io.signal.aborted || this.#isRefused;
  }

  get #isRefused(): boolean {
    return this.#isStrict && this.#faults > 0;
  }

  async #file(path: string): Promise<void> {
    const { bytes, fault } = await readPart(path, this.#io);
    for (const request of this.#requests.read(bytes)) {
      if (this.#isOver) break;
      if ("fault" in request) this.#fault(`${path}: ${request.fault}`);
      else await this.#request(path, request);
    }
    if (fault !== null && !this.#isRefused) this.#fault(fault.message);
  }

  async #request(path: string, request: Request): Promise<void> {
    const { signal, within } = request;
    for (const made of this.#make(request, path)) {
      if ("fault" in made) {
        const { of = signals[signal].record } = made;
        const where = within === "" ? `byte ${made.at}` : within;
        this.#fault(`${path}: ${where}: ${made.fault}; expected a well-formed ${of}`);
      } else await this.#io.line(JSON.stringify(made.line));
      if (this.#isOver) return;
    }
  }

  #fault(text: string): void {
    this.#faults += 1;
    this.#io.note(text);
  }
}
