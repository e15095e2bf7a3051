// A thread's end of the live settings: one load for each batch while nothing changes. It votes on
// what is proposed and takes up what is committed, both between two batches, since its thread calls
// it there. Single writer of its thread's line.
import {
  type Answer,
  answers,
  Bank,
  bankOf,
  bankValue,
  committedBankOf,
  type LiveField,
  liveThreadsMax,
  numberOf,
  phase,
  phaseOf,
  stepWord,
  threadAt,
  threadWord,
} from "./live-layout.ts";
import type { Config } from "./schema.ts";

export type LiveReaderOptions = {
  /** Of liveSettings, with `fields` and `config`. */
  readonly memory: SharedArrayBuffer;
  readonly fields: readonly LiveField[];
  /** This thread's line, 0 to liveThreadsMax - 1; no two threads share one. */
  readonly slot: number;
  /** What the thread was given at its start: the values that no reload changes. */
  readonly config: Config;
  /** Whether the thread could run with it; must change nothing. A throw is `failed`. */
  readonly prepare?: (next: Config) => Answer;
  /** Takes it up. A throw ends the thread, which then starts anew with what is committed. */
  readonly apply: (next: Config) => void;
};

/** Tries to read a bank at the start: control would have to write all the time. */
const triesMax = 1_000_000;

export class LiveReader {
  /** What runs. */
  config: Config;
  version = 0;
  readonly #options: LiveReaderOptions;
  readonly #words: Int32Array;
  readonly #line: number;
  readonly #bank: Bank;
  #seen = -1;
  /** Number of what runs. */
  #number = -1;
  /** Number of the proposal in `#stagedConfig`. */
  #staged = -1;
  #stagedConfig: Config | null = null;

  /** Reads what is committed: `config` and `version` are that. @throws RangeError for a bad slot. */
  constructor(options: LiveReaderOptions) {
    const { memory, slot, config } = options;
    if (!Number.isInteger(slot) || slot < 0 || slot >= liveThreadsMax) {
      throw new RangeError(`slot=${slot}, limits 0 to ${liveThreadsMax - 1}`);
    }
    this.#options = options;
    this.#bank = new Bank(options.fields);
    this.#words = new Int32Array(memory);
    this.#line = threadAt(slot);
    this.config = config;
    this.#start();
  }

  /** Between two batches. True when other settings hold from here on. */
  poll(): boolean {
    const step = Atomics.load(this.#words, stepWord);
    return step === this.#seen ? false : this.#turn(step);
  }

  // Whatever was missed, the thread first runs what is committed, then it votes. While control
  // writes, or when it went on meanwhile, the next batch sees more.
  #turn(step: number): boolean {
    if (phaseOf(step) === phase.writing || !this.#loadCommitted(step)) return false;
    const isBehind = this.#bank.values[bankValue.number] !== this.#number;
    if (isBehind) this.#take();
    if (phaseOf(step) !== phase.proposed) this.#seen = step;
    else this.#vote(step);
    return isBehind;
  }

  // One that was not voted on comes to a thread that control did not ask, because it is new.
  #take(): void {
    const isStaged = this.#staged === this.#bank.values[bankValue.number];
    const staged = isStaged ? this.#stagedConfig : null;
    const next = staged ?? this.#bank.over(this.#options.config);
    this.#stagedConfig = null;
    this.#options.apply(next);
    this.#runs(next);
  }

  #vote(step: number): void {
    this.#bank.load(this.#words, bankOf(step));
    if (Atomics.load(this.#words, stepWord) !== step) return;
    this.#seen = step;
    this.#staged = numberOf(step);
    this.#stagedConfig = this.#bank.over(this.#options.config);
    const answer = this.#answerTo(this.#stagedConfig);
    Atomics.store(this.#words, this.#line + threadWord.answer, answer);
    Atomics.store(this.#words, this.#line + threadWord.answered, this.#staged);
  }

  #answerTo(next: Config): Answer {
    try {
      return this.#options.prepare?.(next) ?? answers.accepted;
    } catch {
      return answers.failed;
    }
  }

  #runs(config: Config): void {
    const { values } = this.#bank;
    this.config = config;
    this.#number = values[bankValue.number] as number;
    this.version = values[bankValue.version] as number;
    Atomics.store(this.#words, this.#line + threadWord.version, this.version);
  }

  #start(): void {
    for (let tries = 0; tries < triesMax; tries += 1) {
      if (!this.#loadCommitted(Atomics.load(this.#words, stepWord))) continue;
      this.#runs(this.#bank.over(this.config));
      return;
    }
    throw new Error("live settings: control writes without end");
  }

  // The committed bank stays as it is while the number does.
  #loadCommitted(step: number): boolean {
    this.#bank.load(this.#words, committedBankOf(step));
    return numberOf(Atomics.load(this.#words, stepWord)) === numberOf(step);
  }
}
