// Sends one signed transaction through a Solana node until it is in a block or can never be. The
// same bytes are repeated about every 2 s while their blockhash is valid, measured in block height
// and not by a clock. It never signs: signing anew is safe only after "expired" or "rejected". A
// transaction with a durable nonce never expires: it is given up at the same height, as "unknown".
import { backoffDefaults, backoffOf, type BackoffLimits, checkBackoff } from "./backoff.ts";
import { checkInteger, checkMs, givenOf } from "./check-option.ts";
import { hasDurableNonce } from "./durable-nonce.ts";
import type { RpcValue } from "./json-rpc.ts";
import type { RpcFailure } from "./rpc-failure.ts";
import { signedTransaction, type SignedTransaction } from "./signed-transaction.ts";
import type { SignatureStatus, Simulation, SolanaRpc } from "./solana-rpc.ts";

/** What became of a transaction. Only "rejected" and "expired" say that it will never run. */
export type SendOutcome =
  /** Nothing was sent: the default. */
  | { readonly kind: "dry-run"; readonly signature: string }
  /** The bytes are no signed transaction; nothing was sent. */
  | { readonly kind: "invalid"; readonly reason: string }
  /**
   * No node took it, and none will; or, with a failure of class "retryable", none did until it was
   * given up.
   */
  | { readonly kind: "rejected"; readonly signature: string; readonly failure: RpcFailure }
  /** In a block, confirmed; `err` not null: it ran and failed, and paid its fee. */
  | {
      readonly kind: "landed";
      readonly signature: string;
      readonly slot: number;
      readonly err: unknown;
    }
  /** A finalized block is past its last height, and it is in none. */
  | { readonly kind: "expired"; readonly signature: string }
  /** Given up while it could still land: not to be signed anew. */
  | { readonly kind: "unknown"; readonly signature: string; readonly failure: RpcFailure | null };

