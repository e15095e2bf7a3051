// Transactions of bundles to a Solana node, one by one: a node knows no bundles, so they are sent side
// by side and each is followed to its end.
import { backoffOf, type BackoffLimits } from "../send/backoff.ts";
import type { RpcSender, SendOutcome } from "../send/rpc-sender.ts";
import type { SolanaRpc } from "../send/solana-rpc.ts";
import type { Fate } from "../events/event-layout.ts";
import type { Outgoing, Outlet, OutletReport, Submission } from "./outlet.ts";

/** Transactions on their way at once. */
const sendsMax = 64;
/** A height is asked for anew after so long. */
const heightMsMax = 5_000;
/** By which it has grown until then, at a block in 400 ms: more than passed since is only later. */
const heightBlocks = Math.ceil(heightMsMax / 400);
/** Tries to learn it; with them over, the transactions have lost much of the time that they have. */
const heightTriesMax = 8;

export type SolanaOutletOptions = {
  readonly rpc: SolanaRpc;
  readonly sender: RpcSender;
  readonly isDryRun: boolean;
  readonly report: OutletReport;
  readonly nowMs: () => number;
  /** Resolves early when the signal is aborted. */
  readonly sleepMs: (ms: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
  readonly backoff: BackoffLimits;
  /** Aborted: what is on its way ends as it stands. */
  readonly signal: AbortSignal;
};

export class SolanaOutlet implements Outlet {
  readonly #options: SolanaOutletOptions;
  readonly #sends = new Set<Promise<void>>();
  #height = { value: 0, atMs: Number.NEGATIVE_INFINITY };

  constructor(options: SolanaOutletOptions) {
    this.#options = options;
  }

  async send(transactions: readonly Outgoing[]): Promise<void> {
    const height = await this.#lastHeight();
    for (const transaction of transactions) {
      if (typeof height === "string") {
        this.#settle(transaction, { fate: "rejected", signatures: [], reason: height });
        continue;
      }
      while (this.#sends.size >= sendsMax) await Promise.race(this.#sends);
      const sending = this.#sendOne(transaction, height).finally(() => this.#sends.delete(sending));
      this.#sends.add(sending);
    }
  }

  async finish(): Promise<void> {
    await Promise.all(this.#sends);
  }

  async #sendOne(transaction: Outgoing, height: number): Promise<void> {
    const { sender, signal } = this.#options;
    const outcome = await sender.send(transaction.bytes, height, signal);
    const signatures = "signature" in outcome ? [outcome.signature] : [];
    const reason = reasonOf(outcome);
    const fate = fateOf(outcome);
    this.#settle(transaction, { fate, signatures, ...(reason !== null && { reason }) });
  }

  // The newest blockhash is no older than the transaction's own, so its last height is no lower. Why
  // not, when the node does not tell it: then nothing was sent.
  async #lastHeight(): Promise<number | string> {
    const { rpc, isDryRun, nowMs, sleepMs, random, backoff, signal } = this.#options;
    if (isDryRun || nowMs() - this.#height.atMs < heightMsMax) return this.#height.value;
    for (let tries = 0; ; tries += 1) {
      const answer = await rpc.latestBlockhash();
      if (answer.ok) {
        const value = answer.value.lastValidBlockHeight + heightBlocks;
        this.#height = { value, atMs: nowMs() };
        return value;
      }
      const { message, retryAfterMs, class: failureClass } = answer.failure;
      const isLast = failureClass !== "retryable" || tries + 1 >= heightTriesMax;
      if (isLast || signal.aborted) return message;
      await sleepMs(backoffOf(tries, retryAfterMs, random(), backoff));
    }
  }

  #settle(transaction: Outgoing, ended: Omit<Submission, "outlet">): void {
    const { report } = this.#options;
    report.settled(1, ended.fate);
    report.submitted({ outlet: "solana", ...ended }, [transaction]);
  }
}

const fateOf = (outcome: SendOutcome): Fate =>
  outcome.kind === "landed" && outcome.err !== null ? "failed" : outcome.kind;

const reasonOf = (outcome: SendOutcome): string | null => {
  if (outcome.kind === "invalid") return outcome.reason;
  if (outcome.kind === "landed" && outcome.err !== null) return JSON.stringify(outcome.err);
  return "failure" in outcome ? (outcome.failure?.message ?? "stopped") : null;
};
