import { describe, expect, it } from "vitest";

import { createTableCache } from "../../../engine/resolve/table-cache-layout.ts";
import { TableCacheReader } from "../../../engine/resolve/table-cache-reader.ts";
import { TableCacheWriter } from "../../../engine/resolve/table-cache-writer.ts";
import {
  createTableRequests,
  requestAt,
  requestType,
} from "../../../engine/resolve/table-request.ts";
import { TableRequester } from "../../../engine/resolve/table-requester.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import type { SecureOptions } from "../../../engine/sniff/secure-stage.ts";
import { createVerifyMemory, VerifyPool } from "../../../engine/sniff/verify-pool.ts";
import { VerifyStage } from "../../../engine/sniff/verify-stage.ts";
import { type TableWaitOptions, WaitingRoom } from "../../../engine/sniff/waiting-room.ts";
import { decodeKey } from "../../../schemas/market/base58.ts";
import { instructionRules, programIds, wrappedSolMint } from "../../../schemas/market/programs.ts";
import { runSeed, seeded } from "../../random.ts";
import { type HiddenTransaction, hiddenTransaction } from "./hidden-transactions.ts";
import { checkConservation, createRig, fullWatch } from "./pipeline-rig.ts";

const random = seeded(runSeed("waiting room"));
const options: TableWaitOptions = { waitingMax: 64, waitMs: 400, absentMs: 2000 };
const pumpBuy = instructionRules.find(
  ({ program, instruction }) => program === "pump.fun" && instruction === "buy",
);

const create = (change: Partial<TableWaitOptions> = {}, secure: SecureOptions = {}) => {
  const memory = createTableCache(1024);
  const requests = createTableRequests();
  const clock = { us: 0 };
  const tables = new TableCacheReader(memory);
  const requester = new TableRequester(requests, () => clock.us);
  const room = new WaitingRoom({
    tables,
    requester,
    watch: { watch: fullWatch() },
    options: { ...options, ...change },
  });
  const rig = createRig({ tables, keepsUnresolved: true, secure: { ...secure, room } });
  // One clock: that of the stages.
  const nowUs = (): number => rig.clock.us;
  Object.defineProperty(clock, "us", { get: nowUs });
  const writer = new TableCacheWriter(memory);
  const reader = new MessageRingReader(requests);
  let given = 0;
  return {
    ...rig,
    room,
    tables,
    requester,
    give: (wire: Uint8Array): void => {
      rig.give(wire);
      given += 1;
    },
    learn: ({ tables: of }: Pick<HiddenTransaction, "tables">): void => {
      for (const { name, keys } of of) writer.set(name, keys, nowUs());
    },
    miss: ({ tables: of }: HiddenTransaction): void => {
      for (const { name } of of) writer.set(name, new Uint8Array(0), nowUs());
    },
    asked: (): readonly { readonly name: Uint8Array; readonly entry: number }[] => {
      const found: { readonly name: Uint8Array; readonly entry: number }[] = [];
      reader.drain((type, at) => {
        expect(type).toBe(requestType);
        const entry = reader.view.getUint32(at + requestAt.entry, true);
        found.push({ name: reader.bytes.slice(at, at + 32), entry });
      }, 10_000);
      return found;
    },
    /** All that the handoff gave, in the order of slots, which is that of giving. */
    candidates: () => {
      rig.clock.us += 20_000;
      rig.settle();
      return rig.handed
        .map(({ candidate }) => candidate)
        .toSorted((a, b) => Number(a.slot) - Number(b.slot));
    },
    check: (): void => {
      checkConservation(rig, given);
      const { misses, ...outcomes } = room.counts;
      const ended = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
      expect(misses).toBe(ended + room.length);
    },
  };
};

const plainCandidates = (transactions: readonly HiddenTransaction[]) => {
  const rig = create();
  for (const { plain } of transactions) {
    rig.give(plain);
    rig.settle();
  }
  return rig.candidates();
};

const some = (count: number, shape?: Parameters<typeof hiddenTransaction>[1]) =>
  Array.from({ length: count }, () => hiddenTransaction(random, shape));

