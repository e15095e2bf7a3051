// What a handoff can be set to, with the original's defaults, and the checks of one against another.

const dropPolicies = ["drop-oldest", "drop-newest", "block"] as const;

/** What happens to a candidate for which there is no room. HIGH is shed last under each. */
export type DropPolicy = (typeof dropPolicies)[number];

/** Sizes, waits and policies of a handoff; numbers are integers but for the two of the mean sojourn. */
export type HandoffOptions = {
  /** Candidates queued over both priorities, 1 to 65,536. */
  readonly capacity: number;
  /** Candidates of one send, 1 to 1,024; at most `capacity`. */
  readonly batchSize: number;
  /** Longest wait of a candidate for its batch to fill, up to 60 s. */
  readonly batchTimeoutUs: number;
  readonly dropPolicy: DropPolicy;
  /** False: `dropPolicy` holds always; by default the policy follows the mean sojourn. */
  readonly adapts?: boolean;
  /**
   * Further tries of a refused send, up to 255; then its candidates are dropped, LOW ones in place of
   * HIGH.
   */
  readonly sendMaxRetries: number;
  /** Up to 1 s. */
  readonly sendRetryDelayUs: number;
  /**
   * Block: waits of one retry delay for room before a HIGH candidate takes another's place, up to
   * 255.
   */
  readonly highPriorityMaxRetries: number;
  /** Mean sojourn above which the newest is dropped, and below which HIGH may block; 1 us to 60 s. */
  readonly adaptiveHighUs: number;
  readonly adaptiveLowUs: number;
  /** Time over which a mean is taken, and least time between two changes; 1 us to 60 s. */
  readonly adaptiveIntervalUs: number;
};

/** Those of the original, where it had them. */
export const handoffDefaults: HandoffOptions = {
  capacity: 1024,
  batchSize: 10,
  batchTimeoutUs: 10_000,
  dropPolicy: "drop-newest",
  sendMaxRetries: 3,
  sendRetryDelayUs: 100,
  highPriorityMaxRetries: 2,
  adaptiveHighUs: 1_000,
  adaptiveLowUs: 100,
  adaptiveIntervalUs: 100_000,
};

const capacityMax = 65_536;
/** Candidates of one send at most. */
export const batchSizeMax = 1024;
const retriesMax = 255;
const secondUs = 1_000_000;
/** Least threshold; anything above 0 is meant: a mean of times to the nanosecond. */
export const thresholdUsMin = 0.001;

/** Least, most, and whether it is compared with a mean, which is seldom whole. */
type Limits = readonly [min: number, max: number, isDecimal?: true];

const limits: { readonly [name in keyof HandoffOptions]?: Limits } = {
  capacity: [1, capacityMax],
  batchSize: [1, batchSizeMax],
  batchTimeoutUs: [0, 60 * secondUs],
  sendMaxRetries: [0, retriesMax],
  sendRetryDelayUs: [0, secondUs],
  highPriorityMaxRetries: [0, retriesMax],
  adaptiveHighUs: [thresholdUsMin, 60 * secondUs, true],
  adaptiveLowUs: [thresholdUsMin, 60 * secondUs, true],
  adaptiveIntervalUs: [1, 60 * secondUs],
};

/** @throws RangeError naming the field and its limits. */
export const checkHandoff = (options: HandoffOptions): void => {
  for (const [name, [min, max, isDecimal = false]] of Object.entries(limits)) {
    const value = options[name as keyof HandoffOptions];
    const isNumber = typeof value === "number" && (isDecimal || Number.isInteger(value));
    if (isNumber && value >= min && value <= max) continue;
    const kind = isDecimal ? "" : ", integers";
    throw new RangeError(`${name}=${value}, limits ${min} to ${max}${kind}`);
  }
  if (!dropPolicies.includes(options.dropPolicy))
    throw new RangeError(`dropPolicy=${options.dropPolicy}, one of ${dropPolicies.join(", ")}`);
  const { capacity, batchSize, adaptiveHighUs, adaptiveLowUs } = options;
  if (batchSize > capacity) {
    throw new RangeError(`batchSize=${batchSize} must not be above capacity=${capacity}`);
  }
  if (adaptiveLowUs < adaptiveHighUs) return;
  throw new RangeError(
    `adaptiveLowUs=${adaptiveLowUs} must be below adaptiveHighUs=${adaptiveHighUs}`,
  );
};
