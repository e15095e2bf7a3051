// What becomes of candidates after the handoff: custom stages, bundles, and where those go. Plain
// data without secrets: it travels to the submit thread, which reads its keys itself.
import type { BackoffLimits } from "../send/backoff.ts";

/** Jito's block engines. */
export type JitoOutletSettings = {
  readonly kind: "jito";
  /** Names or addresses, in order of preference; 1 at least. */
  readonly regions: readonly string[];
  readonly isDryRun: boolean;
  /** Files of the key for `x-jito-auth` and of the account that pays tips; "" for the variables. */
  readonly keyFile: string;
  readonly tipKeyFile: string;
  readonly tipLamports: number;
  readonly requestsPerSecond: number;
  readonly attemptsMax: number;
  readonly backoff: BackoffLimits;
};

/** A Solana node. */
export type SolanaOutletSettings = {
  readonly kind: "solana";
  readonly url: string;
  readonly isDryRun: boolean;
  readonly keyFile: string;
  readonly resendMs: number;
  readonly roundsMax: number;
  readonly backoff: BackoffLimits;
};

/** "none": bundles are made and counted, as in a dry run. */
export type OutletSettings = JitoOutletSettings | SolanaOutletSettings | { readonly kind: "none" };

/** A module of a custom stage with its options, as the configuration has them. */
type StageSettings = {
  readonly module: string;
  readonly options: { readonly [name: string]: unknown };
};

export type SubmitSettings = {
  /** In the order of the data; each takes and gives transaction records of 32 bytes. */
  readonly stages: readonly StageSettings[];
  /** Folder from which their modules are named. */
  readonly stageFolder: string;
  readonly outlet: OutletSettings;
  /** Of how many transactions one has its events recorded, as the sniffer does. */
  readonly eventSampleEvery: number;
  /** Longest wait of a bundle's first transaction, us. */
  readonly bundleTimeoutUs: number;
};
