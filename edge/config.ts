// The edge's settings: defaults, then the environment, validated, frozen, read once per isolate.
// Nothing else reads `env`. Bad values stop the edge at its first request with the fields' names
// (never their content, which may be a secret).
import * as z from "zod/mini";

import { kafkaAddress } from "../schemas/kafka/broker-address.ts";
import type { KafkaLogin } from "../schemas/kafka/client.ts";
import type { OtlpLimits } from "../schemas/otlp/limits.ts";
import { valuesOf } from "../schemas/setting-list.ts";
import type { GroupLimits } from "./forward/group-limits.ts";
import { type Tenant, operatorName, tenantsOf } from "./authenticate/tenant-document.ts";
import type { HeadSettings } from "../schemas/sampling/head-settings.ts";
import { isProbability } from "../schemas/sampling/threshold.ts";
import { samplingOf } from "./sample/sampling-settings.ts";
import type { TraceConfig } from "./trace/tracer.ts";
import type { ValidationSettings } from "./validate/plans.ts";
import { parseRules } from "./validate/validation-rules.ts";
import { issueText } from "./issue-text.ts";
import { type SettableLimit, fixedLimits, otlpSettings, settableLimits } from "./limits.ts";

/** How Kafka is reached. */
export type KafkaConfig = {
  readonly kind: "kafka";
  readonly brokers: readonly string[];
  /** TLS with the certificate authorities that workerd trusts. */
  readonly isTls: boolean;
  readonly login: KafkaLogin | null;
  /** Which produce encoder (schemas/kafka/own-encoder.ts): ours or that of unchanged kafkajs. */
  readonly encoder: "weir" | "kafkajs";
};

/** Where records go. */
export type LogConfig =
  | KafkaConfig
  | {
      readonly kind: "rest";
      readonly url: string;
      readonly cluster: string;
      /** Value of the Authorization header, "" for none. */
      readonly authorization: string;
    };

/** Bounds of a body on its way in; names and meanings in edge/limits.ts. */
export type BodyLimits = {
  readonly bodyBytesMax: number;
  readonly inflateRatioMax: number;
  readonly bodyMsMax: number;
  readonly bodiesBytesMax: number;
  readonly heldBytesMax: number;
};

/** What browsers of other origins may do. */
export type CorsConfig = {
  /** Patterns: `https://app.example`, `https://*.example`, `*`; none = no CORS. */
  readonly origins: readonly string[];
  readonly headers: readonly string[];
  readonly maxAgeS: number;
};

/** Bounds and number of the forwarder objects. */
type ForwarderLimits = {
  /** Objects that partitions are spread over, each with a connection of its own. */
  readonly shards: number;
  /** Bytes of one object's storage for what the log does not take; 0 keeps nothing. */
  readonly spillBytesMax: number;
};

/** A key in the form that is kept: the tenant it stands for and the SHA-256 of the key. */
type ApiKey = { readonly tenant: string; readonly sha256: Uint8Array };

/** The whole of it; frozen. */
export type EdgeConfig = {
  readonly log: LogConfig;
  readonly group: GroupLimits;
  readonly forwarder: ForwarderLimits;
  readonly body: BodyLimits;
  readonly responseBytesMax: number;
  readonly requestItemsMax: number;
  readonly otlp: OtlpLimits;
  /** Bytes of all records of one request. */
  readonly recordsBytesMax: number;
  /** Spans and logs go to their trace's partition; else those of a request stay together. */
  readonly isPartitionedByTrace: boolean;
  /** Answer to a Content-Encoding that cannot be undone: 400 as the Collector, or HTTP's 415. */
  readonly encodingStatus: 400 | 415;
  readonly cors: CorsConfig;
  readonly retryAfterS: number;
  /** Plain keys of API_KEYS, hashed by the reader; hashes of API_KEY_HASHES as they are. */
  readonly apiKeys: readonly string[];
  readonly apiKeyHashes: readonly ApiKey[];
  /** Those of TENANTS; further ones may come from TENANTS_KV. */
  readonly tenants: readonly Tenant[];
  /** Against the registry that serves. */
  readonly validation: ValidationSettings;
  /** Head sampling by tenant; null = off. */
  readonly sampling: HeadSettings | null;
  /** Traces of requests with market events; null = off. */
  readonly tracing: TraceConfig | null;
  /** Names this start of the system in record headers, "" for none. */
  readonly runId: string;
};

