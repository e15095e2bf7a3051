// How much goes together on the way to the log, how much waits for it, and for how long.

/** Bounds of the queue in front of the log. */
export type GroupLimits = {
  /** A small request waits this long for others that share its call; 0: for none. */
  readonly lingerMs: number;
  /** Records of one send together, a single larger record excepted. */
  readonly sendBytesMax: number;
  /**
   * Of those, the records of one partition, which are one batch to Kafka's limit: below
   * messageBytesMax of every topic.
   */
  readonly groupBytesMax: number;
  readonly groupRecordsMax: number;
  /** Keys and values that wait or are being sent. */
  readonly queueBytesMax: number;
  /** Callers whose records wait or are being sent. */
  readonly queueCallersMax: number;
  /** A caller's patience, from its arrival to its answer. */
  readonly waitMsMax: number;
};

/** Bytes of one send of what is kept, which may all be of one partition. */
export const spilledSendBytesMax = (
  limits: Pick<GroupLimits, "sendBytesMax" | "groupBytesMax">,
): number => Math.min(limits.sendBytesMax, limits.groupBytesMax);
