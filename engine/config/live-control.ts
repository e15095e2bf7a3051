// Control's end of the live settings: proposes, waits for every thread's answer, then commits or
// gives up. A thread that does not answer in time is a refusal: nobody runs with what one of them
// may not run with. Threads that start meanwhile take what is committed.
import type { ConfigSubscriber, ConfigUpdate } from "./config-holder.ts";
import {
  answers,
  answerText,
  Bank,
  bankOf,
  bankValue,
  committedBankOf,
  type LiveField,
  liveMemoryBytes,
  numberOf,
  phase,
  phaseOf,
  stepOf,
  stepWord,
  threadAt,
  threadWord,
} from "./live-layout.ts";
import { type Config, type Field, fields } from "./schema.ts";

/** What threads are given. */
export type LiveSettings = {
  /** Where control proposes and commits, and threads answer. */
  readonly memory: SharedArrayBuffer;
  /** Those that a reload changes. */
  readonly fields: readonly LiveField[];
  /** The values that no reload changes. */
  readonly config: Config;
};

const liveFields = fields
  .filter(({ reload }) => reload === "live")
  .map(({ path, keys, kind, words }: Field): LiveField => ({ path, keys, kind, words }));

/** `config` committed as `version`; made once, before any thread has it. */
export const liveSettings = (config: Config, version = 1): LiveSettings => {
  const memory = new SharedArrayBuffer(liveMemoryBytes);
  const words = new Int32Array(memory);
  const bank = new Bank(liveFields);
  bank.values[bankValue.version] = version;
  bank.put(config);
  bank.store(words, 0);
  Atomics.store(words, stepWord, stepOf(0, 0, phase.committed));
  return { memory, fields: liveFields, config };
};

/** A thread that runs now, and its line. */
export type LiveThread = { readonly name: string; readonly slot: number };

export type LiveControlOptions = {
  /** Of liveSettings. */
  readonly memory: SharedArrayBuffer;
  /** Those that must answer: asked for at each reload. */
  readonly threads: () => readonly LiveThread[];
  /** Fields that the threads take up. */
  readonly takes: (path: string) => boolean;
  readonly sleep: (ms: number) => Promise<void>;
  /** Monotonic ms. */
  readonly nowMs: () => number;
  /** Longest wait for all answers; a parked thread looks every 20 ms. */
  readonly waitMsMax?: number;
};

/** Time between two looks at the answers. */
const lookMs = 1;

/** Subscribes threads to a ConfigHolder. One for each memory; control thread. */
export class LiveControl implements ConfigSubscriber {
  readonly name = "threads";
  readonly #options: Required<LiveControlOptions>;
  readonly #words: Int32Array;
  readonly #bank = new Bank(liveFields);
  #asked: readonly LiveThread[] = [];

  constructor(options: LiveControlOptions) {
    this.#options = { waitMsMax: 1000, ...options };
    this.#words = new Int32Array(options.memory);
  }

  takes(path: string): boolean {
    return this.#options.takes(path);
  }

  async prepare(next: ConfigUpdate): Promise<string | null> {
    this.#propose(next);
    this.#asked = this.#options.threads();
    const number = numberOf(this.#step());
    const silent = await this.#missing(threadWord.answered, number);
    const no = this.#asked.flatMap(({ name, slot }) => {
      const line = threadAt(slot);
      if (Atomics.load(this.#words, line + threadWord.answered) !== number) return [];
      const answer = Atomics.load(this.#words, line + threadWord.answer);
      return answer === answers.accepted ? [] : [`${name}: ${answerText[answer] ?? answer}`];
    });
    const late = silent.map((name) => `${name}: no answer within ${this.#options.waitMsMax} ms`);
    return no.length + late.length === 0 ? null : [...no, ...late].join(", ");
  }

  /**
   * From here on it is what runs; waits until every thread that was asked has taken it up. One that
   * is late does so at its next batch, and one that died since at its start: that is no failure.
   */
  async apply(next: ConfigUpdate): Promise<void> {
    this.#enter(phase.committed);
    await this.#missing(threadWord.version, next.version);
  }

  async rollback(running: ConfigUpdate): Promise<void> {
    const current = phaseOf(this.#step());
    if (current === phase.proposed || current === phase.writing) {
      this.#enter(phase.aborted);
      return;
    }
    // Committed, but a later subscriber failed: all have run with the old one, so none is asked.
    this.#bank.load(this.#words, committedBankOf(this.#step()));
    if (this.#bank.values[bankValue.version] === running.version) return;
    this.#propose(running);
    await this.apply(running);
  }

  /** Version that a thread runs; 0 before its first start. */
  versionOf({ slot }: LiveThread): number {
    return Atomics.load(this.#words, threadAt(slot) + threadWord.version);
  }

  #propose({ version, config }: ConfigUpdate): void {
    const before = this.#step();
    // As the word gives it back: numbers wrap.
    const number = numberOf(stepOf(numberOf(before) + 1, 0, 0));
    const bank = 1 - committedBankOf(before);
    Atomics.store(this.#words, stepWord, stepOf(number, bank, phase.writing));
    this.#bank.values[bankValue.version] = version;
    this.#bank.values[bankValue.number] = number;
    this.#bank.put(config);
    this.#bank.store(this.#words, bank);
    this.#enter(phase.proposed);
  }

  #enter(next: number): void {
    const step = this.#step();
    Atomics.store(this.#words, stepWord, stepOf(numberOf(step), bankOf(step), next));
  }

  #step(): number {
    return Atomics.load(this.#words, stepWord);
  }

  // Names of the threads whose word is not yet `wanted` when the time is over.
  async #missing(word: number, wanted: number): Promise<readonly string[]> {
    const { nowMs, sleep, waitMsMax } = this.#options;
    const endMs = nowMs() + waitMsMax;
    for (;;) {
      const left = this.#asked.filter(
        ({ slot }) => Atomics.load(this.#words, threadAt(slot) + word) !== wanted,
      );
      if (left.length === 0 || nowMs() >= endMs) return left.map(({ name }) => name);
      await sleep(lookMs);
    }
  }
}