/** Settings that cannot be used; the message names each field and what it takes. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

const { apiKeyBytesMax, apiKeysMax } = fixedLimits;

/** A variable that is set to nothing is not set. */
const given = (value: unknown): unknown => {
  const trimmed = typeof value === "string" ? value.trim() : value;
  return trimmed === "" || trimmed === null ? undefined : trimmed;
};

const text = (fallback: string) =>
  z.pipe(z.transform(given), z._default(z.string("expected a string"), fallback));

const integer = ([fallback, min, max]: readonly [number, number, number]) => {
  const expected = `expected an integer from ${min} to ${max}`;
  const checked = z.coerce
    .number(expected)
    .check(z.int(expected), z.minimum(min, expected), z.maximum(max, expected));
  return z.pipe(z.transform(given), z._default(checked, fallback));
};

const rate = (fallback: number) => {
  const expected = "expected a rate from 2^-56 to 1";
  const checked = z.coerce.number(expected).check(z.refine(isProbability, expected));
  return z.pipe(z.transform(given), z._default(checked, fallback));
};

const share = (fallback: number) => {
  const expected = "expected a number from 0 to 1";
  const checked = z.coerce.number(expected).check(z.minimum(0, expected), z.maximum(1, expected));
  return z.pipe(z.transform(given), z._default(checked, fallback));
};

/** One field for each of edge/limits.ts. */
const limits = () => {
  const fields = Object.entries(settableLimits).map(
    ([name, { default: fallback, min, max }]) => [name, integer([fallback, min, max])] as const,
  );
  return Object.fromEntries(fields) as { [name in SettableLimit]: ReturnType<typeof integer> };
};

const list = z.pipe(text(""), z.transform(valuesOf));

const keyHash = (entry: string): ApiKey => {
  const match = /^(?:([a-z0-9][a-z0-9_-]{0,63}):)?([0-9a-f]{64})$/i.exec(entry);
  const hex = match?.[2] ?? "";
  const sha256 = Uint8Array.from({ length: hex.length / 2 }, (_, at) =>
    Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16),
  );
  return { tenant: match?.[1] ?? operatorName, sha256 };
};
const isHash = ({ sha256 }: ApiKey): boolean => sha256.length === 32;

const isWeb = (url: string): boolean => URL.canParse(url) && /^https?:/.test(url);

const isOriginPattern = (origin: string): boolean =>
  origin === "*" || /^https?:\/\/(?:\*\.)?[a-z0-9.[\]:-]+$/i.test(origin);
const isHeaderName = (name: string): boolean => /^[a-z0-9-]{1,64}$/.test(name);

// Made where it is read and let go again: its parts would be thousands of objects that the Worker
// keeps and each collection marks.
const environment = () =>
  z.object({
    ...limits(),
    LOG_KIND: z.pipe(text("kafka"), z.enum(["kafka", "rest"], "expected kafka or rest")),
    KAFKA_BROKERS: list,
    KAFKA_TLS: z.pipe(text("false"), z.enum(["true", "false"], "expected true or false")),
    KAFKA_SASL_MECHANISM: z.pipe(
      text("none"),
      z.enum(
        ["none", "plain", "scram-sha-256", "scram-sha-512"],
        "expected none, plain, scram-sha-256 or scram-sha-512",
      ),
    ),
    KAFKA_SASL_USERNAME: text(""),
    KAFKA_SASL_PASSWORD: text(""),
    KAFKA_ENCODER: z.pipe(text("weir"), z.enum(["weir", "kafkajs"], "expected weir or kafkajs")),
    REST_URL: text(""),
    REST_CLUSTER: text("weir"),
    REST_AUTHORIZATION: text(""),
    ENCODING_STATUS: z.pipe(text("400"), z.enum(["400", "415"], "expected 400 or 415")),
    CORS_ORIGINS: list.check(
      z.refine((origins) => origins.every(isOriginPattern), "expected origins such as https://a.b"),
    ),
    CORS_HEADERS: z
      .pipe(
        text("content-type, content-encoding, authorization, x-api-key"),
        z.transform((value) => valuesOf(value.toLowerCase())),
      )
      .check(z.refine((names) => names.every(isHeaderName), "expected names of headers")),
    CORS_MAX_AGE_S: integer([7200, 0, 86_400]),
    RETRY_AFTER_S: integer([1, 1, 3600]),
    API_KEYS: list,
    API_KEY_HASHES: z
      .pipe(
        list,
        z.transform((entries) => entries.map(keyHash)),
      )
      .check(z.refine((keys) => keys.every(isHash), "expected [tenant:]64 hexadecimal digits")),
    TENANTS: text(""),
    PARTITION_BY_TRACE: z.pipe(text("on"), z.enum(["on", "off"], "expected on or off")),
    VALIDATION_PROFILE: z.pipe(
      text("weir"),
      z.enum(["weir", "weaver", "off"], "expected weir, weaver or off"),
    ),
    VALIDATION_RULES: text(""),
    SAMPLE: z.pipe(text("on"), z.enum(["on", "off"], "expected on or off")),
    SAMPLE_RATE: rate(0.01),
    SAMPLE_RATE_SLOW: rate(0.5),
    SAMPLE_RATE_ERROR: rate(1),
    SAMPLE_RATE_MIN: rate(0.001),
    SAMPLE_SLOW_MS: integer([1000, 0, 86_400_000]),
    SAMPLE_SPANS_PER_S: integer([0, 0, 1_000_000_000]),
    SAMPLE_POLICY: text(""),
    TRACE_RATE: share(0),
    TRACE_ENDPOINT: text(""),
    TRACE_AUTHORIZATION: text(""),
    RUN_ID: text(""),
  });
