// A sender against a node that fails at random and a chain that takes what reached it, or not: what
// the sender says must be what the chain says, however much of the talk between them was lost.
import { expect, it } from "vitest";

import { JsonRpc } from "../../../engine/send/json-rpc.ts";
import { RpcSender, type SendOutcome } from "../../../engine/send/rpc-sender.ts";
import { SolanaRpc } from "../../../engine/send/solana-rpc.ts";
import { type Random, runSeed, seeded } from "../../random.ts";
import { anyTransfer } from "./transfers.ts";

const blockMs = 400;
const firstHeight = 1000;
/** Blocks until one is final. */
const finalAfter = 5;

type Request = { readonly id: number; readonly method: string; readonly params: readonly never[] };

class Chain {
  ms = 0;
  /** Height at which the transaction is, or will be, in a block. */
  landsAt = Number.POSITIVE_INFINITY;
  hasActed = false;
  readonly bytes = new Set<string>();
  readonly sentAt: number[] = [];
  readonly #random: Random;
  readonly #lastValid: number;
  readonly #faults: number;
  readonly #landing: number;

  constructor(random: Random, lastValid: number) {
    this.#random = random;
    this.#lastValid = lastValid;
    this.#faults = random.pick([0, 0.1, 0.4]);
    this.#landing = random.pick([0, 0.2, 0.8]);
  }

  get height(): number {
    return firstHeight + Math.floor(this.ms / blockMs);
  }

  readonly fetch = async (_url: unknown, init?: RequestInit): Promise<Response> => {
    const request = JSON.parse(init?.body as string) as Request;
    this.ms += this.#random.below(100);
    if (request.method === "sendTransaction") {
      this.bytes.add(String(request.params[0]));
      this.sentAt.push(this.height);
    }
    const isFaulty = this.#random.next() < this.#faults;
    return isFaulty ? this.#fail(request) : this.#answer(request);
  };

  #fail({ id, method }: Request): Response {
    const kind = this.#random.below(5);
    const error = (code: number, data?: object): Response =>
      Response.json({ jsonrpc: "2.0", id, error: { code, message: "no", data } });
    if (kind === 0) return error(-32_005);
    if (kind === 1)
      return error(-32_002, { err: this.#random.pick(["BlockhashNotFound", "Other"]) });
    // From here on the node may have done it all the same.
    if (method === "sendTransaction" && this.#random.below(2) === 0) this.#act();
    if (kind === 2) throw new TypeError("fetch failed");
    return kind === 3 ? new Response("", { status: 502 }) : error(-31_999);
  }

  #answer({ id, method, params }: Request): Response {
    const { height } = this;
    const result = (value: unknown): Response =>
      Response.json({ jsonrpc: "2.0", id, result: value });
    if (method === "getBlockHeight") {
      const { commitment } = params[0] as unknown as { readonly commitment: string };
      return result(commitment === "finalized" ? height - finalAfter : height);
    }
    if (method !== "sendTransaction") return result({ value: [this.#status(height)] });
    this.#act();
    return result("signature");
  }

  #status(height: number): object | null {
    const age = height - this.landsAt;
    if (age < 0) return null;
    const confirmationStatus = age > finalAfter ? "finalized" : age > 1 ? "confirmed" : "processed";
    return { slot: this.landsAt, err: null, confirmationStatus };
  }

  #act(): void {
    this.hasActed = true;
    const at = this.height + 1 + this.#random.below(8);
    if (this.#random.next() >= this.#landing || at > this.#lastValid) return;
    this.landsAt = Math.min(this.landsAt, at);
  }
}

/** Whether the chain bears an outcome out. */
const isTrue = (outcome: SendOutcome, chain: Chain): boolean => {
  const { kind } = outcome;
  if (kind === "landed") return outcome.slot === chain.landsAt && chain.landsAt <= chain.height;
  if (kind === "expired") return chain.landsAt === Number.POSITIVE_INFINITY;
  return kind === "rejected" ? !chain.hasActed : kind === "unknown";
};

it("says of a transaction what its chain says, and sends the same bytes while they are valid", async () => {
  const random = seeded(runSeed("chain"));
  const seen = new Set<string>();
  for (let run = 0; run < 300; run += 1) {
    const lastValid = firstHeight + random.below(30);
    const chain = new Chain(random, lastValid);
    const { fetch } = chain;
    const sender = new RpcSender({
      rpc: new SolanaRpc(new JsonRpc({ url: "http://127.0.0.1:1", fetch })),
      mode: "live",
      sleepMs: async (ms) => {
        chain.ms += ms;
      },
      random: random.next,
      resendMs: 500,
      roundsMax: random.pick([3, 100]),
    });
    const outcome = await sender.send(anyTransfer(random), lastValid);
    expect([run, outcome, isTrue(outcome, chain)]).toEqual([run, outcome, true]);
    expect(chain.bytes.size).toBeLessThan(2);
    // A block may have come between the look at the height and the send.
    for (const height of chain.sentAt) expect(height).toBeLessThanOrEqual(lastValid + 1);
    seen.add(outcome.kind);
  }
  // Rejected is rare: the very first send must fail for good.
  expect([...seen]).toEqual(expect.arrayContaining(["expired", "landed", "unknown"]));
});
