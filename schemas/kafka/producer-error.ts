// The closed set of ways in which a send fails, and how kafkajs' errors map onto it. kafkajs wraps
// the cause several times (retries exceeded > protocol error), so the whole chain is looked at.

export type ProducerErrorCode =
  | "unreachable"
  | "timeout"
  | "authentication"
  | "topic-missing"
  | "record-too-large"
  | "unauthorized"
  | "refused"
  | "sequence"
  | "queue-full"
  | "closed";

const retryable: { readonly [code in ProducerErrorCode]: boolean } = {
  /** No broker, no leader, or the connection was lost: the records may have been written. */
  unreachable: true,
  /** sendDeadlineMs passed: the records may have been written. */
  timeout: true,
  authentication: false,
  /** The topic, or the partition asked for, does not exist. */
  "topic-missing": false,
  "record-too-large": false,
  /** Our login may not write there; nothing was written. */
  unauthorized: false,
  /** The broker will not take these records whenever they come (invalid record, policy). */
  refused: false,
  /** The broker lost track of this producer; the next send uses a new one. */
  sequence: true,
  /** sendsWaitingMax calls wait already. */
  "queue-full": true,
  closed: false,
};

/** What became of the records of a send that failed. */
export type SendFate = {
  /** Places of the records that are acknowledged all the same: by the leaders of other partitions. */
  readonly acknowledged: ReadonlySet<number>;
  /** False: certainly nothing of the others was written, no produce request with them left. */
  readonly isInDoubt: boolean;
};

const nothingSent: SendFate = { acknowledged: new Set(), isInDoubt: false };

/** `retryable`: the same records may be accepted later, under a new sequence (KW3). */
export class ProducerError extends Error {
  override name = "ProducerError";
  readonly code: ProducerErrorCode;
  readonly retryable: boolean;
  /** Set by the producer; before a send, nothing was sent. */
  fate: SendFate = nothingSent;

  constructor(code: ProducerErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
    this.retryable = retryable[code];
  }
}

const codeByType: { readonly [type: string]: ProducerErrorCode } = {
  UNKNOWN_TOPIC_OR_PARTITION: "topic-missing",
  INVALID_TOPIC_EXCEPTION: "topic-missing",
  MESSAGE_TOO_LARGE: "record-too-large",
  RECORD_LIST_TOO_LARGE: "record-too-large",
  TOPIC_AUTHORIZATION_FAILED: "unauthorized",
  CLUSTER_AUTHORIZATION_FAILED: "unauthorized",
  INVALID_RECORD: "refused",
  INVALID_TIMESTAMP: "refused",
  CORRUPT_MESSAGE: "refused",
  POLICY_VIOLATION: "refused",
  OUT_OF_ORDER_SEQUENCE_NUMBER: "sequence",
  DUPLICATE_SEQUENCE_NUMBER: "sequence",
  UNKNOWN_PRODUCER_ID: "sequence",
  INVALID_PRODUCER_EPOCH: "sequence",
};

/** Longest chain of causes that is followed; kafkajs nests at most three. */
const causesMax = 8;

type Foreign = { readonly name?: unknown; readonly type?: unknown; readonly cause?: unknown };

const codeOf = (error: unknown): ProducerErrorCode => {
  let at = error as Foreign | undefined;
  for (let i = 0; i < causesMax && typeof at === "object" && at !== null; i += 1) {
    if (at.name === "KafkaJSSASLAuthenticationError") return "authentication";
    if (typeof at.type === "string") {
      const code = Object.hasOwn(codeByType, at.type) ? codeByType[at.type] : undefined;
      if (code !== undefined) return code;
    }
    at = at.cause as Foreign | undefined;
  }
  return "unreachable";
};

/** What kafkajs threw, as one of ours; a ProducerError passes through. */
export const producerError = (error: unknown): ProducerError => {
  if (error instanceof ProducerError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new ProducerError(codeOf(error), text, { cause: error });
};
