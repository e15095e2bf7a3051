import { describe, expect, it, onTestFinished } from "vitest";

import { jitoUrl } from "../../../engine/send/jito-region.ts";
import { JitoSender, type JitoSenderOptions } from "../../../engine/send/jito-sender.ts";
import { jitoTipAccounts, tipInstruction, tipLamportsMin } from "../../../engine/send/jito-tip.ts";
import { JsonRpc } from "../../../engine/send/json-rpc.ts";
import { decodeKey } from "../../../schemas/market/base58.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { runSeed, seeded } from "../../random.ts";
import { errorBodies } from "./error-bodies.ts";
import { FakeJito } from "./fake-jito.ts";
import { anyTransfer, transfersOf } from "./transfers.ts";

const random = seeded(runSeed("jito-sender"));
const keyOf = (text: string): Uint8Array => decodeKey(text) ?? new Uint8Array();
const tipKey = keyOf(jitoTipAccounts[3] ?? "");
const somebody = (): { to: Uint8Array; lamports: number } => ({
  to: random.bytes(32),
  lamports: 5000,
});
const tipped = (lamports: number = tipLamportsMin): Uint8Array =>
  wireBytes(transfersOf(random, [somebody(), { to: tipKey, lamports }]));

const bundleOf = (count: number): Uint8Array[] => [
  ...Array.from({ length: count - 1 }, () => anyTransfer(random)),
  tipped(),
];

const setUp = async (regions = 2) => {
  const clock = { ms: 10_000 };
  const nowMs = (): number => clock.ms;
  const fakes = Array.from({ length: regions }, () => new FakeJito(nowMs));
  const urls = await Promise.all(fakes.map(({ server }) => server.listen()));
  onTestFinished(async () => {
    await Promise.all(fakes.map(({ server }) => server.close()));
  });
  const sleepMs = async (ms: number): Promise<void> => {
    clock.ms += ms;
  };
  const [first, second] = fakes as [FakeJito, FakeJito];
  const options = {
    regions: urls.map((url, i) => ({ name: `region-${i}`, rpc: new JsonRpc({ url, fetch }) })),
    nowMs,
    sleepMs,
    random: () => 0.5,
  } as const;
  const sender = new JitoSender({ ...options, mode: "live" });
  return { clock, first, second, sender, options };
};

const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

