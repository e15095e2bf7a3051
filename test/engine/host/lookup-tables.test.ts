// Lookup tables in the running engine: a node of its own answers, knows nothing, is dead, or is none.
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { getAddressDecoder } from "@solana/kit";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";

import { engineSettingsOf } from "../../../engine/config/settings-of.ts";
import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { startEngine } from "../../../engine/host/engine.ts";
import { openLog } from "../../../engine/log/open-log.ts";
import type { MetricKey } from "../../../engine/metrics/table.ts";
import { encodeBase58 } from "../../../schemas/market/base58.ts";
import type { Candidate } from "../../../schemas/market/candidate.ts";
import { lookupTableData, lookupTableProgram } from "../../oracles/lookup-table.ts";
import { runSeed, seeded } from "../../random.ts";
import { transactionFrame } from "../../transaction-frame.ts";
import { until } from "../../until.ts";
import { effective } from "../config/effective.ts";
import { FakeSolana } from "../send/fake-solana.ts";
import { type HiddenTransaction, hiddenTransaction } from "../sniff/hidden-transactions.ts";
import { candidatesIn } from "./candidates-in-log.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-lookup-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const random = seeded(runSeed("lookup tables"));

const envelopeBytes = 65;
const payerAt = 69;

/** Signed by a new payer; the version byte moves the keys by one. */
const signed = (wire: Uint8Array): Uint8Array => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const copy = wire.slice();
  copy.set(publicKey.export({ type: "spki", format: "der" }).subarray(-32), payerAt + 1);
  copy.set(sign(null, copy.subarray(envelopeBytes), privateKey), 1);
  return copy;
};

const mintOf = ({ plain, rule }: HiddenTransaction): string => {
  // Behind envelope, version, header and count: the payer, then the instruction's accounts.
  const at = payerAt + 1 + 32 + rule.mint * 32;
  return encodeBase58(plain, at, at + 32);
};

const some = (count: number): readonly HiddenTransaction[] =>
  Array.from({ length: count }, () => hiddenTransaction(random));

const addressOf = (bytes: Uint8Array): ReturnType<typeof decoder.decode> => decoder.decode(bytes);
const decoder = getAddressDecoder();
const filler = decoder.decode(random.bytes(32));

const createNode = async () => {
  const node = new FakeSolana();
  const url = await node.server.listen();
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await node.server.close();
    isOpen = false;
  };
  onTestFinished(close);
  const learn = (transactions: readonly HiddenTransaction[]): void => {
    for (const { name, keys } of transactions.flatMap(({ tables }) => tables)) {
      const count = keys.length / 32;
      // As long as a table can be, and so is the answer.
      const addresses = Array.from({ length: 256 }, (_, i) =>
        i < count ? addressOf(keys.subarray(i * 32, i * 32 + 32)) : filler,
      );
      // Written here and not for each request: that takes a busy machine longer than the engine waits.
      const data = lookupTableData({ addresses });
      node.accounts.set(addressOf(name), { data, owner: lookupTableProgram });
    }
  };
  return { node, url, close, learn };
};

/** Longer than any configuration allows: a slow machine answers in time too. */
const patientMs = 120_000;

