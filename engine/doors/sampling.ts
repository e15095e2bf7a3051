// The door `weir/sampling`: consistent head sampling as OpenTelemetry's probability sampling has it.
// Rates are probabilities from 2^-56 to 1; thresholds and randomness are 56-bit numbers. The policy
// of a tenant says which spans and log records are kept at which rate; what is kept carries its
// threshold, so that it can be weighed. One sampler each thread, reused.
export { RequestSampler, type Sampled, type SampledSignal } from "../cli/sample-request.ts";
export { fate, type HeadTally } from "../../schemas/sampling/head-decisions.ts";
export { headRuleNames, HeadRules } from "../../schemas/sampling/head-rules.ts";
export { HeadSampler } from "../../schemas/sampling/head-sampler.ts";
export {
  defaultPolicy,
  type HeadOverride,
  type HeadRates,
  type HeadSettings,
  type HeadSettingsRead,
  readHeadSettings,
  type TenantPolicy,
} from "../../schemas/sampling/head-settings.ts";
export {
  adjustedCountOf,
  allDigits,
  type Bits56,
  digits,
  probabilityOf,
  thresholdOf,
} from "../../schemas/sampling/threshold.ts";
