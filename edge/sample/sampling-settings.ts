// The sampling settings of the edge as head sampling policies: rates by variable for everybody, and
// SAMPLE_POLICY, JSON of schemas/sampling/head-settings.ts, for what differs by tenant, service and
// operation. What the policy says goes before the variables.
import type { HeadSettings } from "../../schemas/sampling/head-settings.ts";
import { readHeadSettings } from "../../schemas/sampling/head-settings.ts";

/** Variables of these names, checked one by one. */
export type SamplingVariables = {
  /** "off": nothing is sampled and no threshold is written. */
  readonly SAMPLE: "on" | "off";
  readonly SAMPLE_RATE: number;
  readonly SAMPLE_RATE_SLOW: number;
  readonly SAMPLE_RATE_ERROR: number;
  /** What the budget does not lower the base rate below. */
  readonly SAMPLE_RATE_MIN: number;
  readonly SAMPLE_SLOW_MS: number;
  /** Kept spans per second, tenant and isolate; 0 = no budget. */
  readonly SAMPLE_SPANS_PER_S: number;
  readonly SAMPLE_POLICY: string;
};

const parsed = (json: string): { readonly value: unknown } | null => {
  try {
    return { value: JSON.parse(json) };
  } catch {
    return null;
  }
};

/** The policies, null when sampling is off, or a text that says what is wrong with SAMPLE_POLICY. */
export const samplingOf = (variables: SamplingVariables): HeadSettings | null | string => {
  const { SAMPLE_POLICY } = variables;
  const policy = SAMPLE_POLICY === "" ? { value: {} } : parsed(SAMPLE_POLICY);
  // The parser's own message would show the text.
  if (policy === null) return "expected JSON";
  const read = readHeadSettings(policy.value, {
    rates: {
      error: variables.SAMPLE_RATE_ERROR,
      slow: variables.SAMPLE_RATE_SLOW,
      base: variables.SAMPLE_RATE,
      logs: null,
      slowMs: variables.SAMPLE_SLOW_MS,
    },
    overrides: [],
    spansPerSMax: variables.SAMPLE_SPANS_PER_S,
    baseFloor: variables.SAMPLE_RATE_MIN,
  });
  if (!read.ok) return read.faults.join(", ");
  return variables.SAMPLE === "off" ? null : read.settings;
};