/** What a sender is made of: a node, mode, and the clock and randomness that it runs by. */
export type RpcSenderOptions = {
  readonly rpc: SolanaRpc;
  /** "live" sends; the default "dry-run" checks the bytes and sends nothing. */
  readonly mode?: "dry-run" | "live";
  /** Resolves early when the sender is stopped. */
  readonly sleepMs: (ms: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
  /** Time between two sends of the same bytes. */
  readonly resendMs?: number;
  /** Looks at height and status before giving up; with 2 s each 100 outlive any blockhash. */
  readonly roundsMax?: number;
  readonly backoff?: BackoffLimits;
};

/** What is known of one transaction on its way. */
type Progress = {
  readonly transaction: SignedTransaction;
  readonly lastValidBlockHeight: number;
  /** Bytes may be with a node, so that a later refusal proves nothing. */
  mayBeSent: boolean;
  isSending: boolean;
  /** Failures in a row. */
  failures: number;
  failure: RpcFailure | null;
};

/** One node. Transactions may overlap; they share nothing. */
export class RpcSender {
  /** Requests to send that a node accepted, and those that failed. */
  readonly counts = { accepted: 0, failed: 0 };
  readonly #options: Required<RpcSenderOptions>;

  /** @throws RangeError for a number of rounds below 1, or a time that is none. */
  constructor(options: RpcSenderOptions) {
    const defaults = { mode: "dry-run", resendMs: 2000, roundsMax: 100 } as const;
    this.#options = { ...defaults, backoff: backoffDefaults, ...givenOf(options) };
    const { roundsMax, resendMs, backoff } = this.#options;
    checkInteger("roundsMax", roundsMax, 1);
    checkMs("resendMs", resendMs);
    checkBackoff(backoff);
  }

  /**
   * Sends `bytes`, whose blockhash is valid up to `lastValidBlockHeight`, and follows them. Ends
   * early as "unknown" when `signal` is aborted. Never rejects.
   */
  async send(
    bytes: Uint8Array,
    lastValidBlockHeight: number,
    signal?: AbortSignal,
  ): Promise<SendOutcome> {
    const transaction = signedTransaction(bytes);
    if (typeof transaction === "string") return { kind: "invalid", reason: transaction };
    // No height is above NaN: it would be sent again and again.
    if (!Number.isSafeInteger(lastValidBlockHeight) || lastValidBlockHeight < 0)
      return { kind: "invalid", reason: notAHeight(lastValidBlockHeight) };
    const { signature } = transaction;
    if (this.#options.mode !== "live") return { kind: "dry-run", signature };
    const progress: Progress = {
      transaction,
      lastValidBlockHeight,
      mayBeSent: false,
      isSending: true,
      failures: 0,
      failure: null,
    };
    for (let round = 0; round < this.#options.roundsMax; round += 1) {
      if (signal?.aborted === true) break;
      const outcome = await this.#round(progress);
      if (outcome !== null) return outcome;
      await this.#options.sleepMs(this.#waitMs(progress));
    }
    const { failure, mayBeSent } = progress;
    // What every request was refused for before a node acted on it is nowhere.
    return failure === null || mayBeSent
      ? { kind: "unknown", signature, failure }
      : { kind: "rejected", signature, failure };
  }

  /** Runs `bytes` on a node without sending them on; allowed in a dry run too. */
  async simulate(
    bytes: Uint8Array,
    { replacesBlockhash = false }: { readonly replacesBlockhash?: boolean } = {},
  ): Promise<RpcValue<Simulation> | { readonly ok: false; readonly reason: string }> {
    const transaction = signedTransaction(bytes);
    if (typeof transaction === "string") return { ok: false, reason: transaction };
    return this.#options.rpc.simulate(transaction.base64, replacesBlockhash);
  }

  /** Height first, then status: what the height rules out cannot come in between. Then a send. */
  async #round(progress: Progress): Promise<SendOutcome | null> {
    const { transaction, isSending } = progress;
    const { signature } = transaction;
    const { rpc } = this.#options;
    const height = await rpc.blockHeight(isSending ? "confirmed" : "finalized");
    if (!height.ok) return note(progress, height.failure);
    const isPast = height.value > progress.lastValidBlockHeight;
    progress.isSending = isSending && !isPast;
    if (progress.mayBeSent || isPast) {
      const answer = await rpc.status(signature);
      if (!answer.ok) return note(progress, answer.failure);
      const { status } = answer.value;
      if (isSettled(status))
        return { kind: "landed", signature, slot: status.slot, err: status.err };
      if (!isSending && isPast && status === null) return unlanded(progress);
      if (status !== null) return calm(progress);
    }
    return progress.isSending ? this.#sendOnce(progress) : calm(progress);
  }

  async #sendOnce(progress: Progress): Promise<SendOutcome | null> {
    const { signature, base64 } = progress.transaction;
    const answer = await this.#options.rpc.sendTransaction(base64);
    if (answer.ok) {
      this.counts.accepted += 1;
      progress.mayBeSent = true;
      return calm(progress);
    }
    const { failure } = answer;
    this.counts.failed += 1;
    note(progress, failure);
    progress.mayBeSent ||= failure.mayHaveActed;
    if (failure.class === "retryable") return null;
    if (!progress.mayBeSent) return { kind: "rejected", signature, failure };
    // An earlier copy is on its way: it is followed to its end, not sent again.
    progress.isSending = false;
    return null;
  }

  #waitMs({ failures, failure }: Progress): number {
    const { resendMs, random, backoff } = this.#options;
    if (failures === 0) return resendMs;
    return backoffOf(failures - 1, failure?.retryAfterMs ?? null, random(), backoff);
  }
}

const notAHeight = (height: number): string =>
  `lastValidBlockHeight=${height}, an integer from 0 to 2^53 - 1`;

const note = (progress: Progress, failure: RpcFailure): null => {
  progress.failures += 1;
  progress.failure = failure;
  return null;
};

const calm = (progress: Progress): null => {
  progress.failures = 0;
  return null;
};

/** The end of one that is in no block when a finalized one is past its last height. */
const unlanded = ({ transaction, failure }: Progress): SendOutcome => {
  const { signature, parsed, view } = transaction;
  return hasDurableNonce(parsed, view)
    ? { kind: "unknown", signature, failure }
    : { kind: "expired", signature };
};

/** A processed block can still be given up by its cluster. */
const isSettled = (status: SignatureStatus | null): status is SignatureStatus =>
  status !== null && status.confirmationStatus !== "processed";
