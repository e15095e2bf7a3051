// Bundles to Jito: cut into groups of four with a tip behind them, sent one after the other, and
// asked after until each has landed or was given up. How often a region is asked is the sender's.
import { splitBundle } from "../bundle/split-bundle.ts";
import type { BundleOutcome, JitoSender, Receipt } from "../send/jito-sender.ts";
import type { Fate } from "../events/event-layout.ts";
import type { Outgoing, Outlet, OutletReport } from "./outlet.ts";
import type { TipPayer } from "./tip-payer.ts";

/** Jito takes five; the tip is one of them. */
const groupMax = 4;
/** Bundles asked after at once, five of which are in one request; more end as "accepted". */
const followedMax = 100;
const askedMax = 5;
const looksMax = 30;

export type JitoOutletOptions = {
  readonly sender: JitoSender;
  readonly payer: TipPayer;
  readonly report: OutletReport;
  readonly sleepMs: (ms: number) => Promise<void>;
  /** Aborted: nothing more is sent or asked. */
  readonly signal: AbortSignal;
  /** Between two looks. */
  readonly lookMs: number;
};

type Followed = { readonly receipt: Receipt; readonly transactions: number; looks: number };

export class JitoOutlet implements Outlet {
  readonly #options: JitoOutletOptions;
  readonly #followed = new Map<string, Followed>();
  #following: Promise<void> | null = null;

  constructor(options: JitoOutletOptions) {
    this.#options = options;
  }

  async send(transactions: readonly Outgoing[]): Promise<void> {
    for (const { first, end } of splitBundle(transactions.length, groupMax)) {
      await this.#sendGroup(transactions.slice(first, end));
    }
  }

  async finish(): Promise<void> {
    await this.#following;
  }

  async #sendGroup(group: readonly Outgoing[]): Promise<void> {
    const { sender, payer, report, signal } = this.#options;
    const wires = group.map(({ bytes }) => bytes);
    const tip = payer.tip(wires);
    const outcome: BundleOutcome =
      tip === null
        ? { kind: "invalid", reason: "tip: no transaction has a blockhash to share" }
        : await sender.send([...wires, tip], signal);
    const { kind } = outcome;
    report.submitted({ outlet: "jito", fate: kind, ...shownOf(outcome) }, group);
    if (kind !== "accepted" || !this.#follow(outcome, group.length)) {
      report.settled(group.length, kind);
    }
  }

  /** False: there are too many. */
  #follow(receipt: Receipt, transactions: number): boolean {
    if (this.#followed.size >= followedMax) return false;
    this.#followed.set(receipt.bundleId, { receipt, transactions, looks: 0 });
    this.#following ??= this.#look().finally(() => {
      this.#following = null;
    });
    return true;
  }

  async #look(): Promise<void> {
    const { sender, sleepMs, signal, lookMs } = this.#options;
    while (this.#followed.size > 0 && !signal.aborted) {
      await sleepMs(lookMs);
      const asked = [...this.#followed.values()].slice(0, askedMax);
      const found = await sender.statuses(
        asked.map(({ receipt }) => receipt),
        signal,
      );
      for (const one of asked) {
        one.looks += 1;
        const state = found.get(one.receipt.bundleId)?.state;
        if (state === "landed" || state === "failed") this.#end(one, state);
        else if (one.looks >= looksMax) this.#end(one, "accepted");
        else this.#askLast(one);
      }
    }
    for (const one of this.#followed.values()) this.#end(one, "accepted");
  }

  // Behind all others, or five that never land would hide those behind them until they are forgotten.
  #askLast(one: Followed): void {
    const { bundleId } = one.receipt;
    this.#followed.delete(bundleId);
    this.#followed.set(bundleId, one);
  }

  #end({ receipt, transactions }: Followed, fate: Fate): void {
    this.#followed.delete(receipt.bundleId);
    this.#options.report.settled(transactions, fate);
  }
}

const shownOf = (outcome: BundleOutcome) => {
  if (outcome.kind === "accepted") {
    const { signatures, bundleId, region } = outcome;
    return { signatures, bundleId, region };
  }
  if (outcome.kind === "dry-run") return { signatures: outcome.signatures };
  const reason =
    outcome.kind === "invalid" ? outcome.reason : (outcome.failure?.message ?? "stopped");
  return { signatures: [], reason };
};
