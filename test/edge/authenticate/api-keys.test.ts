import { createHash } from "node:crypto";

import { describe, expect, test } from "vitest";

import { authenticator } from "../../../edge/authenticate/api-keys.ts";
import { readConfig } from "../../../edge/config.ts";

const base = { LOG_KIND: "kafka", KAFKA_BROKERS: "a:1" };
const sha256 = (key: string): string => createHash("sha256").update(key).digest("hex");
const withKeys = authenticator(
  readConfig({ ...base, API_KEYS: "first second", API_KEY_HASHES: `acme:${sha256("third")}` }),
);

const tenant = (headers: { [name: string]: string }): unknown => {
  const result = withKeys(new Headers(headers));
  return typeof result === "string" ? result : result.code;
};

describe("with keys", () => {
  test("a bearer token and x-api-key are taken, the scheme in any case", () => {
    expect(tenant({ authorization: "Bearer first" })).toBe("default");
    expect(tenant({ authorization: "bearer second" })).toBe("default");
    expect(tenant({ "x-api-key": "first" })).toBe("default");
  });

  test("a hashed key stands for its tenant", () => {
    expect(tenant({ authorization: "Bearer third" })).toBe("acme");
  });

  test.each([
    ["no key", {}],
    ["a wrong key", { authorization: "Bearer wrong" }],
    ["a prefix of a key", { authorization: "Bearer firs" }],
    ["the hash itself", { authorization: `Bearer ${sha256("third")}` }],
    ["another scheme", { authorization: "Basic first" }],
    ["a bad Authorization beside a good x-api-key", { authorization: "x", "x-api-key": "first" }],
    ["a huge key", { authorization: `Bearer ${"x".repeat(5000)}` }],
  ])("%s is refused", (_what, headers) => {
    expect(tenant(headers as { [name: string]: string })).toBe("unauthenticated");
  });
});

describe("without keys", () => {
  const open = authenticator(readConfig(base));

  test("loopback is served", () => {
    expect(open(new Headers())).toBe("default");
    expect(open(new Headers({ "cf-connecting-ip": "127.0.0.1" }))).toBe("default");
  });

  test("a request through Cloudflare is refused", () => {
    const refused = open(new Headers({ "cf-connecting-ip": "203.0.113.7" }));
    expect(refused).toMatchObject({ code: "unauthenticated" });
  });
});
