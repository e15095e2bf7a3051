import * as fc from "fast-check";
import { expect, test } from "vitest";

import { ConfigError, readConfig } from "../../edge/config.ts";
import { settableLimits } from "../../edge/limits.ts";

const kafka = { LOG_KIND: "kafka", KAFKA_BROKERS: "a:9092, b:9093" };
const hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

test("defaults are frozen and complete, brokers are a list", () => {
  const config = readConfig(kafka);
  expect(config.log).toEqual({
    kind: "kafka",
    brokers: ["a:9092", "b:9093"],
    isTls: false,
    login: null,
    encoder: "weir",
  });
  expect(config.body.bodyBytesMax).toBe(16 << 20);
  expect(config.group.groupBytesMax).toBe(900_000);
  expect(Object.isFrozen(config)).toBe(true);
});

test("the REST address loses its trailing slash", () => {
  const { log } = readConfig({ LOG_KIND: "rest", REST_URL: "http://127.0.0.1:8082/" });
  expect(log).toEqual({
    kind: "rest",
    url: "http://127.0.0.1:8082",
    cluster: "weir",
    authorization: "",
  });
});

test("a hash may name its tenant", () => {
  const { apiKeyHashes } = readConfig({ ...kafka, API_KEY_HASHES: `acme:${hash} ${hash}` });
  expect(apiKeyHashes.map(({ tenant }) => tenant)).toEqual(["acme", "default"]);
  expect(apiKeyHashes[0]?.sha256[0]).toBe(0x9f);
});

test.each([
  ["LOG_KIND", { LOG_KIND: "pulsar" }],
  ["KAFKA_BROKERS", { LOG_KIND: "kafka", KAFKA_BROKERS: "nowhere" }],
  ["REST_URL", { LOG_KIND: "rest", REST_URL: "localhost" }],
  ["BODY_BYTES_MAX", { ...kafka, BODY_BYTES_MAX: "lots" }],
  ["BODY_BYTES_MAX", { ...kafka, BODY_BYTES_MAX: "40000000" }],
  ["GROUP_BYTES_MAX", { ...kafka, GROUP_BYTES_MAX: "2000000" }],
  ["API_KEY_HASHES", { ...kafka, API_KEY_HASHES: "not-a-hash" }],
  ["WAIT_MS_MAX", { ...kafka, WAIT_MS_MAX: "1.5" }],
  ["PARTITION_BY_TRACE", { ...kafka, PARTITION_BY_TRACE: "sometimes" }],
])("a bad %s is named", (field, environment) => {
  expect(() => readConfig(environment)).toThrow(ConfigError);
  expect(() => readConfig(environment)).toThrow(field);
});

test("the message never holds the value, which may be a secret", () => {
  expect(() => readConfig({ ...kafka, API_KEY_HASHES: "secret-key" })).not.toThrow("secret-key");
});

test("an integer setting takes its whole range and nothing else", () => {
  const taken = (value: unknown): boolean => {
    try {
      return readConfig({ ...kafka, RETRY_AFTER_S: value }).retryAfterS === Number(value);
    } catch (error) {
      return !(error instanceof ConfigError);
    }
  };
  fc.assert(fc.property(fc.integer({ min: 1, max: 3600 }), (value) => taken(` ${value} `)));
  fc.assert(fc.property(fc.integer({ min: 3601 }), (value) => !taken(String(value))));
  fc.assert(fc.property(fc.integer({ max: 0 }), (value) => !taken(String(value))));
  fc.assert(fc.property(fc.stringMatching(/^[a-z.]+$/), (value) => !taken(value)));
});

test("every limit of the table is a setting, with the default and the range that the table says", () => {
  const taken = (name: string, value: number): boolean => {
    try {
      readConfig({ ...kafka, [name]: String(value) });
      return true;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      // Two limits may contradict each other within their ranges; that is another test's.
      return !error.message.includes(`${name}: expected an integer`);
    }
  };
  for (const [name, { default: fallback, min, max }] of Object.entries(settableLimits)) {
    expect([name, fallback >= min, fallback <= max]).toEqual([name, true, true]);
    expect([name, taken(name, min), taken(name, max)]).toEqual([name, true, true]);
    expect([name, taken(name, min - 1), taken(name, max + 1)]).toEqual([name, false, false]);
  }
});

test.each([
  ["KAFKA_TLS", { KAFKA_TLS: "yes" }],
  ["KAFKA_SASL_MECHANISM", { KAFKA_TLS: "true", KAFKA_SASL_MECHANISM: "gssapi" }],
  ["KAFKA_SASL_MECHANISM", { KAFKA_TLS: "true", KAFKA_SASL_MECHANISM: "plain" }],
  [
    "KAFKA_SASL_MECHANISM",
    { KAFKA_SASL_MECHANISM: "plain", KAFKA_SASL_USERNAME: "u", KAFKA_SASL_PASSWORD: "p" },
  ],
  ["KAFKA_ENCODER", { KAFKA_ENCODER: "other" }],
  ["ENCODING_STATUS", { ENCODING_STATUS: "418" }],
  ["CORS_ORIGINS", { CORS_ORIGINS: "app.example" }],
  ["CORS_HEADERS", { CORS_HEADERS: "a b:c" }],
  ["API_KEYS: expected keys of at most 512 bytes", { API_KEYS: "x".repeat(513) }],
  ["TENANTS", { TENANTS: "{" }],
  ["TENANTS", { TENANTS: '{"tenants":[{"name":"a"}]}' }],
  ["BODY_BYTES_MAX", { BODY_BYTES_MAX: "20000000", BODIES_BYTES_MAX: "10000000" }],
])("a bad %s is named too", (field, environment) => {
  expect(() => readConfig({ ...kafka, ...environment })).toThrow(field);
});

test("a tenant of TENANTS may not be one that the operator's keys stand for", () => {
  const digest = "0".repeat(64);
  const tenants = (name: string): object => ({
    ...kafka,
    TENANTS: JSON.stringify({ tenants: [{ name, keys: [digest], requestsPerS: 1 }] }),
  });
  const both = (name: string, keys: object): unknown => readConfig({ ...tenants(name), ...keys });
  expect(() => both("default", { API_KEYS: "key" })).toThrow("TENANTS: default has keys");
  expect(() => both("acme", { API_KEY_HASHES: `acme:${"1".repeat(64)}` })).toThrow("acme has keys");
  expect(() => both("default", {})).not.toThrow();
  expect(() => both("acme", { API_KEYS: "key" })).not.toThrow();
});

test("every bad field is named, not only the first", () => {
  expect(() => readConfig({ ...kafka, RETRY_AFTER_S: "0", WAIT_MS_MAX: "soon" })).toThrow(
    /WAIT_MS_MAX: .*; RETRY_AFTER_S: /,
  );
});