describe("a bundle", () => {
  it("is not sent in a dry run, which is the default", async () => {
    const { first, second, options } = await setUp();
    const outcome = await new JitoSender(options).send(bundleOf(2));
    expect(outcome).toMatchObject({ kind: "dry-run" });
    expect([...first.server.requests, ...second.server.requests]).toEqual([]);
  });

  it("JB1, JB2: goes out as base64, in order, up to five transactions", async () => {
    const { first, second, sender } = await setUp();
    const [one, five] = [bundleOf(1), bundleOf(5)];
    expect(await sender.send(one)).toMatchObject({ kind: "accepted", region: "region-0" });
    const outcome = await sender.send(five);
    expect(outcome).toMatchObject({ kind: "accepted", region: "region-1" });
    expect("signatures" in outcome && outcome.signatures.length).toBe(5);
    expect([...first.bundles.values()]).toEqual([one.map(base64Of)]);
    expect([...second.bundles.values()]).toEqual([five.map(base64Of)]);
    expect(first.server.calls("sendBundle")[0]?.[1]).toEqual({ encoding: "base64" });
  });

  it("JB2, JB12: of none, six, or one transaction twice is refused here", async () => {
    const { first, sender } = await setUp();
    const reasonOf = async (bundle: readonly Uint8Array[]): Promise<unknown> => sender.send(bundle);
    expect(await reasonOf([])).toEqual({
      kind: "invalid",
      reason: "transactions=0, limits 1 to 5",
    });
    expect(await reasonOf(bundleOf(6))).toMatchObject({ reason: "transactions=6, limits 1 to 5" });
    const [one = new Uint8Array()] = bundleOf(1);
    expect(await reasonOf([one, one])).toMatchObject({
      reason: "the same transaction is in it twice",
    });
    expect(await reasonOf([one.subarray(1), tipped()])).toMatchObject({
      reason: expect.stringMatching(/^transaction 0: /),
    });
    expect(first.server.requests).toEqual([]);
  });

  it("JB4: without a tip as its last instruction is refused here", async () => {
    const { first, sender } = await setUp();
    const tip = { to: tipKey, lamports: tipLamportsMin };
    const reasonOf = async (bytes: Uint8Array): Promise<unknown> => {
      const outcome = await sender.send([anyTransfer(random), bytes]);
      return "reason" in outcome ? outcome.reason : outcome.kind;
    };
    expect(await reasonOf(wireBytes(transfersOf(random, [tip, somebody()])))).toBe(
      "tip: its receiver is no tip account",
    );
    expect(await reasonOf(tipped(999))).toBe("tip: 999 lamports, 1000 at least");
    const good = transfersOf(random, [tip]);
    expect(await reasonOf(wireBytes({ ...good, instructions: [] }))).toBe(
      "tip: the last transaction has no instruction",
    );
    const [transfer] = good.instructions;
    const wrong = { program: 2, accounts: [0, 1], data: [...(transfer?.data ?? []), 0] };
    expect(await reasonOf(wireBytes({ ...good, instructions: [wrong] }))).toBe(
      "tip: the last instruction is no transfer of the System program",
    );
    expect(await reasonOf(wireBytes({ ...good, header: [1, 0, 2] }))).toBe(
      "tip: its account must be writable",
    );
    const lookups = [{ table: random.bytes(32), writable: [4], readonly: [] }];
    const loaded = [{ program: 2, accounts: [0, 3], data: transfer?.data ?? [] }];
    expect(await reasonOf(wireBytes({ ...good, instructions: loaded, lookups }))).toBe(
      "tip: its account must be a static key",
    );
    expect(first.server.requests).toEqual([]);
  });

  it("JB8: with jitodontfront behind another transaction is refused here", async () => {
    const { sender } = await setUp();
    const dontFront = keyOf("jitodontfront111111111111111111111111111123");
    const marked = wireBytes(transfersOf(random, [somebody()], [dontFront]));
    expect(await sender.send([anyTransfer(random), marked, tipped()])).toEqual({
      kind: "invalid",
      reason: "transaction 1: jitodontfront must be first",
    });
    expect(await sender.send([marked, tipped()])).toMatchObject({ kind: "accepted" });
  });

  it("JB5: keeps to one request a second in each region, and uses the next one meanwhile", async () => {
    const { clock, first, second, sender } = await setUp();
    const regions: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      const outcome = await sender.send(bundleOf(1));
      if (outcome.kind === "accepted") regions.push(outcome.region);
    }
    expect(regions).toEqual([
      "region-0",
      "region-1",
      "region-0",
      "region-1",
      "region-0",
      "region-1",
    ]);
    expect(clock.ms).toBe(12_000);
    expect(first.bundles.size + second.bundles.size).toBe(6);
  });

  it.each([
    ["a rate limit", { error: errorBodies.jitoRateLimit, status: 429 }],
    ["an overloaded region", { status: 503, text: "upstream connect error" }],
    ["a lost answer", "lost"],
  ] as const)("goes to the next region after %s", async (_, scripted) => {
    const { first, second, sender } = await setUp();
    first.server.script("sendBundle", scripted);
    const bundle = bundleOf(3);
    expect(await sender.send(bundle)).toMatchObject({ kind: "accepted", region: "region-1" });
    expect(second.server.calls("sendBundle")).toEqual(first.server.calls("sendBundle"));
  });

  it("leaves a failing region alone longer and longer, up to a limit", async () => {
    const { clock, first, options } = await setUp(1);
    const busy = { status: 503, text: "" } as const;
    first.server.script("sendBundle", busy, busy, busy, busy);
    const backoff = { backoffMs: 2000, backoffMsMax: 8000 };
    const sender = new JitoSender({ ...options, mode: "live", backoff });
    expect(await sender.send(bundleOf(1))).toMatchObject({ kind: "accepted" });
    expect(clock.ms).toBe(10_000 + 1500 + 3000 + 6000 + 6000);
  });

  it("ends after its attempts as unknown, since a region may have taken it", async () => {
    const { first, options } = await setUp(1);
    first.server.script("sendBundle", "lost", "lost", "lost");
    const sender = new JitoSender({ ...options, mode: "live", attemptsMax: 2 });
    expect(await sender.send(bundleOf(1))).toMatchObject({
      kind: "unknown",
      failure: { mayHaveActed: true },
    });
    expect(first.server.calls("sendBundle").length).toBe(2);
    expect(await sender.send(bundleOf(1), AbortSignal.abort())).toEqual({
      kind: "unknown",
      failure: null,
    });
  });

  it("is rejected, not unknown, when all that it heard was a rate limit", async () => {
    const { first, second, options } = await setUp();
    const busy = { status: 429, text: "" } as const;
    first.server.script("sendBundle", { error: errorBodies.jitoRateLimit, status: 429 }, busy);
    second.server.script("sendBundle", busy, busy);
    const sender = new JitoSender({ ...options, mode: "live", attemptsMax: 4 });
    expect(await sender.send(bundleOf(1))).toMatchObject({
      kind: "rejected",
      failure: { class: "retryable", status: 429, mayHaveActed: false },
    });
    expect([first.bundles.size, second.bundles.size]).toEqual([0, 0]);
    // One lost answer among them, and nobody knows.
    first.server.script("sendBundle", busy, busy);
    second.server.script("sendBundle", "lost", busy);
    expect(await sender.send(bundleOf(1))).toMatchObject({ kind: "unknown" });
  });

  it("JB11: is rejected for good when a region cannot decode it", async () => {
    const { first, second, sender } = await setUp();
    first.server.script("sendBundle", { error: errorBodies.invalidParams, status: 400 });
    expect(await sender.send(bundleOf(1))).toMatchObject({
      kind: "rejected",
      failure: { code: -32_602 },
    });
    expect(second.server.requests).toEqual([]);
  });

  it("is not called rejected when an earlier region may have taken it", async () => {
    const { first, second, sender } = await setUp();
    first.server.script("sendBundle", "lost");
    second.server.script("sendBundle", { error: errorBodies.invalidParams });
    expect(await sender.send(bundleOf(1))).toMatchObject({ kind: "unknown" });
  });
});

