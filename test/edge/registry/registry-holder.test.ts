import { afterEach, expect, test, vi } from "vitest";

import { RegistryHolder, type RegistryStore } from "../../../edge/registry/registry-holder.ts";
import { compileRegistry } from "../../../schemas/weaver/compile.ts";
import type { ResolvedRegistry } from "../../../schemas/weaver/resolved.ts";

const registry = (version: string): ResolvedRegistry => ({
  registry_url: "",
  schema_url: "",
  version,
  groups: [{ id: "task.execute", type: "span", brief: "", attributes: [], span_kind: "internal" }],
});
const compiled = (version: string): Uint8Array<ArrayBuffer> => {
  const result = compileRegistry(registry(version));
  if (!result.ok) throw new Error(result.problems.join());
  return result.bytes;
};

class Store {
  readonly values = new Map<string, string | Uint8Array<ArrayBuffer>>();
  asked = 0;
  get(key: string, type: "text"): Promise<string | null>;
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
  async get(key: string): Promise<string | ArrayBuffer | null> {
    this.asked += 1;
    const value = this.values.get(key);
    return value === undefined ? null : typeof value === "string" ? value : value.slice().buffer;
  }
}

const start = (): { store: Store; clock: { ms: number }; holder: RegistryHolder } => {
  const store = new Store();
  const clock = { ms: 0 };
  const holder = new RegistryHolder({
    bundled: compiled("bundled"),
    store,
    nowMs: () => clock.ms,
  });
  return { store, clock, holder };
};

afterEach(() => {
  vi.useRealTimers();
});

test("the bundle's registry serves until the store names another, looked for twice a minute", async () => {
  const { store, clock, holder } = start();
  await holder.refresh();
  expect(holder.current.version).toBe("bundled");
  store.values.set("registry", '{"current":"two"}').set("registry:two", compiled("two"));
  clock.ms = 29_999;
  expect(holder.refresh()).toBeUndefined();
  clock.ms = 30_000;
  await holder.refresh();
  expect(holder.snapshot()).toEqual({ version: "two", canary: null, swaps: 1, error: "" });
});

test("a clock that is set back does not keep it from looking", async () => {
  const { store, clock, holder } = start();
  await holder.refresh();
  store.values.set("registry", '{"current":"two"}').set("registry:two", compiled("two"));
  clock.ms -= 3_600_000;
  await holder.refresh();
  expect(holder.current.version).toBe("two");
  expect(holder.refresh()).toBeUndefined();
});

test("a version that is held already is not read again", async () => {
  const { store, clock, holder } = start();
  store.values.set("registry", '{"current":"two"}').set("registry:two", compiled("two"));
  await holder.refresh();
  const { asked } = store;
  clock.ms = 30_000;
  await holder.refresh();
  expect(store.asked).toBe(asked + 1);
});

test.each([
  ["a document that is no JSON", "{", undefined, /^registry: expected JSON$/],
  ["a document without a version", "{}", undefined, /^registry: current: expected 1 to 128 char/],
  [
    "a canary without a name",
    '{"current":"bundled","canary":""}',
    undefined,
    /^registry: canary: expected 1 to 128 characters$/,
  ],
  ["a list", "[]", undefined, /^registry: expected \{"current":VERSION/],
  ["a version that is not there", '{"current":"x"}', undefined, /registry:x: not in the store/],
  ["damaged tables", '{"current":"x"}', new Uint8Array(100), /registry:x: tables: /],
])("%s is refused and the old registry stays", async (_, pointer, tables, error) => {
  const { store, holder } = start();
  store.values.set("registry", pointer);
  if (tables !== undefined) store.values.set("registry:x", tables);
  await holder.refresh();
  expect(holder.current.version).toBe("bundled");
  expect(holder.snapshot()["error"]).toMatch(error);
});

test.each([
  ["when the store names the bundle's", '{"current":"bundled"}'],
  ["when the store names none any more", undefined],
])("the bundle's registry serves again %s, as in a new isolate", async (_, pointer) => {
  const { store, clock, holder } = start();
  store.values.set("registry:two", compiled("two")).set("registry:three", compiled("three"));
  store.values.set("registry", '{"current":"two","canary":"three"}');
  await holder.refresh();
  store.values.set("registry", "{");
  clock.ms = 60_000;
  await holder.refresh();
  expect(holder.snapshot()["error"]).not.toBe("");
  if (pointer === undefined) store.values.delete("registry");
  else store.values.set("registry", pointer);
  clock.ms = 120_000;
  await holder.refresh();
  expect(holder.snapshot()).toEqual({ version: "bundled", canary: null, swaps: 2, error: "" });
});

test("a canary stands beside the current one, and leaves when the store names none", async () => {
  const { store, clock, holder } = start();
  store.values.set("registry:two", compiled("two"));
  store.values.set("registry", '{"current":"bundled","canary":"two"}');
  await holder.refresh();
  expect([holder.current.version, holder.canary?.version]).toEqual(["bundled", "two"]);
  store.values.set("registry", '{"current":"two"}');
  clock.ms = 30_000;
  await holder.refresh();
  expect([holder.current.version, holder.canary]).toEqual(["two", undefined]);
});

test("a store that fails changes nothing and is named", async () => {
  const { holder, store } = start();
  store.get = (() => Promise.reject(new Error("away"))) as RegistryStore["get"];
  await holder.refresh();
  expect(holder.snapshot()).toMatchObject({ version: "bundled", error: "Error: away" });
});

test("the first requests do not wait for ever for a store that does not answer", async () => {
  vi.useFakeTimers();
  const { holder, store } = start();
  store.get = (() => new Promise(() => undefined)) as RegistryStore["get"];
  const first = holder.first();
  await vi.advanceTimersByTimeAsync(5000);
  await first;
  expect(holder.snapshot()).toMatchObject({
    version: "bundled",
    error: "Error: the store does not answer within 5000 ms",
  });
  expect(holder.first()).toBeUndefined();
});

test("the first requests wait for the store, each on its own; later ones do not", async () => {
  const { store, holder } = start();
  store.values.set("registry", '{"current":"two"}').set("registry:two", compiled("two"));
  const [one, two] = [holder.first(), holder.first()];
  expect(one).not.toBe(two);
  await Promise.all([one, two]);
  expect(holder.current.version).toBe("two");
  expect(holder.first()).toBeUndefined();
  expect(holder.refresh()).toBeUndefined();
});

test("after a pause the first requests wait for the store again", async () => {
  const { store, clock, holder } = start();
  await holder.first();
  store.values.set("registry", '{"current":"two"}').set("registry:two", compiled("two"));
  clock.ms += 59_999;
  expect(holder.first()).toBeUndefined();
  clock.ms += 1;
  const [one, two] = [holder.first(), holder.first()];
  expect(one).toBeDefined();
  expect(two).toBeDefined();
  await Promise.all([one, two]);
  expect(holder.current.version).toBe("two");
  expect(holder.first()).toBeUndefined();
});
