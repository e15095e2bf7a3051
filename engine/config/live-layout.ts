// The live settings in shared memory: where they are and what the control word says. Control writes
// the word and the banks, each thread writes its own line; nothing has two writers.
//
//  byte              what                                            written by   polled by
//  0                 step: number << 3 | bank << 2 | phase           control      threads, once a batch
//  128               bank 0: version, number, values of the fields   control
//  128 + bankBytes   bank 1
//  then, a line each: answered number, answer, running version       the thread   control
//
// One bank holds what runs, the other what is proposed. A step goes writing > proposed > committed,
// or > aborted; with committed the banks change places. What is read beside a step that is still the
// same afterwards is whole: a bank is written only under a new step. Banks are read and written by
// atomic words, which costs nothing at this rate and keeps them in order on every processor.
import { valueAt, withValues } from "./change-config.ts";
import type { Config, Field } from "./schema.ts";

/** Low two bits of the step. */
export const phase = { aborted: 0, writing: 1, proposed: 2, committed: 3 } as const;

/** Threads that can take part. */
export const liveThreadsMax = 128;

const lineBytes = 128;
export const stepWord = 0;
const valueBytes = 8;

/** What of a field a bank needs: threads are told it, so that they need not load the schema. */
export type LiveField = Pick<Field, "path" | "keys" | "kind" | "words">;

/** Fields that can be live. */
const liveFieldsMax = 126;

/** Doubles of a bank in front of the values. */
export const bankValue = { version: 0, number: 1 } as const;
const firstValue = 2;
const bankValues = firstValue + liveFieldsMax;
const bankBytes = Math.ceil((bankValues * valueBytes) / lineBytes) * lineBytes;

/** First word of a bank; it has two for each double. */
const bankAt = (bank: number): number => (lineBytes + bank * bankBytes) / 4;

const threadsAt = lineBytes + 2 * bankBytes;

/** First word of a thread's line; the words behind it are `threadWord`. */
export const threadAt = (slot: number): number => (threadsAt + slot * lineBytes) / 4;
export const threadWord = { answered: 0, answer: 1, version: 2 } as const;

export const liveMemoryBytes: number = threadsAt + liveThreadsMax * lineBytes;

/** Bank of what runs. */
export const committedBankOf = (step: number): number =>
  phaseOf(step) === phase.committed ? bankOf(step) : 1 - bankOf(step);

export const stepOf = (number: number, bank: number, step: number): number =>
  (number << 3) | (bank << 2) | step;
export const phaseOf = (step: number): number => step & 3;
export const bankOf = (step: number): number => (step >> 2) & 1;
/** Compared for equality only: it wraps. */
export const numberOf = (step: number): number => step >> 3;

/** A thread's answer. */
export const answers = { accepted: 0, limit: 1, busy: 2, failed: 3 } as const;

export type Answer = (typeof answers)[keyof typeof answers];

/** What an answer means. */
export const answerText: { readonly [answer: number]: string } = {
  [answers.accepted]: "accepted",
  [answers.limit]: "a value is outside of what this thread was built for",
  [answers.busy]: "not now",
  [answers.failed]: "it failed to prepare for it",
};

/** A bank outside of shared memory. */
export class Bank {
  readonly values = new Float64Array(bankValues);
  readonly #words = new Int32Array(this.values.buffer);
  readonly #fields: readonly LiveField[];

  /** `fields` in their order in the bank. @throws RangeError for more than 126. */
  constructor(fields: readonly LiveField[]) {
    if (fields.length > liveFieldsMax) {
      throw new RangeError(`live fields=${fields.length}, limit ${liveFieldsMax}`);
    }
    this.#fields = fields;
  }

  /** Fills it with the live values of `config`. */
  put(config: Config): void {
    this.#fields.forEach((field, i) => {
      this.values[firstValue + i] = numberFor(field, valueAt(config, field));
    });
  }

  /** `base` with the live values of this bank. Allocates: for reloads, not for records. */
  over(base: Config): Config {
    return withValues(base, this.#fields, (field) => {
      const value = this.values[firstValue + this.#fields.indexOf(field)];
      return valueFor(field, value as number);
    });
  }

  store(memory: Int32Array, bank: number): void {
    const at = bankAt(bank);
    this.#words.forEach((word, i) => Atomics.store(memory, at + i, word));
  }

  load(memory: Int32Array, bank: number): void {
    const at = bankAt(bank);
    for (let i = 0; i < this.#words.length; i += 1) {
      this.#words[i] = Atomics.load(memory, at + i);
    }
  }
}

const numberFor = ({ path, kind, words }: LiveField, value: unknown): number => {
  const number = kind === "text" ? words.indexOf(String(value)) : Number(value);
  if (number >= 0) return number;
  throw new TypeError(`${path}=${String(value)} has no form in shared memory`);
};

const valueFor = ({ kind, words }: LiveField, number: number): unknown => {
  if (kind === "boolean") return number === 1;
  return kind === "text" ? words[number] : number;
};
