// Collects the findings of one part of a sample and makes its `live_check_result`. The level comes
// from the profile: what a profile does not report is dropped here, and only here.
import { findingMessage, type FindingContext } from "../../schemas/validate/finding-message.ts";
import {
  findingId,
  type Level,
  levelNames,
  type Profile,
  profileLevels,
} from "../../schemas/validate/finding-table.ts";

export type Advice = {
  readonly id: string;
  readonly context: FindingContext;
  readonly message: string;
  readonly level: "information" | "improvement" | "violation";
  readonly signal_type: string | null;
  readonly signal_name: string | null;
};

export type LiveCheckResult = {
  readonly all_advice: readonly Advice[];
  readonly highest_advice_level: Advice["level"] | null;
};

/** The signal that the part belongs to; an attribute on its own has none. */
export type Signal = { readonly type: string | null; readonly name: string | null };

const nameOf = (level: number): Advice["level"] | null => {
  const name = levelNames[level];
  return name === undefined || name === "off" ? null : name;
};

/** One per profile: the levels are looked up once. */
export class Findings {
  readonly #levels: Uint8Array;
  #advice: Advice[] = [];
  #worst: Level | 0 = 0;
  #signal: Signal = { type: null, name: null };

  constructor(profile: Profile) {
    this.#levels = profileLevels(profile);
  }

  /** Begins a part; what was added before belongs to an earlier one. */
  open(signal: Signal): this {
    this.#advice = [];
    this.#worst = 0;
    this.#signal = signal;
    return this;
  }

  add(code: number, context: FindingContext): void {
    const number = (this.#levels[code] ?? 0) as Level;
    const level = nameOf(number);
    if (level === null) return;
    if (number > this.#worst) this.#worst = number;
    this.#advice.push({
      id: findingId(code),
      context,
      message: findingMessage(code, context),
      level,
      signal_type: this.#signal.type,
      signal_name: this.#signal.name,
    });
  }

  /** Ends the part. */
  close(): LiveCheckResult {
    return { all_advice: this.#advice, highest_advice_level: nameOf(this.#worst) };
  }
}
