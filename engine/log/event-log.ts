// The port to the log: Kafka in production, SQLite for one machine. Both adapters pass the suite
// in test/engine/log. Positions follow Kafka: a committed offset is that of the next record.

/** One record to append. Bytes are not kept after append resolves. */
export type NewRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
  readonly headers: { readonly [name: string]: string };
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
};

/** One record read. Headers are bytes, as foreign producers may write anything. */
export type LogRecord = {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
  readonly headers: { readonly [name: string]: Uint8Array };
};

/** Header of an empty record that stands for one that cannot be read; its value says why. */
export const unreadableHeader = "weir-unreadable";

/** Consecutive records of one partition, oldest first, at least one. */
export type RecordBatch = {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly LogRecord[];
  /** Offset after the last record that the log holds; lag = endOffset - next offset. */
  readonly endOffset: number;
};

/** A committed position: everything before `offset` is done. `metadata` is the committer's own. */
export type Position = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
  /** Only of an assignment: the partition was made anew, its offsets have begun again. */
  readonly isAnew?: boolean;
};

export type ConsumerHandlers = {
  /**
   * Called with the partitions that this member now owns and their committed positions (offset 0
   * or the earliest kept one, and metadata "", where none was committed) before any batch of them.
   */
  readonly onAssigned: (positions: readonly Position[]) => Promise<void>;
  /** After this no further batch of these partitions arrives. */
  readonly onRevoked: (
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ) => Promise<void>;
  /** The next batch of a partition comes after this resolves: awaiting is the back-pressure. */
  readonly onBatch: (batch: RecordBatch) => Promise<void>;
  /** The consumer died and will not deliver again; the owner decides what follows. */
  readonly onFailed: (error: Error) => void;
  /** For people: what the consumer goes on without. */
  readonly onNote?: (message: string) => void;
};

export type LogConsumer = {
  /** @throws LogError `invalid-position` for a partition that this member does not own. */
  commit(positions: readonly Position[]): Promise<void>;
  /** Stops delivery, waits for the batch in hand, leaves the group. Idempotent. */
  stop(): Promise<void>;
};

export type ConsumerOptions = {
  readonly group: string;
  readonly topics: readonly string[];
  /** Without it as the log's client has it; the embedded log is never away. */
  readonly rejoin?: RejoinOptions;
};

/** How a log that is away is reached again. */
export type RejoinOptions = {
  /** 0 or more; then the consumer starts anew, as long as an outage may last. */
  readonly attemptsMax: number;
  /** Before the first attempt; doubles with each, 20 % jitter. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
};

export type TopicDescription = { readonly topic: string; readonly partitions: number };

export type EventLog = {
  /**
   * Appends in order; resolves with the offsets, in the order given, when all are durable
   * (acks all). On rejection any subset may have been written; what certainly was, the error says.
   */
  append(records: readonly NewRecord[]): Promise<readonly number[]>;
  /** Starts a member of a group; resolves when it has its first assignment. */
  consume(options: ConsumerOptions, handlers: ConsumerHandlers): Promise<LogConsumer>;
  /** Reads without a group, for tools: up to `recordsMax` from `offset`, [] at the end. */
  read(
    from: { readonly topic: string; readonly partition: number; readonly offset: number },
    recordsMax: number,
  ): Promise<readonly LogRecord[]>;
  /** Per partition the earliest kept offset and the end offset. */
  offsets(topic: string): Promise<readonly { readonly earliest: number; readonly end: number }[]>;
  /** Committed positions of a group, as far as there are any. */
  committed(group: string, topic: string): Promise<readonly Position[]>;
  describe(): Promise<readonly TopicDescription[]>;
  createTopics(): Promise<readonly string[]>;
  close(): Promise<void>;
};

/** Closed set of failures; `retryable` tells whether the same call may succeed later. */
export type LogErrorCode =
  | "unreachable"
  | "topic-missing"
  | "partitions-differ"
  | "record-too-large"
  | "invalid-position"
  | "refused"
  | "locked"
  | "closed"
  | "full";

const retryable: { readonly [code in LogErrorCode]: boolean } = {
  unreachable: true,
  "topic-missing": false,
  "partitions-differ": false,
  "record-too-large": false,
  "invalid-position": false,
  /** The broker will not have it: credentials, authorization, an invalid record. */
  refused: false,
  /** Another process has the embedded log's directory. */
  locked: true,
  closed: false,
  full: true,
};

type LogErrorOptions = ErrorOptions & { readonly acknowledged?: ReadonlySet<number> };

export class LogError extends Error {
  override name = "LogError";
  readonly code: LogErrorCode;
  readonly retryable: boolean;
  /** Of an append: places of the records that are durable all the same. */
  readonly acknowledged: ReadonlySet<number>;

  constructor(code: LogErrorCode, message: string, options: LogErrorOptions = {}) {
    super(`${code}: ${message}`, options);
    this.code = code;
    this.acknowledged = options.acknowledged ?? new Set();
    this.retryable = retryable[code];
  }
}
