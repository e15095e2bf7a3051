// One tenant's head policy, compiled: thresholds as words, names as bytes. Rule order is error,
// slow, base; the first that a span meets decides. Set 0 holds the tenant's own rates, set i + 1
// those of its override i. The scale is the budget's: it lowers base and log rates, nothing else.
import type { HeadOverride, HeadRates, TenantPolicy } from "./head-settings.ts";
import { thresholdOf } from "./threshold.ts";

/** Index of the rule that decided; its name is in `headRuleNames`. */
export const headRule = { error: 0, slow: 1, base: 2 } as const;

/** Names of `headRule`, by code. */
export const headRuleNames = ["error", "slow", "base"] as const;

/** Words of a set; a threshold takes two, high then low. Rules stand first, in their order. */
export const ruleWord = {
  error: 0,
  slow: 2,
  base: 4,
  logs: 6,
  /** Nanoseconds, upper and lower 32 bits, signed. */
  slowNsHigh: 8,
  slowNsLow: 9,
} as const;

export const ruleStride = 10;

const nsPerMs = 1_000_000;
const wordLimit = 2 ** 32;
const utf8 = new TextEncoder();
const star = "*".charCodeAt(0);

/** A name, or the beginning of one. */
type Pattern = { readonly bytes: Uint8Array; readonly isPrefix: boolean };

const patternOf = (text: string): Pattern => {
  const bytes = utf8.encode(text);
  if (text === "") return { bytes, isPrefix: true };
  const isPrefix = bytes.at(-1) === star;
  return { bytes: isPrefix ? bytes.subarray(0, -1) : bytes, isPrefix };
};

const matches = (pattern: Pattern, bytes: Uint8Array, start: number, end: number): boolean => {
  const wanted = pattern.bytes;
  const size = end - start;
  if (pattern.isPrefix ? size < wanted.length : size !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i += 1) if (bytes[start + i] !== wanted[i]) return false;
  return true;
};

/** One per tenant; one thread. */
export class HeadRules {
  /** `ruleStride` words for each set. */
  readonly words: Int32Array;
  readonly sets: number;
  readonly #rates: readonly HeadRates[];
  readonly #baseFloor: number;
  readonly #services: readonly Pattern[];
  readonly #operations: readonly Pattern[];
  /** Overrides of the service that was chosen last. */
  readonly #candidates: Int32Array;
  #candidateCount = 0;
  #scale = 1;

  constructor(policy: TenantPolicy) {
    const { overrides } = policy;
    this.#rates = [policy.rates, ...overrides.map(({ rates }) => rates)];
    this.#baseFloor = policy.baseFloor;
    this.#services = overrides.map(({ service }: HeadOverride) => patternOf(service));
    this.#operations = overrides.map(({ operation }: HeadOverride) => patternOf(operation));
    this.#candidates = new Int32Array(overrides.length);
    this.sets = this.#rates.length;
    this.words = new Int32Array(this.sets * ruleStride);
    this.#rates.forEach((rates, set) => this.#compile(rates, set));
  }

  /** Multiplies base and log rates, down to their floor: 0 to 1, 1 = as configured. */
  rescale(scale: number): void {
    this.#scale = scale;
    this.#rates.forEach((rates, set) => this.#compile(rates, set));
  }

  /** The tenant's base rate as it is now. */
  get baseRate(): number {
    return this.#scaled(this.#rates[0]?.base ?? 1);
  }

  /** The service of the records that follow: its name is bytes[start, end), empty without one. */
  chooseService(bytes: Uint8Array, start: number, end: number): void {
    this.#candidateCount = 0;
    for (let i = 0; i < this.#services.length; i += 1) {
      if (!matches(this.#services[i] as Pattern, bytes, start, end)) continue;
      this.#candidates[this.#candidateCount] = i;
      this.#candidateCount += 1;
    }
  }

  /** The set for a span of the chosen service whose name is bytes[start, end). */
  spanSet(bytes: Uint8Array, start: number, end: number): number {
    for (let i = 0; i < this.#candidateCount; i += 1) {
      const override = this.#candidates[i] as number;
      if (matches(this.#operations[override] as Pattern, bytes, start, end)) return override + 1;
    }
    return 0;
  }

  /** The set for a log record of the chosen service. */
  logSet(): number {
    for (let i = 0; i < this.#candidateCount; i += 1) {
      const override = this.#candidates[i] as number;
      if ((this.#operations[override] as Pattern).bytes.length === 0) return override + 1;
    }
    return 0;
  }

  #scaled(rate: number): number {
    return Math.max(Math.min(this.#baseFloor, rate), rate * this.#scale);
  }

  #compile(rates: HeadRates, set: number): void {
    const row = set * ruleStride;
    const base = this.#scaled(rates.base);
    // A rule keeps no less than those behind it: at base rate 1, slow spans are all kept as well.
    const slow = Math.max(rates.slow, base);
    this.#put(row + ruleWord.error, Math.max(rates.error, slow));
    this.#put(row + ruleWord.slow, slow);
    this.#put(row + ruleWord.base, base);
    this.#put(row + ruleWord.logs, this.#scaled(rates.logs ?? rates.base));
    const ns = rates.slowMs * nsPerMs;
    this.words[row + ruleWord.slowNsHigh] = Math.floor(ns / wordLimit);
    this.words[row + ruleWord.slowNsLow] = ns % wordLimit;
  }

  #put(at: number, rate: number): void {
    const { high, low } = thresholdOf(rate);
    this.words[at] = high;
    this.words[at + 1] = low;
  }
}
