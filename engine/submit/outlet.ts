// Where bundles go, as the submitter sees it, and what can become of each transaction in them.

/** A signed transaction on its way to an outlet. */
export type Outgoing = {
  /** Number of its record. */
  readonly id: number;
  /** As it came over the wire. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** When it was received, monotonic us. */
  readonly receivedUs: number;
};

/** What became of a transaction; each has one in the end. */
export const fates = [
  /** Checked, and not sent. */
  "dry-run",
  /** No receiver would take it; not sent. */
  "invalid",
  /** No receiver took it. */
  "rejected",
  /** In a block. */
  "landed",
  /** In a block, and failed there; or its bundle was given up. */
  "failed",
  /** Its blockhash is too old, and it is in no block. */
  "expired",
  /** A block engine has it; its end was not seen in time. */
  "accepted",
  /** It may have been sent. */
  "unknown",
] as const;

export type Fate = (typeof fates)[number];

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
  readonly submitted: (submission: Submission) => void;
};

export type Outlet = {
  /** Resolves when the next bundle may be given. Never rejects. */
  readonly send: (transactions: readonly Outgoing[]) => Promise<void>;
  /** Waits for what is under way; its end comes early when the outlet's signal is aborted. */
  readonly finish: () => Promise<void>;
};
