// The plain twin of schemas/sampling: BigInt and strings, written from the specification's words.
// A threshold is a bigint of 56 bits.

const limit = 2n ** 56n;

/** The base-2 exponent e of a positive number in [2^(e-1), 2^e), as C's frexp gives it. */
const frexpExponent = (value: number): number => {
  let exponent = Math.floor(Math.log2(value)) + 1;
  while (value >= 2 ** exponent) exponent += 1;
  while (value < 2 ** (exponent - 1)) exponent -= 1;
  return exponent;
};

/** Rounded half up to `precision` digits and the leading `f`s, 12 at most unless more are asked. */
export const oracleThreshold = (probability: number, precision: number): bigint => {
  if (probability === 1) return 0n;
  const raised = precision + Math.floor(frexpExponent(probability) / -4);
  const digits = Math.min(Math.max(12, precision), raised);
  const exact = limit - BigInt(Math.round(probability * 2 ** 56));
  const shift = BigInt(4 * (14 - digits));
  const unit = 1n << shift;
  const rounded = ((exact + unit / 2n) >> shift) << shift;
  return rounded < limit ? rounded : limit - unit;
};

/** What a tracestate says, and its other parts and members in order. */
export type PlainState = {
  readonly threshold: bigint | null;
  readonly randomness: bigint | null;
  readonly others: readonly string[];
  readonly members: readonly string[];
};

const hex = (text: string): bigint => BigInt(`0x${text.padEnd(14, "0")}`);

/** Reads a tracestate by splitting it. */
export const readPlainState = (text: string): PlainState => {
  const members = text
    .split(",")
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((member) => member !== "");
  const ot = members.find((member) => member.startsWith("ot="))?.slice(3) ?? "";
  const rest = members.filter((member) => !member.startsWith("ot="));
  if (ot.length > 256) return { threshold: null, randomness: null, others: [], members: rest };
  const parts = ot.split(";").filter((part) => part.indexOf(":") > 0);
  const one = (key: string, digits: RegExp): bigint | null => {
    const values = parts.filter((part) => part.startsWith(`${key}:`)).map((part) => part.slice(3));
    return values.length === 1 && digits.test(values[0] ?? "") ? hex(values[0] ?? "") : null;
  };
  return {
    threshold: one("th", /^[0-9a-f]{1,14}$/),
    randomness: one("rv", /^[0-9a-f]{14}$/),
    others: parts.filter((part) => !/^(th|rv):/.test(part)),
    members: rest,
  };
};

/** The class thresholds of the default policy, and the slow limit in nanoseconds. */
export type PlainRules = {
  readonly error: bigint;
  readonly slow: bigint;
  readonly base: bigint;
  readonly slowNs: bigint;
};

/** A span as the decision sees it. */
export type PlainSpan = {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly isError: boolean;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly traceState: string;
};

export type PlainDecision = {
  readonly isKept: boolean;
  readonly rule: "error" | "slow" | "base";
  readonly randomness: bigint;
  /** Carried on when kept. */
  readonly threshold: bigint;
};

/** Rules M1 to M5 and HS1, HS2, HS8. */
export const plainDecision = (span: PlainSpan, rules: PlainRules): PlainDecision => {
  const state = readPlainState(span.traceState);
  const isSlow = span.endNs - span.startNs > rules.slowNs;
  const rule = span.isError ? "error" : isSlow ? "slow" : "base";
  const randomness = state.randomness ?? BigInt(`0x${span.traceId.slice(18)}`);
  const own = rules[rule];
  if (state.threshold !== null && state.threshold > own) {
    return { isKept: true, rule, randomness, threshold: state.threshold };
  }
  return { isKept: randomness >= own, rule, randomness, threshold: own };
};
