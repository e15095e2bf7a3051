import { createHash } from "node:crypto";

import { describe, expect, test } from "vitest";

import { TenantDirectory, type TenantStore } from "../../../edge/authenticate/tenant-directory.ts";
import { readConfig } from "../../../edge/config.ts";
import { isRefusal } from "../../../edge/errors.ts";

const base = { LOG_KIND: "kafka", KAFKA_BROKERS: "a:1" };
const sha256 = (key: string): string => createHash("sha256").update(key).digest("hex");
type Settings = { readonly [name: string]: string };

const directory = (settings: Settings, store?: TenantStore, nowMs = () => 0): TenantDirectory =>
  new TenantDirectory({ config: readConfig({ ...base, ...settings }), store, nowMs });

const who = async (from: TenantDirectory, headers: Settings): Promise<string> => {
  const caller = await from.caller(new Headers(headers));
  return isRefusal(caller) ? caller.code : caller.tenant.name;
};

const documentOf = (...tenants: readonly object[]): string => JSON.stringify({ tenants });
const acme = { name: "acme", keys: [sha256("acme-key")] };

describe("with keys", () => {
  const keys = directory({
    API_KEYS: "first second",
    API_KEY_HASHES: `globex:${sha256("third")}`,
    TENANTS: documentOf(acme),
  });

  test("a bearer token and x-api-key are taken, the scheme in any case", async () => {
    expect(await who(keys, { authorization: "Bearer first" })).toBe("default");
    expect(await who(keys, { authorization: "bearer second" })).toBe("default");
    expect(await who(keys, { "x-api-key": "first" })).toBe("default");
  });

  test("a hashed key and a key of the document stand for their tenant", async () => {
    expect(await who(keys, { authorization: "Bearer third" })).toBe("globex");
    expect(await who(keys, { "x-api-key": "acme-key" })).toBe("acme");
  });

  test.each([
    ["no key", {}],
    ["a wrong key", { authorization: "Bearer wrong" }],
    ["a prefix of a key", { authorization: "Bearer firs" }],
    ["the hash itself", { authorization: `Bearer ${sha256("third")}` }],
    ["another scheme", { authorization: "Basic first" }],
    ["a bad Authorization beside a good x-api-key", { authorization: "x", "x-api-key": "first" }],
    ["a huge key", { authorization: `Bearer ${"x".repeat(5000)}` }],
  ])("%s is refused", async (_what, headers) => {
    expect(await who(keys, headers as Settings)).toBe("unauthenticated");
  });

  test("rights: all for keys of the settings, those of the document for its tenants", async () => {
    const limited = directory({ TENANTS: documentOf({ ...acme, signals: ["logs"] }) });
    const caller = await limited.caller(new Headers({ "x-api-key": "acme-key" }));
    if (isRefusal(caller)) throw new Error(caller.message);
    expect([...caller.tenant.signals]).toEqual(["logs"]);
    expect(caller.tenant.isOperator).toBe(false);
    const full = await keys.caller(new Headers({ "x-api-key": "first" }));
    if (isRefusal(full)) throw new Error(full.message);
    expect([full.tenant.signals.size, full.tenant.isOperator]).toEqual([5, true]);
  });
});

describe("without keys", () => {
  const open = directory({});

  test("loopback is served", async () => {
    expect(await who(open, {})).toBe("default");
    expect(await who(open, { "cf-connecting-ip": "127.0.0.1" })).toBe("default");
  });

  test("a request through Cloudflare is refused", async () => {
    expect(await who(open, { "cf-connecting-ip": "203.0.113.7" })).toBe("unauthenticated");
  });
});