describe("following bundles", () => {
  it("JB6: asks five at a time, by region, until each has landed or failed", async () => {
    const { first, second, sender } = await setUp();
    const ids = Array.from({ length: 12 }, (_, i) => `${i}`.padStart(64, "0"));
    const receipts = ids.map((bundleId, i) => ({ bundleId, region: `region-${i < 7 ? 0 : 1}` }));
    for (const [i, id] of ids.entries()) (i < 7 ? first : second).land(id, 280_999_000 + i);
    first.statuses.set(ids[2] ?? "", { status: "Failed", landed_slot: null });
    const ends = await sender.follow(receipts);
    expect(ends.get(ids[0] ?? "")).toEqual({ kind: "landed", slot: 280_999_000 });
    expect(ends.get(ids[2] ?? "")).toEqual({ kind: "failed" });
    expect([...ends.values()].filter(({ kind }) => kind === "landed").length).toBe(11);
    const asked = (fake: FakeJito): unknown =>
      fake.server.calls("getInflightBundleStatuses").map(([list]) => (list as string[]).length);
    expect([asked(first), asked(second)]).toEqual([[5, 2], [5]]);
  });

  it("JB3: an accepted bundle is no landed one; a new one may be unknown at first", async () => {
    const { first, sender } = await setUp();
    const outcome = await sender.send(bundleOf(1));
    if (outcome.kind !== "accepted") throw new Error(outcome.kind);
    first.statuses.delete(outcome.bundleId);
    const ends = await sender.follow([outcome], { pollsMax: 3 });
    expect([...ends]).toEqual([[outcome.bundleId, { kind: "unknown" }]]);
    first.land(outcome.bundleId, 7);
    expect([...(await sender.follow([outcome])).values()]).toEqual([{ kind: "landed", slot: 7 }]);
  });

  it("waits between two looks, not after the last one", async () => {
    const { clock, first, sender } = await setUp();
    const startMs = clock.ms;
    const receipts = [{ bundleId: "a", region: "region-0" }];
    await sender.follow(receipts, { pollsMax: 3, pollMs: 2000 });
    expect(clock.ms - startMs).toBe(4000);
    expect(first.server.calls("getInflightBundleStatuses").length).toBe(3);
  });

  it("asks again after a failure, and after answers of another shape", async () => {
    const { first, sender } = await setUp();
    first.land("a", 1);
    const odd = [{ bundle_id: "a", status: "Odd", landed_slot: null }];
    const answer = { jsonrpc: "2.0", id: 1, result: { context: { slot: 1 }, value: odd } };
    first.server.script(
      "getInflightBundleStatuses",
      { status: 200, text: JSON.stringify(answer) },
      { error: errorBodies.jitoRateLimit, status: 429 },
    );
    const ends = await sender.follow([{ bundleId: "a", region: "region-0" }]);
    expect([...ends.values()]).toEqual([{ kind: "landed", slot: 1 }]);
    expect(first.server.calls("getInflightBundleStatuses").length).toBe(3);
  });

  it("ends at once when stopped, with an end for every bundle", async () => {
    const { first, sender } = await setUp();
    const receipts = [{ bundleId: "a", region: "region-0" }];
    const ends = await sender.follow(receipts, { signal: AbortSignal.abort() });
    expect([...ends]).toEqual([["a", { kind: "unknown" }]]);
    expect(first.server.requests).toEqual([]);
  });
});

