import {
  address,
  createSolanaRpcFromTransport,
  fetchAddressesForLookupTables,
  getAddressDecoder,
  type RpcTransport,
} from "@solana/kit";
import { describe, expect, it, onTestFinished } from "vitest";

import { createTableCache } from "../../../engine/resolve/table-cache-layout.ts";
import { TableCacheReader } from "../../../engine/resolve/table-cache-reader.ts";
import { TableCacheWriter } from "../../../engine/resolve/table-cache-writer.ts";
import { type ResolverLimits, TableResolver } from "../../../engine/resolve/table-resolver.ts";
import { JsonRpc } from "../../../engine/send/json-rpc.ts";
import { SolanaRpc } from "../../../engine/send/solana-rpc.ts";
import { runSeed, seeded } from "../../random.ts";
import { until } from "../../until.ts";
import { errorBodies } from "../send/error-bodies.ts";
import { FakeSolana } from "../send/fake-solana.ts";

const random = seeded(runSeed("table resolver"));
const method = "getMultipleAccounts";
const limits: ResolverLimits = {
  commitment: "confirmed",
  requestsPerSecond: 5,
  attemptsMax: 3,
  absentMs: 2000,
  backoff: { backoffMs: 200, backoffMsMax: 5000 },
};

/** @solana/kit's client; the fake takes no request but ours, byte for byte. */
const kitRpc = (url: string) => {
  const transport = async ({ payload }: { readonly payload: unknown }): Promise<unknown> => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ ...(payload as object), id: 1 });
    return (await fetch(url, { method: "POST", headers, body })).json();
  };
  return createSolanaRpcFromTransport(transport as RpcTransport);
};

const create = async (change: Partial<ResolverLimits> = {}) => {
  const node = new FakeSolana();
  const url = await node.server.listen();
  onTestFinished(() => node.server.close());
  const clock = { us: 5_000_000 };
  const memory = createTableCache(4096);
  const reader = new TableCacheReader(memory);
  const resolver = new TableResolver({
    cache: new TableCacheWriter(memory),
    rpc: new SolanaRpc(new JsonRpc({ url, fetch, answerBytesMax: 1 << 21 })),
    limits: { ...limits, ...change },
    nowUs: () => clock.us,
    random: () => 0.5,
  });
  const to = new Uint8Array(32);
  return {
    node,
    url,
    clock,
    resolver,
    /** A table of so many addresses; the node may know it. */
    table: (count: number, isThere = true) => {
      const name = random.bytes(32);
      const addresses = Array.from({ length: count }, () =>
        getAddressDecoder().decode(random.bytes(32)),
      );
      const at = getAddressDecoder().decode(name);
      if (isThere) node.accounts.set(at, { addresses });
      return { name, at, addresses };
    },
    known: (name: Uint8Array, entry: number): string | null => {
      const table = reader.find(new DataView(name.buffer), 0);
      const isKnown = table >= 0 && reader.copyKey(table, entry, new DataView(to.buffer), 0);
      return isKnown ? getAddressDecoder().decode(to) : null;
    },
    turn: async () => {
      const before = resolver.counts.fetches;
      resolver.turn();
      if (resolver.counts.fetches === before) return;
      await until(() => resolver.isIdle, "an answer");
    },
    check: () => {
      const { asked, answered, found, absent, gaveUp, full } = resolver.counts;
      expect(asked).toBe(answered + found + absent + gaveUp + full + resolver.waiting);
    },
  };
};

