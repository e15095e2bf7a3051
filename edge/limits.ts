// Every bound of the edge in one table: name, default, range, meaning and what happens at it. Those
// with a range are settings of that name (edge/config.ts); the others are what the code is built
// for. The README's table of limits is held against this one by a test.
import { apiKeyBytesMax, apiKeysMax } from "../schemas/api-keys.ts";
import { jsonDepthMax } from "../schemas/otlp/json-scanner.ts";
import type { OtlpLimits } from "../schemas/otlp/limits.ts";

/** One bound; `min` and `max` are of the setting. */
export type Limit = {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly what: string;
  /** The answer to what is over it. */
  readonly over: string;
};

const limit = (
  [fallback, min, max]: readonly [fallback: number, min: number, max: number],
  what: string,
  over: string,
): Limit => ({ default: fallback, min, max, what, over });

const mebibyte = 1 << 20;

/** Bounds that a deployment may set, by the name of the variable. */
export const settableLimits = {
  BODY_BYTES_MAX: limit(
    [16 * mebibyte, 1024, 64 * mebibyte],
    "bytes of a body, on the wire and again inflated",
    "413",
  ),
  INFLATE_RATIO_MAX: limit(
    [200, 2, 100_000],
    "inflated bytes for each byte on the wire, above 1 MiB",
    "413",
  ),
  BODY_MS_MAX: limit([10_000, 50, 300_000], "time a body takes to arrive, in ms", "408"),
  BODIES_BYTES_MAX: limit(
    [32 * mebibyte, mebibyte, 1024 * mebibyte],
    "bytes of all bodies that are arriving at one isolate, or wait for their turn",
    "503 and Retry-After",
  ),
  HELD_BYTES_MAX: limit(
    [96 * mebibyte, mebibyte, 4096 * mebibyte],
    "memory of the large requests that an isolate works on, estimated; a single one is always taken",
    "waits its turn; after BODY_MS_MAX 503 and Retry-After",
  ),
  RESPONSE_BYTES_MAX: limit(
    [4 * mebibyte, 16_384, 4 * mebibyte],
    "bytes of an answer",
    "a shorter message, then 500",
  ),
  REQUEST_ITEMS_MAX: limit(
    [100_000, 1, 1_000_000],
    "spans, data points, log records, transactions or depth messages of a request",
    "413",
  ),
  RESOURCES_MAX: limit([16_384, 1, 1_000_000], "resources of a request", "413"),
  SCOPES_MAX: limit([65_536, 1, 1_000_000], "scopes of a request", "413"),
  RECORDS_BYTES_MAX: limit(
    [32 * mebibyte, mebibyte, 128 * mebibyte],
    "bytes that a request becomes: each partition's records repeat its resources and scopes",
    "413",
  ),
  ATTRIBUTES_MAX: limit(
    [1024, 1, 65_536],
    "attributes of one record, event, link, data point, resource or scope",
    "item rejected; 400 for a resource or scope",
  ),
  EVENTS_MAX: limit([4096, 1, 65_536], "events of a span", "item rejected"),
  LINKS_MAX: limit([4096, 1, 65_536], "links of a span", "item rejected"),
  POINTS_MAX: limit([65_536, 1, 1_000_000], "data points of a metric", "item rejected"),
  KEY_BYTES_MAX: limit([4096, 1, 65_536], "bytes of an attribute's key", "as ATTRIBUTES_MAX"),
  VALUE_BYTES_MAX: limit(
    [mebibyte, 1, 16 * mebibyte],
    "bytes of an attribute's value or a log's body, in protobuf with all that is nested in it",
    "as ATTRIBUTES_MAX",
  ),
  VALUE_DEPTH_MAX: limit([64, 1, 100], "values inside values", "as ATTRIBUTES_MAX"),
  LINGER_MS: limit(
    [1, 0, 100],
    "wait of a small request for others that share its call to the object, in ms; 0 waits for none",
    "-",
  ),
  SEND_BYTES_MAX: limit([2_000_000, 1, 16_000_000], "bytes of one send to the log", "next send"),
  GROUP_BYTES_MAX: limit([900_000, 1, 1_000_000], "of those, bytes of one partition", "next send"),
  GROUP_RECORDS_MAX: limit([2000, 1, 100_000], "records of one send to the log", "next send"),
  QUEUE_BYTES_MAX: limit(
    [32 * mebibyte, mebibyte, 64 * mebibyte],
    "bytes that wait for the log in an object; a single request is always taken",
    "503 and Retry-After",
  ),
  QUEUE_CALLERS_MAX: limit(
    [2000, 1, 20_000],
    "requests that wait for the log in an object",
    "503 and Retry-After",
  ),
  FORWARDER_SHARDS: limit([1, 1, 64], "forwarder objects that share the partitions", "-"),
  SPILL_BYTES_MAX: limit(
    [1024 * mebibyte, 0, 8192 * mebibyte],
    "bytes kept in an object's storage while the log is out of reach; 0 keeps nothing",
    "503 and Retry-After",
  ),
  WAIT_MS_MAX: limit(
    [10_000, 100, 60_000],
    "wait for the log, in ms; after 60 % of it what was not sent is kept in the storage",
    "503 and Retry-After",
  ),
} as const satisfies { readonly [name: string]: Limit };