describe("a tip", () => {
  it("JB4: goes to one of eight accounts, each picked by chance", () => {
    const payer = jitoTipAccounts[0] ?? "";
    const picked = Array.from({ length: 8 }, (_, i) => {
      const tip = tipInstruction({ payer, lamports: 5000n, random: (i + 0.5) / 8 });
      expect(Buffer.from(tip.data).toString("hex")).toBe("020000008813000000000000");
      return tip.accounts[1];
    });
    expect(picked).toEqual(jitoTipAccounts);
    expect(jitoTipAccounts.map((key) => keyOf(key).length)).toEqual(Array(8).fill(32));
    for (const lamports of [999n, 1n << 64n, 5000 as unknown as bigint])
      expect(() => tipInstruction({ payer, lamports, random: 0 })).toThrow(
        `lamports=${lamports}, a bigint from 1000 to 2^64 - 1`,
      );
  });
});

it("refuses to be made without regions, or with one twice", async () => {
  const { options } = await setUp();
  const [region] = options.regions;
  if (region === undefined) throw new Error("no region");
  expect(() => new JitoSender({ ...options, regions: [] })).toThrow("expected 1 at least");
  expect(() => new JitoSender({ ...options, regions: [region, region] })).toThrow("must differ");
  expect(jitoUrl("ny")).toBe("https://ny.mainnet.block-engine.jito.wtf/api/v1/bundles");
});

it("takes an option that is undefined for one left out, and refuses numbers that end no send", async () => {
  const { options, first } = await setUp();
  const left = { attemptsMax: undefined, backoff: undefined, requestsPerSecond: undefined };
  // As a caller in JavaScript passes on what it was not given itself.
  const asGiven = { ...options, ...left, tipAccounts: undefined, mode: "live" };
  const sender = new JitoSender(asGiven as unknown as JitoSenderOptions);
  expect(await sender.send(bundleOf(2))).toMatchObject({ kind: "accepted" });
  expect(first.bundles.size).toBe(1);
  for (const attemptsMax of [0, -1, 1.5, Number.NaN])
    expect(() => new JitoSender({ ...options, attemptsMax })).toThrow(`attemptsMax=${attemptsMax}`);
  for (const requestsPerSecond of [0, -1, Number.NaN])
    expect(() => new JitoSender({ ...options, requestsPerSecond })).toThrow(
      `requestsPerSecond=${requestsPerSecond}, a number above 0`,
    );
  for (const more of [{ pollsMax: Number.NaN }, { pollsMax: 0 }, { pollMs: Number.NaN }])
    await expect(sender.follow([], more)).rejects.toThrow(RangeError);
  const backoff = { backoffMs: Number.NaN, backoffMsMax: 1 };
  expect(() => new JitoSender({ ...options, backoff })).toThrow("backoffMs=NaN");
});