describe("the resolver of lookup tables", () => {
  it("finds tables by the hundred, the same ones as another implementation", async () => {
    const rig = await create();
    const tables = Array.from({ length: 130 }, (_, i) => rig.table(i === 0 ? 256 : 1 + (i % 9)));
    for (const { name } of tables) rig.resolver.ask(name, 0);
    // Asked for twice before the answer: looked up once.
    for (const { name } of tables) rig.resolver.ask(name, 0);
    await rig.turn();
    const sizes = rig.node.server.calls(method).map(([keys]) => (keys as unknown[]).length);
    expect(sizes).toEqual([100, 30]);
    expect(rig.node.server.calls(method)[0]?.[1]).toEqual({
      encoding: "base64",
      commitment: "confirmed",
    });
    expect(rig.resolver.counts).toMatchObject({
      asked: 260,
      answered: 130,
      found: 130,
      fetches: 2,
    });
    rig.check();
    const some = tables.slice(0, 100);
    const byKit = await fetchAddressesForLookupTables(
      some.map(({ at }) => address(at)),
      kitRpc(rig.url),
      { commitment: "confirmed" },
    );
    for (const { name, at, addresses } of some) {
      expect(byKit[at]).toEqual(addresses);
      for (const [entry, key] of addresses.entries()) expect(rig.known(name, entry)).toBe(key);
      expect(rig.known(name, addresses.length)).toBe(null);
    }
  });

  it("takes the longest answer that there can be", async () => {
    const rig = await create();
    const tables = Array.from({ length: 100 }, () => rig.table(256));
    for (const { name } of tables) rig.resolver.ask(name, 255);
    await rig.turn();
    expect(rig.resolver.counts).toMatchObject({ found: 100, failures: 0, fetches: 1 });
    for (const { name, addresses } of tables) expect(rig.known(name, 255)).toBe(addresses[255]);
  });

  it("remembers for a time that there is no such table, or that it is something else", async () => {
    const rig = await create();
    const { name, at } = rig.table(1, false);
    const other = rig.table(1, false);
    rig.node.accounts.set(other.at, { owner: "1".repeat(32), data: new Uint8Array(88) });
    for (const one of [name, other.name]) rig.resolver.ask(one, 0);
    await rig.turn();
    expect(rig.resolver.counts).toMatchObject({ absent: 2, fetches: 1 });
    rig.clock.us += 1_999_000;
    rig.resolver.ask(name, 0);
    await rig.turn();
    expect(rig.resolver.counts).toMatchObject({ answered: 1, fetches: 1 });
    const late = rig.table(3);
    rig.node.accounts.set(at, { addresses: late.addresses });
    rig.clock.us += 2000;
    rig.resolver.ask(name, 0);
    await rig.turn();
    expect(rig.known(name, 2)).toBe(late.addresses[2]);
    rig.check();
  });

  it("looks again when an address beyond the known end is needed, and not for one that is known", async () => {
    const rig = await create();
    const { name, at, addresses } = rig.table(40);
    rig.node.accounts.set(at, { addresses: addresses.slice(0, 20) });
    rig.resolver.ask(name, 19);
    await rig.turn();
    rig.clock.us += 3_000_000;
    rig.resolver.ask(name, 19);
    await rig.turn();
    expect(rig.resolver.counts.fetches).toBe(1);
    rig.node.accounts.set(at, { addresses });
    rig.resolver.ask(name, 20);
    await rig.turn();
    expect(rig.resolver.counts).toMatchObject({ fetches: 2, found: 2, answered: 1 });
    expect(rig.known(name, 39)).toBe(addresses[39]);
  });

  it("repeats with back-off what may succeed later, and gives up after so many attempts", async () => {
    const rig = await create();
    const { name, addresses } = rig.table(1);
    const { server } = rig.node;
    server.script(method, { error: errorBodies.nodeBehind }, { status: 502, text: "bad gateway" });
    rig.resolver.ask(name, 0);
    await rig.turn();
    await rig.turn();
    expect(rig.resolver.counts).toMatchObject({ fetches: 1, failures: 1 });
    // Half of 200 ms and half of the other half; then twice as long.
    rig.clock.us += 150_000;
    await rig.turn();
    rig.clock.us += 299_000;
    await rig.turn();
    expect(rig.resolver.counts.fetches).toBe(2);
    rig.clock.us += 1000;
    await rig.turn();
    expect(rig.known(name, 0)).toBe(addresses[0]);
    const lost = rig.table(1);
    server.script(method, "lost", { error: errorBodies.publicRateLimit, status: 429 }, "lost");
    rig.resolver.ask(lost.name, 0);
    for (let i = 0; i < 5; i += 1) {
      await rig.turn();
      rig.clock.us += 5_000_000;
    }
    expect(rig.resolver.counts).toMatchObject({ fetches: 6, failures: 5, gaveUp: 1 });
    rig.check();
  });

  it("waits as long as the node asks for, and does not repeat what it will never answer", async () => {
    const rig = await create();
    const first = rig.table(1);
    const headers = { "retry-after": "7" };
    rig.node.server.script(method, { status: 429, text: "", headers });
    rig.resolver.ask(first.name, 0);
    await rig.turn();
    rig.clock.us += 6_999_000;
    await rig.turn();
    expect(rig.resolver.counts.fetches).toBe(1);
    rig.clock.us += 1000;
    rig.node.server.script(method, { error: errorBodies.invalidParams });
    await rig.turn();
    expect(rig.resolver.counts).toMatchObject({ fetches: 2, failures: 2, gaveUp: 1 });
    expect(rig.resolver.waiting).toBe(0);
  });

  it("takes an answer of another shape for a failure", async () => {
    const answer = (value: unknown): string =>
      JSON.stringify({ jsonrpc: "2.0", id: 1, result: value });
    for (const result of [
      null,
      {},
      { value: [] },
      { value: [{ owner: 1 }] },
      { value: [null, null] },
      { value: [{ owner: "a", data: "AA==" }] },
      { value: [{ owner: "a", data: ["A!", "base64"] }] },
    ]) {
      const rig = await create({ attemptsMax: 1 });
      rig.node.server.script(method, { status: 200, text: answer(result) });
      rig.resolver.ask(rig.table(1).name, 0);
      await rig.turn();
      expect(rig.resolver.counts).toMatchObject({ failures: 1, gaveUp: 1, found: 0 });
    }
  });

  it("sends no more requests than the rate allows", async () => {
    const rig = await create({ requestsPerSecond: 2 });
    for (let i = 0; i < 20; i += 1) {
      rig.resolver.ask(rig.table(1).name, 0);
      await rig.turn();
      rig.clock.us += 100_000;
    }
    // Two at once, and two in each of the two seconds.
    expect(rig.resolver.counts.fetches).toBe(5);
    rig.check();
  });

  it("drops and counts requests for more tables than it keeps in mind", async () => {
    const rig = await create();
    rig.node.server.script(method, { status: 429, text: "", headers: { "retry-after": "9" } });
    rig.resolver.ask(rig.table(1).name, 0);
    await rig.turn();
    for (let i = 0; i < 1100; i += 1) rig.resolver.ask(rig.table(1).name, 0);
    expect(rig.resolver.counts.full).toBe(1101 - 1024);
    rig.check();
    rig.clock.us += 9_000_000;
    for (let i = 0; i < 6; i += 1) {
      await rig.turn();
      rig.clock.us += 1_000_000;
    }
    expect(rig.resolver.counts.found).toBe(1024);
    rig.check();
  });
});