const run = async (name: string, set: { readonly [path: string]: string }, waitMs = patientMs) => {
  // With the default of 1,024 one seed in thirty puts more than eight tables into one set.
  const { config } = effective({ "lookup_tables.tables_max": "8192", ...set });
  const directory = join(folder, name);
  const settings = engineSettingsOf(config, { now: () => config, stageFolder: folder });
  const { sniff } = settings;
  const engine = await startEngine({
    log: { directory, port: 0 },
    runId: "lookup",
    ...settings,
    sniff: { ...sniff, tables: sniff.tables && { ...sniff.tables, waitMs } },
  });
  const log = await openLog({ directory });
  const counts = (): { readonly [key in MetricKey]: number } =>
    takeSnapshot(engine.memory, engine.lanes).counts;
  const candidates = (): Promise<readonly Candidate[]> => candidatesIn(log);
  return {
    engine,
    counts,
    candidates,
    append: (wires: readonly Uint8Array[], partition = 1) =>
      log.append([
        {
          topic: "weir-transactions",
          partition,
          key: null,
          value: transactionFrame(wires),
          headers: { "weir-run": "lookup" },
          timestampMs: Date.now(),
        },
      ]),
    handled: (items: number) =>
      until(() => counts().handledTransactions >= items, `${items} transactions handled`),
    /** Ends the engine; every transaction is accounted for. */
    close: async () => {
      await engine.stop(60_000);
      const written = await candidates();
      await log.close();
      const { sniffer, counts: last } = takeSnapshot(engine.memory, engine.lanes);
      for (const stage of Object.values(sniffer.stages)) expect(stage.inFlight).toBe(0);
      expect(last.tableRoom).toBe(0);
      expect(last.tablesAsked).toBe(
        last.tablesAnswered +
          last.tablesFound +
          last.tablesAbsent +
          last.tablesGivenUp +
          last.tablesFull +
          last.tablesWaiting,
      );
      return { last, written };
    },
  };
};

const setKey = (key: string): void => {
  process.env["WEIR_LOOKUP_TABLES_KEY"] = key;
  onTestFinished(() => {
    delete process.env["WEIR_LOOKUP_TABLES_KEY"];
  });
};

const mintsOf = (written: readonly Candidate[]): readonly string[] =>
  written.map(({ mint = "" }) => mint).toSorted();

