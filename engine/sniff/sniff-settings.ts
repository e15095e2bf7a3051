// What the sniffer of the running engine can be set to. Plain data: it travels to the threads.
import { handoffDefaults, type HandoffOptions } from "../handoff/handoff-options.ts";
import { volumeDefaults, type VolumeOptions } from "./volume-priority.ts";
import type { TableWaitOptions } from "./waiting-room.ts";
import type { WatchedProgram } from "./watch-list.ts";

export type SniffSettings = {
  /** Threads that verify signatures, 0 to 16; 0 verifies none. */
  readonly verifyThreads: number;
  /**
   * Signatures remembered against replays, in all partitions of the log together: a power of two from
   * 2 to 2^22; 0 remembers none.
   */
  readonly replayWindow: number;
  /** Longest wait for room before a verifier, ms; infinite: nothing is lost, the stream is held up. */
  readonly verifyWaitMs: number;
  /** Transactions between receipt and handoff at most, 2 or more. */
  readonly openMax: number;
  /** Accept v1 transactions. */
  readonly v1: boolean;
  /** Sizes of a whole transaction; without them those of prefilter.ts. */
  readonly bytesMin?: number;
  readonly bytesMax?: number;
  /** Let a mint of 32 zero bytes pass, which is suspicious else. */
  readonly zeroMint: boolean;
  /** What becomes a candidate; without it every program of schemas/market/programs.ts. */
  readonly watch?: readonly WatchedProgram[];
  /** Of how many transactions one has its events recorded; a record costs tens of nanoseconds. */
  readonly eventSampleEvery: number;
  readonly priority: VolumeOptions;
  /** How transactions wait for lookup tables; null: nobody resolves any. */
  readonly tables: TableWaitOptions | null;
  /**
   * Towards the log. Policy `block` loses nothing: a log that is slower holds up the stream. The
   * others never wait, and count what they drop.
   */
  readonly handoff: HandoffOptions;
  /** A sender for each priority, neither of which waits for the other; false: one, HIGH first. */
  readonly sendsApart: boolean;
};

export const sniffDefaults: SniffSettings = {
  verifyThreads: 1,
  replayWindow: 65_536,
  verifyWaitMs: Number.POSITIVE_INFINITY,
  openMax: 4096,
  v1: false,
  zeroMint: false,
  eventSampleEvery: 16,
  priority: volumeDefaults,
  tables: null,
  handoff: { ...handoffDefaults, dropPolicy: "block", adapts: false },
  sendsApart: false,
};
