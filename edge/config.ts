// The edge's settings: defaults, then the environment, validated, frozen, read once per isolate.
// Nothing else reads `env`. Bad values stop the edge at its first request with the fields' names
// (never their content, which may be a secret).
import * as z from "zod/mini";

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

/** Settings that cannot be used; the message names each field and what it takes. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

const apiKeysMax = 256;

/** A variable that is set to nothing is not set. */
const given = (value: unknown): unknown => {
  const trimmed = typeof value === "string" ? value.trim() : value;
  return trimmed === "" || trimmed === null ? undefined : trimmed;
};

const text = (fallback: string) =>
  z.pipe(z.transform(given), z._default(z.string("expected a string"), fallback));

const integer = (fallback: number, min: number, max: number) => {
  const expected = `expected an integer from ${min} to ${max}`;
  const checked = z.coerce
    .number(expected)
    .check(z.int(expected), z.minimum(min, expected), z.maximum(max, expected));
  return z.pipe(z.transform(given), z._default(checked, fallback));
};

const list = z.pipe(
  text(""),
  z.transform((value) => value.split(/[\s,]+/).filter((part) => part !== "")),
);

const keyHash = (entry: string): ApiKey => {
  const match = /^(?:([a-z0-9][a-z0-9_-]{0,63}):)?([0-9a-f]{64})$/i.exec(entry);
  const hex = match?.[2] ?? "";
  const sha256 = Uint8Array.from({ length: hex.length / 2 }, (_, at) =>
    Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16),
  );
  return { tenant: match?.[1] ?? "default", sha256 };
};
const isHash = ({ sha256 }: ApiKey): boolean => sha256.length === 32;

const isWeb = (url: string): boolean => URL.canParse(url) && /^https?:/.test(url);

const environment = z.object({
  LOG_KIND: z.pipe(text("kafka"), z.enum(["kafka", "rest"], "expected kafka or rest")),
  KAFKA_BROKERS: list,
  REST_URL: text(""),
  REST_CLUSTER: text("weir"),
  REST_AUTHORIZATION: text(""),
  GROUP_BYTES_MAX: integer(900_000, 1, 1_000_000),
  GROUP_RECORDS_MAX: integer(2000, 1, 100_000),
  QUEUE_BYTES_MAX: integer(32 << 20, 1 << 20, 64 << 20),
  QUEUE_CALLERS_MAX: integer(2000, 1, 20_000),
  WAIT_MS_MAX: integer(10_000, 100, 60_000),
  BODY_BYTES_MAX: integer(16 << 20, 1024, 64 << 20),
  REQUEST_ITEMS_MAX: integer(100_000, 1, 1_000_000),
  RETRY_AFTER_S: integer(1, 1, 3600),
  API_KEYS: list,
  API_KEY_HASHES: z
    .pipe(
      list,
      z.transform((entries) => entries.map(keyHash)),
    )
    .check(z.refine((keys) => keys.every(isHash), "expected [tenant:]64 hexadecimal digits")),
  RUN_ID: text(""),
});
type Environment = z.infer<typeof environment>;

/** What one field alone cannot say: field and message of each fault. */
const faults = (env: Environment): readonly string[] => {
  const { LOG_KIND, KAFKA_BROKERS, REST_URL, API_KEYS, API_KEY_HASHES } = env;
  const isAddressed =
    KAFKA_BROKERS.length > 0 && KAFKA_BROKERS.every((broker) => /^.+:\d+$/.test(broker));
  const rules: readonly (readonly [isGood: boolean, fault: string])[] = [
    [LOG_KIND !== "kafka" || isAddressed, "KAFKA_BROKERS: expected host:port, comma-separated"],
    [LOG_KIND !== "rest" || isWeb(REST_URL), "REST_URL: expected an http or https address"],
    [
      API_KEYS.length + API_KEY_HASHES.length <= apiKeysMax,
      `API_KEYS and API_KEY_HASHES: at most ${apiKeysMax} keys together`,
    ],
    [env.BODY_BYTES_MAX <= env.QUEUE_BYTES_MAX, "BODY_BYTES_MAX: expected at most QUEUE_BYTES_MAX"],
  ];
  return rules.flatMap(([isGood, fault]) => (isGood ? [] : [fault]));
};

const logConfig = (env: Environment): LogConfig =>
  env.LOG_KIND === "kafka"
    ? { kind: "kafka", brokers: env.KAFKA_BROKERS }
    : {
        kind: "rest",
        url: env.REST_URL.replace(/\/+$/, ""),
        cluster: env.REST_CLUSTER,
        authorization: env.REST_AUTHORIZATION,
      };

const valid = (variables: object): Environment => {
  const parsed = environment.safeParse(variables);
  const found = parsed.success
    ? faults(parsed.data)
    : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  if (!parsed.success || found.length > 0) throw new ConfigError(found.join("; "));
  return parsed.data;
};

/** @throws ConfigError naming every field that cannot be used. */
export const readConfig = (variables: object): EdgeConfig => {
  const env = valid(variables);
  return Object.freeze({
    log: logConfig(env),
    group: {
      groupBytesMax: env.GROUP_BYTES_MAX,
      groupRecordsMax: env.GROUP_RECORDS_MAX,
      queueBytesMax: env.QUEUE_BYTES_MAX,
      queueCallersMax: env.QUEUE_CALLERS_MAX,
      waitMsMax: env.WAIT_MS_MAX,
    },
    bodyBytesMax: env.BODY_BYTES_MAX,
    requestItemsMax: env.REQUEST_ITEMS_MAX,
    retryAfterS: env.RETRY_AFTER_S,
    apiKeys: env.API_KEYS,
    apiKeyHashes: env.API_KEY_HASHES,
    runId: env.RUN_ID,
  });
};