type Environment = z.infer<ReturnType<typeof environment>>;

/** With rights of its own and those of the operator's keys a tenant would have two meters. */
const clashOf = ({ API_KEYS, API_KEY_HASHES, TENANTS }: Environment): string | undefined => {
  const names = API_KEY_HASHES.map(({ tenant }) => tenant);
  if (API_KEYS.length > 0) names.push(operatorName);
  return read(tenantsOf(TENANTS), []).find(({ name }) => names.includes(name))?.name;
};

/** What one field alone cannot say: field and message of each fault. */
const faults = (env: Environment): readonly string[] => {
  const { LOG_KIND, KAFKA_BROKERS, REST_URL, API_KEYS, API_KEY_HASHES } = env;
  const isAddressed = kafkaAddress.form.test(KAFKA_BROKERS.join(","));
  const tenants = tenantsOf(env.TENANTS);
  const clash = clashOf(env);
  const sampling = samplingOf(env);
  const rules = parseRules(env.VALIDATION_RULES);
  const conditions: readonly (readonly [isGood: boolean, fault: string])[] = [
    [LOG_KIND !== "kafka" || isAddressed, `KAFKA_BROKERS: ${kafkaAddress.expected}`],
    [
      env.KAFKA_SASL_MECHANISM === "none" ||
        (env.KAFKA_SASL_USERNAME !== "" && env.KAFKA_SASL_PASSWORD !== ""),
      "KAFKA_SASL_MECHANISM: expected KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD with it",
    ],
    [
      env.KAFKA_SASL_MECHANISM !== "plain" || env.KAFKA_TLS === "true",
      "KAFKA_SASL_MECHANISM: plain sends the password as it is, expected KAFKA_TLS=true",
    ],
    [
      env.TRACE_ENDPOINT === "" || isWeb(env.TRACE_ENDPOINT),
      "TRACE_ENDPOINT: expected an http or https address",
    ],
    [LOG_KIND !== "rest" || isWeb(REST_URL), "REST_URL: expected an http or https address"],
    [
      API_KEYS.length + API_KEY_HASHES.length <= apiKeysMax,
      `API_KEYS and API_KEY_HASHES: at most ${apiKeysMax} keys together`,
    ],
    [
      API_KEYS.every((key) => key.length <= apiKeyBytesMax),
      `API_KEYS: expected keys of at most ${apiKeyBytesMax} bytes`,
    ],
    [env.BODY_BYTES_MAX <= env.QUEUE_BYTES_MAX, "BODY_BYTES_MAX: expected at most QUEUE_BYTES_MAX"],
    [
      typeof sampling !== "string",
      `SAMPLE_POLICY: ${typeof sampling === "string" ? sampling : ""}`,
    ],
    [typeof rules !== "string", `VALIDATION_RULES: ${typeof rules === "string" ? rules : ""}`],
    [typeof tenants !== "string", `TENANTS: ${typeof tenants === "string" ? tenants : ""}`],
    [clash === undefined, `TENANTS: ${clash} has keys in API_KEYS or API_KEY_HASHES too`],
    [
      env.BODY_BYTES_MAX <= env.BODIES_BYTES_MAX,
      "BODY_BYTES_MAX: expected at most BODIES_BYTES_MAX",
    ],
  ];
  return conditions.flatMap(([isGood, fault]) => (isGood ? [] : [fault]));
};

