// The edge's settings: defaults, then the environment, validated, frozen, read once per isolate.
// Nothing else reads `env`. A bad value stops the edge at its first request with the field's name
// (never its content, which may be a secret).

/** Where records go. */
export type LogConfig =
  | { readonly kind: "kafka"; readonly brokers: readonly string[] }
  | {
      readonly kind: "rest";
      readonly url: string;
      readonly cluster: string;
      /** Value of the Authorization header, "" for none. */
      readonly authorization: string;
    };

/** Bounds of the queue in front of the log. */
export type GroupLimits = {
  /**
   * Records of one send together, a single larger record excepted. Below messageBytesMax of every
   * topic, as the records of one partition and send are one batch to Kafka's limit.
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

/** A key in the form that is kept: the tenant it stands for and the SHA-256 of the key. */
export type ApiKey = { readonly tenant: string; readonly sha256: Uint8Array };

/** The whole of it; frozen. */
export type EdgeConfig = {
  readonly log: LogConfig;
  readonly group: GroupLimits;
  /** Bound of a body as it arrives and again after inflating. */
  readonly bodyBytesMax: number;
  readonly requestItemsMax: number;
  readonly retryAfterS: number;
  /** Plain keys of API_KEYS, hashed by the reader; hashes of API_KEY_HASHES as they are. */
  readonly apiKeys: readonly string[];
  readonly apiKeyHashes: readonly ApiKey[];
  /** Names this start of the system in record headers, "" for none. */
  readonly runId: string;
};

/** A setting that cannot be used; the message names the field and what it takes. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

type Environment = { readonly [name: string]: unknown };

const apiKeysMax = 256;

const text = (env: Environment, name: string, fallback: string): string => {
  const value = env[name];
  if (value === undefined || value === null || value === "") return fallback;
  if (typeof value !== "string") throw new ConfigError(`${name}: expected a string`);
  return value.trim();
};

type Range = { readonly fallback: number; readonly min: number; readonly max: number };

const integer = (env: Environment, name: string, range: Range): number => {
  const value = Number(text(env, name, String(range.fallback)));
  if (Number.isInteger(value) && value >= range.min && value <= range.max) return value;
  throw new ConfigError(`${name}: expected an integer from ${range.min} to ${range.max}`);
};

const list = (env: Environment, name: string): readonly string[] =>
  text(env, name, "")
    .split(/[\s,]+/)
    .filter((part) => part !== "");

const keyHash = (entry: string): ApiKey => {
  const match = /^(?:([a-z0-9][a-z0-9_-]{0,63}):)?([0-9a-f]{64})$/i.exec(entry);
  const hex = match?.[2];
  if (hex === undefined)
    throw new ConfigError("API_KEY_HASHES: expected [tenant:]64 hexadecimal digits");
  const sha256 = Uint8Array.from({ length: 32 }, (_, at) =>
    Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16),
  );
  return { tenant: match?.[1] ?? "default", sha256 };
};

const logConfig = (env: Environment): LogConfig => {
  const kind = text(env, "LOG_KIND", "kafka");
  if (kind === "kafka") {
    const brokers = list(env, "KAFKA_BROKERS");
    const isAddressed = brokers.length > 0 && brokers.every((broker) => /^.+:\d+$/.test(broker));
    if (!isAddressed) throw new ConfigError("KAFKA_BROKERS: expected host:port, comma-separated");
    return { kind, brokers };
  }
  if (kind !== "rest") throw new ConfigError("LOG_KIND: expected kafka or rest");
  const url = text(env, "REST_URL", "").replace(/\/+$/, "");
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new ConfigError("REST_URL: expected an http or https address");
  const cluster = text(env, "REST_CLUSTER", "weir");
  return { kind, url, cluster, authorization: text(env, "REST_AUTHORIZATION", "") };
};

/** @throws ConfigError naming the first field that cannot be used. */
export const readConfig = (env: Environment): EdgeConfig => {
  const group: GroupLimits = {
    groupBytesMax: integer(env, "GROUP_BYTES_MAX", { fallback: 900_000, min: 1, max: 1_000_000 }),
    groupRecordsMax: integer(env, "GROUP_RECORDS_MAX", { fallback: 2000, min: 1, max: 100_000 }),
    queueBytesMax: integer(env, "QUEUE_BYTES_MAX", {
      fallback: 32 << 20,
      min: 1 << 20,
      max: 64 << 20,
    }),
    queueCallersMax: integer(env, "QUEUE_CALLERS_MAX", { fallback: 2000, min: 1, max: 20_000 }),
    waitMsMax: integer(env, "WAIT_MS_MAX", { fallback: 10_000, min: 100, max: 60_000 }),
  };
  const apiKeys = list(env, "API_KEYS");
  const apiKeyHashes = list(env, "API_KEY_HASHES").map(keyHash);
  if (apiKeys.length + apiKeyHashes.length > apiKeysMax)
    throw new ConfigError(`API_KEYS and API_KEY_HASHES: at most ${apiKeysMax} keys together`);
  const bodyBytesMax = integer(env, "BODY_BYTES_MAX", {
    fallback: 16 << 20,
    min: 1024,
    max: 64 << 20,
  });
  if (bodyBytesMax > group.queueBytesMax)
    throw new ConfigError("BODY_BYTES_MAX: expected at most QUEUE_BYTES_MAX");
  return Object.freeze({
    log: logConfig(env),
    group,
    bodyBytesMax,
    requestItemsMax: integer(env, "REQUEST_ITEMS_MAX", {
      fallback: 100_000,
      min: 1,
      max: 1_000_000,
    }),
    retryAfterS: integer(env, "RETRY_AFTER_S", { fallback: 1, min: 1, max: 3600 }),
    apiKeys,
    apiKeyHashes,
    runId: text(env, "RUN_ID", ""),
  });
};
