import { describe, expect, it, onTestFinished } from "vitest";

import { JsonRpc } from "../../../engine/send/json-rpc.ts";
import { RpcSender, type RpcSenderOptions } from "../../../engine/send/rpc-sender.ts";
import { SolanaRpc } from "../../../engine/send/solana-rpc.ts";
import { runSeed, seeded } from "../../random.ts";
import { errorBodies } from "./error-bodies.ts";
import { FakeSolana } from "./fake-solana.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { anyTransfer, transfersOf } from "./transfers.ts";

const random = seeded(runSeed("rpc-sender"));
const blockMs = 400;
const validBlocks = 150;

const setUp = async (options: { mode?: "dry-run" | "live"; roundsMax?: number } = {}) => {
  const chain = new FakeSolana();
  const url = await chain.server.listen();
  onTestFinished(() => chain.server.close());
  const waitsMs: number[] = [];
  const sleepMs = async (ms: number): Promise<void> => {
    waitsMs.push(ms);
    chain.advance(Math.ceil(ms / blockMs));
  };
  const rpc = new SolanaRpc(new JsonRpc({ url, fetch, timeoutMs: 5000 }));
  const sender = new RpcSender({ rpc, sleepMs, random: () => 0.5, mode: "live", ...options });
  const bytes = anyTransfer(random);
  const lastHeight = chain.height + validBlocks;
  const sends = (): readonly (readonly unknown[])[] => chain.server.calls("sendTransaction");
  return { chain, rpc, sender, bytes, lastHeight, sends, waitsMs };
};

const kindOf = async (sending: Promise<{ readonly kind: string }>): Promise<string> =>
  (await sending).kind;

describe("a dry run", () => {
  it("is the default, names the transaction and asks no node for anything", async () => {
    const { chain, rpc, bytes, lastHeight } = await setUp();
    const sleepMs = async (): Promise<void> => undefined;
    const sender = new RpcSender({ rpc, sleepMs, random: () => 0 });
    const outcome = await sender.send(bytes, lastHeight);
    expect(outcome).toEqual({ kind: "dry-run", signature: expect.stringMatching(/^\w{80,90}$/) });
    expect(chain.server.requests).toEqual([]);
  });

  it("simulates when asked to, with signatures verified or the blockhash replaced", async () => {
    const { chain, sender, bytes } = await setUp({ mode: "dry-run" });
    const value = { err: null, unitsConsumed: 150, logs: [expect.stringContaining("success")] };
    expect(await sender.simulate(bytes)).toEqual({ ok: true, value });
    expect(await sender.simulate(bytes, { replacesBlockhash: true })).toEqual({ ok: true, value });
    const base = { encoding: "base64", commitment: "confirmed" };
    expect(chain.server.calls("simulateTransaction").map(([, config]) => config)).toEqual([
      { ...base, sigVerify: true },
      { ...base, replaceRecentBlockhash: true },
    ]);
    expect(chain.server.calls("sendTransaction")).toEqual([]);
  });
});