describe("with a store", () => {
  class Store implements TenantStore {
    reads = 0;
    value: string | null | Error = documentOf(acme);
    get(): Promise<string | null> {
      this.reads += 1;
      const { value } = this;
      return value instanceof Error ? Promise.reject(value) : Promise.resolve(value);
    }
  }

  const setup = (settings: Settings = {}) => {
    const store = new Store();
    const clock = { ms: 1_000_000 };
    const tenants = directory(settings, store, () => clock.ms);
    /** What a request does: a refresh when one is due, then the question. */
    const ask = (key: string): Promise<string> => {
      void tenants.refresh();
      return who(tenants, { "x-api-key": key });
    };
    return { store, clock, tenants, ask };
  };

  test("the first request waits for the document", async () => {
    const { ask, store } = setup();
    expect(await ask("acme-key")).toBe("acme");
    expect(await ask("other")).toBe("unauthenticated");
    expect(store.reads).toBe(1);
  });

  test("nothing is open while a store is bound", async () => {
    const { ask, tenants } = setup();
    expect(await ask("")).toBe("unauthenticated");
    expect(await who(tenants, {})).toBe("unauthenticated");
  });

  test("a new document counts after at most a minute, read at most once a minute", async () => {
    const { ask, store, clock } = setup();
    await ask("acme-key");
    store.value = documentOf({ name: "globex", keys: [sha256("globex-key")] });
    clock.ms += 59_999;
    await ask("acme-key");
    expect(store.reads).toBe(1);
    clock.ms += 1;
    await ask("acme-key");
    expect(store.reads).toBe(2);
    await Promise.resolve();
    expect(await ask("globex-key")).toBe("globex");
    expect(await ask("acme-key")).toBe("unauthenticated");
  });

  test("a document that is deleted takes its tenants away without a fault, and nothing is open then", async () => {
    const { ask, store, clock, tenants } = setup({ API_KEYS: "first" });
    expect(await ask("acme-key")).toBe("acme");
    store.value = null;
    clock.ms += 3_600_000;
    expect(await Promise.all(["acme-key", "", "first"].map(ask))).toEqual([
      "unauthenticated",
      "unauthenticated",
      "default",
    ]);
    expect(tenants.snapshot()).toMatchObject({ storedTenants: 0, storeError: "" });
  });

  test("a clock that is set back does not keep a new document from counting", async () => {
    const { ask, store, clock } = setup();
    await ask("acme-key");
    store.value = documentOf({ name: "globex", keys: [sha256("globex-key")] });
    clock.ms -= 500_000;
    await ask("acme-key");
    await Promise.resolve();
    expect(await ask("acme-key")).toBe("unauthenticated");
    expect(store.reads).toBe(2);
  });

  test("after a pause the first requests wait for the document, whatever was known before", async () => {
    const { ask, store, clock } = setup({ API_KEYS: "first" });
    await ask("acme-key");
    store.value = documentOf({ name: "globex", keys: [sha256("globex-key")] });
    clock.ms += 3_600_000;
    const together = ["globex-key", "acme-key", "wrong", "first"].map(ask);
    expect(await Promise.all(together)).toEqual([
      "globex",
      "unauthenticated",
      "unauthenticated",
      "default",
    ]);
    expect(store.reads).toBe(2);
  });

  test("when the store cannot be read after a pause, known keys go on and others are 503", async () => {
    const { ask, store, clock } = setup();
    await ask("acme-key");
    store.value = new Error("down");
    clock.ms += 3_600_000;
    expect(await Promise.all([ask("acme-key"), ask("new-key")])).toEqual(["acme", "unavailable"]);
  });

  test.each([
    ["is bad", "{"],
    ["has an unknown field", JSON.stringify({ tenants: [], admin: true })],
    ["cannot be read", new Error("KV is down: secret")],
    ["has a tenant of the settings", documentOf({ name: "mine", keys: [sha256("x")] })],
  ])("the last good one is kept when the new one %s", async (_what, value) => {
    const { ask, store, clock, tenants } = setup({
      TENANTS: documentOf({ name: "mine", keys: [sha256("mine-key")] }),
    });
    await ask("acme-key");
    store.value = value;
    clock.ms += 60_000;
    await ask("acme-key");
    expect(await ask("acme-key")).toBe("acme");
    const { storeError, storedTenants } = tenants.snapshot();
    expect(storedTenants).toBe(1);
    expect(storeError).not.toBe("");
    expect(storeError).not.toContain("secret");
  });

  test("an unknown key is 503 until the store has answered once, then 401", async () => {
    const { ask, store, clock } = setup({ API_KEYS: "first" });
    store.value = new Error("down");
    expect(await ask("acme-key")).toBe("unavailable");
    expect(await ask("first")).toBe("default");
    store.value = documentOf(acme);
    expect(await ask("acme-key")).toBe("unavailable");
    clock.ms += 5000;
    expect(await ask("acme-key")).toBe("acme");
    expect(await ask("other")).toBe("unauthenticated");
  });

  test("a tenant's use goes on when its rates are read again, and when they change", async () => {
    const { store, clock, tenants } = setup();
    const meter = async () => {
      await tenants.refresh();
      const caller = await tenants.caller(new Headers({ "x-api-key": "acme-key" }));
      if (isRefusal(caller)) throw new Error(caller.message);
      return caller.meter;
    };
    store.value = documentOf({ ...acme, itemsPerDay: 100 });
    const first = await meter();
    first.charge(40, clock.ms);
    clock.ms += 60_000;
    expect(await meter()).toBe(first);
    store.value = documentOf({ ...acme, itemsPerDay: 50 });
    clock.ms += 60_000;
    const changed = await meter();
    expect(changed.admit(clock.ms)).toBeUndefined();
    // A request that was under way meanwhile.
    first.charge(20, clock.ms);
    expect(changed.admit(clock.ms)).toMatchObject({ code: "quota-exceeded" });
  });
});

describe("with a store and a quota", () => {
  const dayMs = 86_400_000;

  test("what was used yesterday does not count today when the rates change", async () => {
    let json = documentOf({ ...acme, itemsPerDay: 100 });
    const clock = { ms: 2 * dayMs - 60_000 };
    const tenants = directory({}, { get: () => Promise.resolve(json) }, () => clock.ms);
    const meter = async () => {
      await tenants.refresh();
      const caller = await tenants.caller(new Headers({ "x-api-key": "acme-key" }));
      if (isRefusal(caller)) throw new Error(caller.message);
      return caller.meter;
    };
    (await meter()).charge(100, clock.ms);
    json = documentOf({ ...acme, itemsPerDay: 90 });
    clock.ms = 2 * dayMs + 1;
    expect((await meter()).admit(clock.ms)).toBeUndefined();
  });

  test("a good document that comes back after a bad one ends its fault", async () => {
    const good = documentOf(acme);
    let json = good;
    const clock = { ms: 0 };
    const tenants = directory({}, { get: () => Promise.resolve(json) }, () => clock.ms);
    const errors: unknown[] = [];
    for (const next of [good, "{", good]) {
      json = next;
      await tenants.refresh();
      errors.push(tenants.snapshot()["storeError"]);
      clock.ms += 60_000;
    }
    expect(errors).toEqual(["", "expected JSON", ""]);
    expect(await who(tenants, { "x-api-key": "acme-key" })).toBe("acme");
  });
});

test("no key and no hash is in the snapshot", () => {
  const tenants = directory({ API_KEYS: "first", TENANTS: documentOf(acme) });
  const text = JSON.stringify(tenants.snapshot());
  expect(text).not.toContain("first");
  expect(text).not.toContain(sha256("acme-key").slice(0, 8));
});