const loginOf = (env: Environment): KafkaLogin | null => {
  const { KAFKA_SASL_MECHANISM: mechanism } = env;
  if (mechanism === "none") return null;
  return { mechanism, username: env.KAFKA_SASL_USERNAME, password: env.KAFKA_SASL_PASSWORD };
};

const logConfig = (env: Environment): LogConfig =>
  env.LOG_KIND === "kafka"
    ? {
        kind: "kafka",
        brokers: env.KAFKA_BROKERS,
        isTls: env.KAFKA_TLS === "true",
        login: loginOf(env),
        encoder: env.KAFKA_ENCODER,
      }
    : {
        kind: "rest",
        url: env.REST_URL.replace(/\/+$/, ""),
        cluster: env.REST_CLUSTER,
        authorization: env.REST_AUTHORIZATION,
      };

const tracingOf = (env: Environment): TraceConfig | null => {
  const { TRACE_RATE: rate, TRACE_ENDPOINT: endpoint, TRACE_AUTHORIZATION: authorization } = env;
  return rate === 0 && endpoint === "" ? null : { rate, endpoint, authorization };
};

const valid = (variables: object): Environment => {
  const parsed = environment().safeParse(variables);
  const found = parsed.success ? faults(parsed.data) : parsed.error.issues.map(issueText);
  if (!parsed.success || found.length > 0) throw new ConfigError(found.join("; "));
  return parsed.data;
};

const otlpLimits = (env: Environment): OtlpLimits =>
  Object.fromEntries(
    Object.entries(otlpSettings).map(([limit, setting]) => [limit, env[setting]]),
  ) as OtlpLimits;

/** What was read of a document that `faults` found good. */
const read = <T>(document: T | string, otherwise: T): T =>
  typeof document === "string" ? otherwise : document;

/** @throws ConfigError naming every field that cannot be used. */
export const readConfig = (variables: object): EdgeConfig => {
  const env = valid(variables);
  return Object.freeze({
    log: logConfig(env),
    group: {
      lingerMs: env.LINGER_MS,
      sendBytesMax: env.SEND_BYTES_MAX,
      groupBytesMax: env.GROUP_BYTES_MAX,
      groupRecordsMax: env.GROUP_RECORDS_MAX,
      queueBytesMax: env.QUEUE_BYTES_MAX,
      queueCallersMax: env.QUEUE_CALLERS_MAX,
      waitMsMax: env.WAIT_MS_MAX,
    },
    body: {
      bodyBytesMax: env.BODY_BYTES_MAX,
      inflateRatioMax: env.INFLATE_RATIO_MAX,
      bodyMsMax: env.BODY_MS_MAX,
      bodiesBytesMax: env.BODIES_BYTES_MAX,
      heldBytesMax: env.HELD_BYTES_MAX,
    },
    responseBytesMax: env.RESPONSE_BYTES_MAX,
    forwarder: { shards: env.FORWARDER_SHARDS, spillBytesMax: env.SPILL_BYTES_MAX },
    requestItemsMax: env.REQUEST_ITEMS_MAX,
    otlp: otlpLimits(env),
    recordsBytesMax: env.RECORDS_BYTES_MAX,
    isPartitionedByTrace: env.PARTITION_BY_TRACE === "on",
    encodingStatus: env.ENCODING_STATUS === "415" ? 415 : 400,
    cors: {
      origins: env.CORS_ORIGINS,
      headers: env.CORS_HEADERS,
      maxAgeS: env.CORS_MAX_AGE_S,
    },
    retryAfterS: env.RETRY_AFTER_S,
    apiKeys: env.API_KEYS,
    apiKeyHashes: env.API_KEY_HASHES,
    tenants: read(tenantsOf(env.TENANTS), []),
    validation: {
      profile: env.VALIDATION_PROFILE,
      rules: read(parseRules(env.VALIDATION_RULES), []),
    },
    sampling: read(samplingOf(env), null),
    tracing: tracingOf(env),
    runId: env.RUN_ID,
  });
};