describe("a live sender", () => {
  it("sends base64 without preflight and follows it until it is confirmed", async () => {
    const { chain, sender, bytes, lastHeight, sends } = await setUp();
    const outcome = await sender.send(bytes, lastHeight);
    expect(outcome).toMatchObject({ kind: "landed", slot: 1_001_001, err: null });
    expect(sends()).toEqual([
      [
        Buffer.from(bytes).toString("base64"),
        { encoding: "base64", skipPreflight: true, maxRetries: 0 },
      ],
    ]);
    expect(chain.server.calls("getBlockHeight")[0]).toEqual([{ commitment: "confirmed" }]);
  });

  it("RS2: repeats identical bytes about every 2 s until they land", async () => {
    const { chain, sender, bytes, lastHeight, sends, waitsMs } = await setUp();
    chain.landsAfterSends = 4;
    expect(await kindOf(sender.send(bytes, lastHeight))).toBe("landed");
    expect(new Set(sends().map(([base64]) => base64))).toEqual(
      new Set([Buffer.from(bytes).toString("base64")]),
    );
    expect(sends().length).toBe(4);
    expect(new Set(waitsMs)).toEqual(new Set([2000]));
  });

  it("says that a transaction landed and failed", async () => {
    const { chain, sender, bytes, lastHeight } = await setUp();
    chain.err = { InstructionError: [0, { Custom: 1 }] };
    expect(await sender.send(bytes, lastHeight)).toMatchObject({ kind: "landed", err: chain.err });
  });

  it("RS1, RS4: stops sending at the last height, and says expired when it is finalized", async () => {
    const { chain, sender, bytes, lastHeight, sends } = await setUp();
    chain.landsAfterSends = Number.POSITIVE_INFINITY;
    expect(await kindOf(sender.send(bytes, lastHeight))).toBe("expired");
    // 150 blocks of 0.4 s, one send in 2 s.
    expect(sends().length).toBeGreaterThanOrEqual(validBlocks / 5);
    expect(sends().length).toBeLessThanOrEqual(validBlocks / 5 + 1);
    expect(chain.height - 32).toBeGreaterThan(lastHeight);
  });

  it("RS4: never calls a transaction with a durable nonce expired, since it can still run", async () => {
    const { chain, sender, lastHeight, sends } = await setUp();
    chain.landsAfterSends = Number.POSITIVE_INFINITY;
    const transfer = transfersOf(random, [{ to: random.bytes(32), lamports: 5000 }]);
    const advance = { program: 2, accounts: [1, 0, 0], data: [4, 0, 0, 0] };
    const bytes = wireBytes({ ...transfer, instructions: [advance, ...transfer.instructions] });
    expect(await sender.send(bytes, lastHeight)).toMatchObject({ kind: "unknown", failure: null });
    expect(sends().length).toBeLessThanOrEqual(validBlocks / 5 + 1);
  });

  it("sends nothing whose last height is past", async () => {
    const { chain, sender, bytes, sends } = await setUp();
    expect(await kindOf(sender.send(bytes, chain.height - 40))).toBe("expired");
    expect(sends()).toEqual([]);
  });

  it("RS1: refuses a last height that is none, which nothing would ever be above", async () => {
    const { sender, bytes, sends } = await setUp();
    for (const height of [Number.NaN, 1e300, -1, 1.5])
      expect(await sender.send(bytes, height)).toEqual({
        kind: "invalid",
        reason: `lastValidBlockHeight=${height}, an integer from 0 to 2^53 - 1`,
      });
    expect(sends()).toEqual([]);
  });

  it.each([
    "preflightFailed",
    "signatureVerification",
    "precompile",
    "signatureLength",
    "invalidParams",
  ] as const)("gives up at once on %s", async (name) => {
    const { chain, sender, bytes, lastHeight, sends } = await setUp();
    const body = errorBodies[name];
    chain.server.script("sendTransaction", { error: body });
    expect(await sender.send(bytes, lastHeight)).toMatchObject({
      kind: "rejected",
      failure: { class: "permanent", code: body.code, message: body.message },
    });
    expect(sends().length).toBe(1);
  });

  it.each([
    ["blockhashNotFound", 200],
    ["nodeBehind", 200],
    ["blockNotAvailable", 200],
    ["minContextSlot", 200],
    ["publicRateLimit", 429],
    ["providerUsage", 429],
  ] as const)("tries again after %s", async (name, status) => {
    const { chain, sender, bytes, lastHeight, sends } = await setUp();
    chain.server.script("sendTransaction", { error: errorBodies[name], status });
    expect(await kindOf(sender.send(bytes, lastHeight))).toBe("landed");
    expect(sends().length).toBe(2);
    expect(sender.counts.failed).toBe(1);
  });

  it("names a node that wants a higher transaction version", async () => {
    const { chain, sender, bytes, lastHeight } = await setUp();
    chain.server.script("sendTransaction", { error: errorBodies.version });
    const outcome = await sender.send(bytes, lastHeight);
    expect(outcome).toMatchObject({ kind: "rejected", failure: { class: "version" } });
  });

  it("waits exponentially longer while it fails, and as long as the server asks", async () => {
    const { chain, sender, bytes, lastHeight, waitsMs } = await setUp();
    const busy = { status: 503, text: "no healthy upstream" } as const;
    chain.server.script("getBlockHeight", busy, busy, busy, {
      status: 429,
      text: "",
      headers: { "retry-after": "7" },
    });
    expect(await kindOf(sender.send(bytes, lastHeight))).toBe("landed");
    expect(waitsMs.slice(0, 5)).toEqual([150, 300, 600, 7000, 2000]);
  });

  it("does not send while it cannot ask for the height, and says in the end that it did not", async () => {
    const { chain, sender, bytes, lastHeight, sends } = await setUp({ roundsMax: 3 });
    const error = { error: errorBodies.nodeBehind };
    chain.server.script("getBlockHeight", error, error, error);
    const outcome = await sender.send(bytes, lastHeight);
    expect(outcome).toMatchObject({ kind: "rejected", failure: { code: -32_005 } });
    expect(sends()).toEqual([]);
  });

  it("says rejected, not unknown, when all that it heard was a rate limit", async () => {
    const { chain, sender, bytes, lastHeight } = await setUp({ roundsMax: 2 });
    const busy = { status: 429, text: "" };
    chain.server.script("sendTransaction", busy, busy);
    const failure = { class: "retryable", status: 429 };
    expect(await sender.send(bytes, lastHeight)).toMatchObject({ kind: "rejected", failure });
  });

  it("follows a transaction whose answer was lost: a later refusal proves nothing", async () => {
    const { chain, sender, bytes, lastHeight, sends } = await setUp();
    chain.landsAfterSends = 1;
    chain.server.script("sendTransaction", "lost", { error: errorBodies.preflightFailed });
    expect(await kindOf(sender.send(bytes, lastHeight))).toBe("landed");
    expect(sends().length).toBe(1);
  });

  it("after a lost answer and a refusal is silent until the height is past", async () => {
    const { chain, sender, bytes, lastHeight, sends } = await setUp();
    chain.landsAfterSends = Number.POSITIVE_INFINITY;
    chain.server.script("sendTransaction", "lost", { error: errorBodies.preflightFailed });
    expect(await kindOf(sender.send(bytes, lastHeight))).toBe("expired");
    expect(sends().length).toBe(2);
  });

  it("follows a transaction to its end after an error that tells nothing, without sending it again", async () => {
    const { chain, rpc, sender, bytes, lastHeight, sends } = await setUp();
    // The node took it before it failed.
    await rpc.sendTransaction(Buffer.from(bytes).toString("base64"));
    chain.server.script("sendTransaction", { error: errorBodies.internalError });
    expect(await kindOf(sender.send(bytes, lastHeight))).toBe("landed");
    expect(sends().length).toBe(2);
  });

  it("takes already processed for sent, and follows it without sending again", async () => {
    const { chain, rpc, sender, bytes, lastHeight, sends } = await setUp();
    // Another process has sent it.
    await rpc.sendTransaction(Buffer.from(bytes).toString("base64"));
    chain.server.script("sendTransaction", { error: errorBodies.alreadyProcessed });
    expect(await kindOf(sender.send(bytes, lastHeight))).toBe("landed");
    expect(sends().length).toBe(2);
  });

  it("does not take a processed block for the end", async () => {
    const { chain, sender, bytes, lastHeight } = await setUp();
    let looks = 0;
    const original = chain.advance.bind(chain);
    // One block at a time, so that the first sight of it is "processed".
    chain.advance = () => {
      looks += 1;
      original(1);
    };
    expect(await kindOf(sender.send(bytes, lastHeight))).toBe("landed");
    expect(looks).toBe(2);
  });

  it("says unknown, not failed, when it is stopped or runs out of rounds", async () => {
    const { chain, sender, bytes, lastHeight, sends } = await setUp({ roundsMax: 2 });
    chain.landsAfterSends = Number.POSITIVE_INFINITY;
    expect(await kindOf(sender.send(bytes, lastHeight))).toBe("unknown");
    const before = sends().length;
    const stopped = sender.send(bytes, lastHeight, AbortSignal.abort());
    expect(await kindOf(stopped)).toBe("unknown");
    expect(sends().length).toBe(before);
  });

  it("waits its default between two sends where an option is undefined", async () => {
    const { chain, rpc, bytes, lastHeight } = await setUp();
    const waitsMs: number[] = [];
    const sleepMs = async (ms: number): Promise<void> => {
      waitsMs.push(ms);
      chain.advance(5);
    };
    const left = { resendMs: undefined, roundsMax: undefined, backoff: undefined };
    const asGiven = { rpc, sleepMs, random: () => 0.5, mode: "live", ...left };
    const sender = new RpcSender(asGiven as unknown as RpcSenderOptions);
    expect(await kindOf(sender.send(bytes, lastHeight))).toBe("landed");
    expect(new Set(waitsMs)).toEqual(new Set([2000]));
  });

  it("refuses rounds and waits that are none", async () => {
    const { rpc } = await setUp();
    const options = { rpc, sleepMs: async (): Promise<void> => undefined, random: () => 0 };
    for (const roundsMax of [0, 1.5, Number.NaN])
      expect(() => new RpcSender({ ...options, roundsMax })).toThrow(`roundsMax=${roundsMax}`);
    for (const resendMs of [-1, Number.NaN, Infinity])
      expect(() => new RpcSender({ ...options, resendMs })).toThrow(`resendMs=${resendMs}`);
  });

  it("refuses bytes that are no signed transaction", async () => {
    const { chain, sender, bytes, lastHeight } = await setUp();
    const unsigned = Uint8Array.from(bytes).fill(0, 1, 65);
    const invalid = { kind: "invalid", reason: "signature 0 is missing" };
    expect(await sender.send(unsigned, lastHeight)).toEqual(invalid);
    expect(await sender.send(bytes.subarray(0, 100), lastHeight)).toMatchObject({
      kind: "invalid",
      reason: expect.stringContaining("malformed"),
    });
    expect(await sender.simulate(unsigned)).toEqual({ ok: false, reason: invalid.reason });
    expect(chain.server.requests).toEqual([]);
  });
});

describe("the requests of a Solana node", () => {
  it("RS3: takes the blockhash of a confirmed block", async () => {
    const { chain, rpc } = await setUp();
    const answer = await rpc.latestBlockhash();
    const lastValidBlockHeight = chain.height + 150;
    expect(answer).toMatchObject({ ok: true, value: { lastValidBlockHeight } });
    expect(chain.server.calls("getLatestBlockhash")).toEqual([[{ commitment: "confirmed" }]]);
  });

  it("take no answer of another shape", async () => {
    const { chain, rpc } = await setUp();
    const wrong = (result: unknown) =>
      ({ status: 200, text: JSON.stringify({ jsonrpc: "2.0", id: 1, result }) }) as const;
    chain.server.script("getBlockHeight", wrong("1000"));
    expect(await rpc.blockHeight("confirmed")).toMatchObject({
      ok: false,
      failure: { class: "retryable", message: "getBlockHeight: result of unknown shape" },
    });
    chain.server.script("getBlockHeight", wrong(1000));
    // Now the id is 2, and the answer one to another request.
    expect(await rpc.blockHeight("confirmed")).toMatchObject({ ok: false });
  });
});