/** Name of a limit that is a setting. */
export type SettableLimit = keyof typeof settableLimits;

/** The settings that the limits of an OTLP request are taken from. */
export const otlpSettings: { readonly [limit in keyof OtlpLimits]: SettableLimit } = {
  requestBytesMax: "BODY_BYTES_MAX",
  resourcesMax: "RESOURCES_MAX",
  scopesMax: "SCOPES_MAX",
  recordsMax: "REQUEST_ITEMS_MAX",
  attributesMax: "ATTRIBUTES_MAX",
  eventsMax: "EVENTS_MAX",
  linksMax: "LINKS_MAX",
  pointsMax: "POINTS_MAX",
  keyBytesMax: "KEY_BYTES_MAX",
  valueBytesMax: "VALUE_BYTES_MAX",
  valueDepthMax: "VALUE_DEPTH_MAX",
};

/** Bounds without a setting. */
export const fixedLimits = {
  /** Bytes of a presented key. */
  apiKeyBytesMax,
  /** Keys in API_KEYS and API_KEY_HASHES together. */
  apiKeysMax,
  /** Tenants of TENANTS and TENANTS_KV together. */
  tenantsMax: 1000,
  tenantKeysMax: 16,
  /** Bytes of a tenants document. */
  tenantsBytesMax: mebibyte,
  /** Distinct keys of each table of counts; further ones are "other". */
  statisticKeysMax: 64,
  /** Distinct reasons in one answer; further ones are "other". */
  reasonsMax: 32,
  /** Rejected items that an answer names one by one. */
  namedItemsMax: 16,
  /** Objects and lists inside each other in JSON. */
  jsonDepthMax,
  /** Bytes of one transaction or depth message in JSON; a message of 20,000 levels has 600 KB. */
  jsonItemBytesMax: 2 * mebibyte,
  /** Bytes of a body below which its request needs no turn (HELD_BYTES_MAX). */
  heldBodyBytesMin: 64 * 1024,
  /** Memory of a request for each byte of its JSON; measured 5.5 with the REST v3 sink. */
  jsonMemoryFactor: 6,
  /** The same for each byte of protobuf or frames; measured 8.2. */
  binaryMemoryFactor: 8,
  /** Window of zstd; RFC 9659 allows senders no more. */
  zstdWindowBytesMax: 8 * mebibyte,
  zstdFramesMax: 64,
  /** Bytes of a refused body that are read before its connection is cut. */
  drainBytesMax: 32 * mebibyte,
  /** Time for the same, in ms. */
  drainMsMax: 2000,
  /** Least time of a send from the storage, for which nobody waits, in ms. */
  replayMsMin: 5000,
  /** Bytes of the REST v3 log's answer for each record of a request. */
  restResultBytesMax: 4096,
  /** Sends of spans under way at one isolate. */
  traceSendsMax: 16,
  /** Time of one of them, in ms. */
  traceSendMsMax: 5000,
  /** Characters of an error's message. */
  messageCharsMax: 1000,
} as const satisfies { readonly [name: string]: number };