describe("transactions behind lookup tables", () => {
  it("are what they would be with all keys in themselves, when their tables are known", () => {
    const transactions = instructionRules.flatMap((rule) => some(6, { rule }));
    const rig = create();
    for (const one of transactions) {
      rig.learn(one);
      rig.give(one.wire);
      rig.settle();
    }
    expect(rig.candidates()).toEqual(plainCandidates(transactions));
    expect(rig.room.counts.misses).toBe(0);
    rig.check();
  });

  it("are resolved also when their table comes just while they are looked at", () => {
    const [one, other] = some(2) as [HiddenTransaction, HiddenTransaction];
    const rig = create();
    rig.give(one.wire);
    rig.settle();
    expect(rig.room.length).toBe(1);
    const find = rig.tables.find.bind(rig.tables);
    let finds = 0;
    let comesAt = Number.POSITIVE_INFINITY;
    rig.tables.find = (view, at) => {
      finds += 1;
      if (finds === comesAt) rig.learn(one);
      return find(view, at);
    };
    // Any answer makes the room look; of a look in vain the last find asks what may still come.
    rig.miss(other);
    rig.settle();
    expect(rig.room.length).toBe(1);
    [comesAt, finds] = [finds, 0];
    rig.miss(other);
    rig.settle();
    expect(rig.room.counts).toMatchObject({ misses: 1, resolved: 1, absent: 0 });
    expect(rig.candidates()).toEqual(plainCandidates([one]));
    rig.check();
  });

  it("wait for their tables, and are the same then; the others do not wait for them", () => {
    const transactions = instructionRules.flatMap((rule) => some(3, { rule })).slice(0, 60);
    const open = some(20, { hidesMint: false });
    const rig = create();
    for (const one of transactions) rig.give(one.wire);
    for (const one of open) rig.give(one.wire);
    rig.settle();
    expect(rig.room.length).toBe(transactions.length);
    expect(rig.counts().secure.inFlight).toBe(transactions.length);
    expect(rig.candidates()).toHaveLength(open.length);
    rig.check();
    expect(rig.secure.settledBelow(80)).toBe(0);
    const [first] = transactions;
    for (const one of transactions.slice(1)) rig.learn(one);
    rig.settle();
    expect([rig.room.length, rig.room.counts.resolved]).toEqual([1, transactions.length - 1]);
    expect(rig.secure.settledBelow(80)).toBe(0);
    if (first !== undefined) rig.learn(first);
    rig.settle();
    expect(rig.secure.settledBelow(80)).toBe(80);
    const found = rig.candidates().slice(0, transactions.length);
    expect(found).toEqual(plainCandidates(transactions));
    rig.check();
  });

  it("with SOL behind a table take the other token for the mint, and turn direction and amounts", () => {
    const sol = decodeKey(wrappedSolMint) ?? new Uint8Array(0);
    const twoSided = instructionRules.filter(({ quoteMint }) => quoteMint !== "sol");
    const transactions = twoSided.flatMap((rule) => some(2, { rule, mint: sol }));
    const rig = create();
    for (const one of transactions) rig.give(one.wire);
    rig.settle();
    for (const one of transactions) rig.learn(one);
    rig.settle();
    const found = rig.candidates();
    expect(found).toEqual(plainCandidates(transactions));
    for (const { mint } of found) expect(mint).not.toBe(wrappedSolMint);
  });

  it("are refused when the mint that comes is none", () => {
    const mint = decodeKey(programIds["Token-2022"]) ?? new Uint8Array(0);
    const [hidden] = some(1, { ...(pumpBuy !== undefined && { rule: pumpBuy }), mint });
    if (hidden === undefined) throw new Error("no transaction");
    const rig = create();
    rig.give(hidden.wire);
    rig.settle();
    rig.learn(hidden);
    rig.settle();
    expect(rig.counts().secure.rejected).toEqual({ "suspicious-mint": 1 });
    expect(rig.candidates()).toEqual([]);
    rig.check();
  });

  it("ask for each missing table with its highest address, and again only when it may have grown", () => {
    const [hidden] = some(1);
    const [open] = some(1, { hidesMint: false });
    if (hidden === undefined || open === undefined) throw new Error("no transaction");
    const rig = create();
    const wanted = ({ tables, highest }: HiddenTransaction) =>
      tables.map(({ name }, i) => ({ name, entry: highest[i] }));
    rig.give(hidden.wire);
    rig.settle();
    expect(rig.asked()).toEqual(wanted(hidden));
    rig.give(open.wire);
    rig.settle();
    expect(rig.asked()).toEqual(wanted(open));
    rig.learn(hidden);
    const [grown] = some(1);
    if (grown === undefined) throw new Error("no transaction");
    rig.learn({ tables: grown.tables.map(({ name }) => ({ name, keys: random.bytes(0) })) });
    rig.give(grown.wire);
    rig.settle();
    expect(rig.asked()).toEqual([]);
    expect(rig.room.counts.absent).toBe(1);
    rig.clock.us += 2_000_000;
    rig.give(some(1)[0]?.wire ?? grown.wire);
    rig.settle();
    expect(rig.asked().length).toBeGreaterThan(0);
    rig.check();
  });

  it("go on unresolved, by reason: absent, late, full", () => {
    const rig = create({ waitingMax: 4 });
    const [absent, ...late] = some(6);
    for (const one of [absent, ...late]) if (one !== undefined) rig.give(one.wire);
    rig.settle();
    expect(rig.room.counts).toMatchObject({ misses: 6, full: 2 });
    if (absent !== undefined) rig.miss(absent);
    rig.settle();
    expect([rig.room.counts.absent, rig.room.length]).toEqual([1, 3]);
    rig.clock.us += 399_999;
    rig.settle();
    expect(rig.room.length).toBe(3);
    rig.clock.us += 1;
    rig.settle();
    expect([rig.room.counts.late, rig.room.length]).toEqual([3, 0]);
    const found = rig.candidates();
    expect(found).toHaveLength(6);
    for (const { mint } of found) expect(mint).toBeUndefined();
    rig.check();
    const none = create({ waitMs: 0 });
    for (const one of late) none.give(one.wire);
    none.settle();
    expect([none.room.counts.late, none.room.length]).toEqual([late.length, 0]);
    none.check();
  });

  it("are let go by their trace id, and at the end all of them", () => {
    const rig = create();
    for (const one of some(6)) rig.give(one.wire);
    rig.settle();
    expect(rig.room.letGo(2)).toBe(2);
    rig.settle();
    expect([rig.room.counts.hurried, rig.room.oldestTraceId()]).toEqual([2, 2]);
    expect(rig.room.letGo(2)).toBe(0);
    expect(rig.room.letGo(Number.POSITIVE_INFINITY)).toBe(4);
    rig.give(some(1)[0]?.wire ?? new Uint8Array(0));
    rig.settle();
    expect(rig.room.counts).toMatchObject({ hurried: 2, shutdown: 5 });
    expect(rig.candidates()).toHaveLength(7);
    rig.check();
  });

  it("are looked at when they come in, also behind one that left in the meantime", () => {
    const rig = create();
    const [first, second, third] = some(3);
    if (first === undefined || second === undefined || third === undefined) throw new Error("none");
    rig.give(first.wire);
    rig.give(second.wire);
    rig.settle();
    // Its table comes behind the stage that looks first, and in front of the one that lets it wait.
    rig.give(third.wire);
    for (const stage of rig.stages.slice(0, 2)) stage.work();
    rig.learn(third);
    expect(rig.room.release(() => undefined)).toBe(0);
    rig.room.letGo(1);
    expect(rig.room.release(() => undefined)).toBe(1);
    rig.settle();
    expect([rig.room.counts.resolved, rig.room.length]).toEqual([1, 1]);
  });

  it("make no node be asked before they are verified", () => {
    const memories = createVerifyMemory(1);
    const rig = create({}, { pool: new VerifyPool(memories) });
    const [memory] = memories;
    if (memory === undefined) throw new Error("no memory");
    const verifier = new VerifyStage({
      input: new MessageRingReader(memory.input),
      output: new MessageRingWriter(memory.output),
    });
    for (const one of some(10)) rig.give(one.wire);
    rig.settle();
    expect(rig.counts().secure.inFlight).toBe(10);
    while (verifier.work() > 0);
    rig.settle();
    expect(rig.counts().secure.rejected).toEqual({ signature: 10 });
    expect([rig.asked(), rig.room.counts.misses]).toEqual([[], 0]);
  });

  it("drop and count requests for which the ring has no room", () => {
    const rig = create({ waitingMax: 1 });
    const transactions = some(700);
    for (const one of transactions) {
      rig.give(one.wire);
      rig.settle();
    }
    const wanted = transactions.reduce((sum, { tables }) => sum + tables.length, 0);
    expect(rig.requester.dropped).toBeGreaterThan(0);
    expect(rig.asked().length + rig.requester.dropped).toBe(wanted);
    rig.check();
  });

  it("refuse limits out of range", () => {
    for (const waitingMax of [0, 4097, 1.5]) {
      expect(() => create({ waitingMax })).toThrow(`waitingMax=${waitingMax}`);
    }
    expect(() => create({ waitMs: -1 })).toThrow("waitMs=-1");
  });
});
