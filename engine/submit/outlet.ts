// Where bundles go, as the submitter sees it, and what it is told of them.
import type { Fate } from "../events/event-layout.ts";

/** A signed transaction on its way to an outlet. */
export type Outgoing = {
  /** Number of its record. */
  readonly id: number;
  /** As it came over the wire. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of its other events, which are those of a market thread: `lane`, from 0. */
  readonly traceId: number;
  readonly lane: number;
  /** When it was received, monotonic us. */
  readonly receivedUs: number;
};

/** What one send came to; for people. */
export type Submission = {
  readonly outlet: "jito" | "solana" | "none";
  readonly fate: Fate;
  readonly signatures: readonly string[];
  /** Of a bundle that was taken. */
  readonly bundleId?: string;
  readonly region?: string;
  /** Why it was not. */
  readonly reason?: string;
};

/** Told once of each transaction's fate, and of each send. */
export type OutletReport = {
  readonly settled: (transactions: number, fate: Fate) => void;
  readonly submitted: (submission: Submission, transactions: readonly Outgoing[]) => void;
};

export type Outlet = {
  /** Resolves when the next bundle may be given. Never rejects. */
  readonly send: (transactions: readonly Outgoing[]) => Promise<void>;
  /** Waits for what is under way; its end comes early when the outlet's signal is aborted. */
  readonly finish: () => Promise<void>;
};