describe("lookup tables of a running engine", () => {
  it("are asked of the node, and name mints that are behind them; later ones are known at once", async () => {
    const { node, url, learn } = await createNode();
    const transactions = some(120);
    learn(transactions);
    const running = await run("found", {
      "lookup_tables.url": url,
      "lookup_tables.commitment": "finalized",
    });
    await running.append(transactions.map(({ wire }) => signed(wire)));
    await running.handled(120);
    await until(() => running.counts().tablesWaiting === 0, "all answers");
    // The ledger counts at once, the sniffer's own figures follow at the end of a turn.
    await until(() => running.counts().tableResolved === 120, "all resolved");
    const first = running.counts();
    expect(first).toMatchObject({ tableMisses: 120, tableHits: 0 });
    await running.append(transactions.map(({ wire }) => signed(wire)));
    await running.handled(240);
    const { last, written } = await running.close();
    expect(last).toMatchObject({ tableMisses: 120, tableHits: 120, candidates: 240 });
    expect(last.needsResolve + last.unresolvedOff).toBe(first.needsResolve);
    expect(last.tableFetches).toBe(first.tableFetches);
    const mints = transactions.map(mintOf);
    expect(mintsOf(written)).toEqual([...mints, ...mints].toSorted());
    const calls = node.server.calls("getMultipleAccounts");
    expect(calls.length).toBe(last.tableFetches);
    for (const [keys, options] of calls) {
      expect((keys as readonly string[]).length).toBeLessThanOrEqual(100);
      expect(options).toEqual({ encoding: "base64", commitment: "finalized" });
    }
  });

  it("that do not exist keep nobody waiting longer than the answer takes", async () => {
    const { url, node } = await createNode();
    setKey("of-the-node");
    const running = await run("absent", {
      "lookup_tables.url": url,
    });
    await running.append(some(20).map(({ wire }) => signed(wire)));
    await running.handled(20);
    const { last, written } = await running.close();
    expect(last).toMatchObject({ tableMisses: 20, unresolvedAbsent: 20, candidates: 20 });
    for (const { headers } of node.server.requests) {
      expect(headers).toMatchObject({ authorization: "Bearer of-the-node" });
    }
    expect(mintsOf(written)).toEqual(Array.from({ length: 20 }, () => ""));
  });

  it("of a dead node are waited for no longer than configured", async () => {
    const { url, close } = await createNode();
    await close();
    const running = await run("dead", { "lookup_tables.url": url }, 50);
    await running.append(some(20).map(({ wire }) => signed(wire)));
    await running.handled(20);
    const { last, written } = await running.close();
    expect(last).toMatchObject({ tableMisses: 20, unresolvedLate: 20, candidates: 20 });
    expect(last.tableFetchFailures).toBeGreaterThan(0);
    expect(written).toHaveLength(20);
  });

  it("hold up nothing: with half of what may be open behind them transactions go on without", async () => {
    const { url, close } = await createNode();
    await close();
    const running = await run("pressed", {
      "lookup_tables.url": url,
      "lookup_tables.waiting_max": "8",
      "sniffer.stream_buffer_size": "16",
    });
    const transactions = some(60);
    // The last ones alone can wait until the end of the engine.
    await running.append(
      transactions.map(({ plain, wire }, i) => signed(i % 4 === 0 ? wire : plain)),
    );
    await until(() => running.counts().candidates >= 56, "all but the last candidates");
    const { last, written } = await running.close();
    expect(last.unresolvedHurried).toBeGreaterThan(8);
    expect(last.unresolvedHurried + last.unresolvedShutdown).toBe(15);
    expect([last.candidates, written.length]).toEqual([60, 60]);
  });

  it("come again for a market thread that was replaced while transactions waited", async () => {
    const { url, learn, node } = await createNode();
    const transactions = some(30);
    const running = await run("replaced", {
      "lookup_tables.url": url,
      "lookup_tables.absent_ms": "0",
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    node.server.answersAfter = promise;
    await running.append(transactions.map(({ wire }) => signed(wire)));
    await until(() => running.counts().tableRoom === 30, "all wait");
    learn(transactions);
    await running.engine.steering.restart("market");
    resolve();
    await running.handled(30);
    const { written, last } = await running.close();
    expect(last.tableResolved + last.tableHits).toBe(30);
    expect(mintsOf(written)).toEqual(transactions.map(mintOf).toSorted());
  });

  it("are one cache for all market threads", async () => {
    const { url, learn, node } = await createNode();
    const transactions = some(40);
    learn(transactions);
    const running = await run("two", {
      "lookup_tables.url": url,
      "threads.market": "2",
    });
    for (let partition = 0; partition < 4; partition += 1) {
      await running.append(
        transactions.slice(partition * 10, partition * 10 + 10).map(({ wire }) => signed(wire)),
        partition,
      );
    }
    await running.handled(40);
    const calls = node.server.calls("getMultipleAccounts").length;
    // The other way round: each thread sees what the other one asked for.
    for (let partition = 0; partition < 4; partition += 1) {
      await running.append(
        transactions
          .slice(30 - partition * 10, 40 - partition * 10)
          .map(({ wire }) => signed(wire)),
        partition,
      );
    }
    await running.handled(80);
    const { last, written } = await running.close();
    expect(last).toMatchObject({ tableMisses: 40, tableResolved: 40, tableHits: 40 });
    expect(node.server.calls("getMultipleAccounts")).toHaveLength(calls);
    const mints = transactions.map(mintOf);
    expect(mintsOf(written)).toEqual([...mints, ...mints].toSorted());
  });

  it("are nobody's concern without a node", async () => {
    const running = await run("off", {});
    expect(running.engine.memory.tables).toBe(null);
    await running.append(some(10).map(({ wire }) => signed(wire)));
    await running.handled(10);
    const { last, written } = await running.close();
    expect(last).toMatchObject({ unresolvedOff: 10, needsResolve: 10, tablesAsked: 0 });
    expect(mintsOf(written)).toEqual(Array.from({ length: 10 }, () => ""));
  });

  it("with a key that cannot be used do not start the engine", async () => {
    const url = "http://192.0.2.1:8899";
    setKey("secret");
    await expect(run("key", { "lookup_tables.url": url })).rejects.toThrow("https:// only");
  });
});
