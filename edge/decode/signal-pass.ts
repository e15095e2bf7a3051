// A pass over one OTLP request of one signal: it reads, proves and checks every byte, says of each
// record which partition it goes to or that it is out, and why.
import type { ScannedRows } from "../../schemas/otlp/scanned-rows.ts";
import type { PartitionRule } from "../../schemas/otlp/trace-partition.ts";
import type { RefusedFinding } from "../../schemas/rejected-value.ts";
import type { Tenant } from "../authenticate/tenant-document.ts";
import type { Refusal } from "../errors.ts";
import type { Rejections } from "../metrics/rejections.ts";

/** What a pass is told beside the bytes. */
export type PassInput = {
  readonly tenant: Tenant;
  readonly rule: PartitionRule;
  /** Items of a record: 1, or the data points of a metric. */
  readonly itemsOf: (record: number) => number;
  /** Takes what the sender is told. */
  readonly rejections: Rejections;
};

/** One per signal and isolate; results hold until the next run. */
export type SignalPass = {
  readonly rows: ScannedRows;
  /** Partition of each record, or an `outcome` of schemas/validate/trace-pass.ts, below 0. */
  readonly partitionOf: Int32Array;
  /** Undefined when the request stands, though records of it may be out. */
  readonly run: (bytes: Uint8Array, input: PassInput) => Refusal | undefined;
  /** Counts what the last run found: once, when its request is taken. */
  readonly count: () => void;
  /** Why a record that is out is out; the first `max` findings. */
  readonly findingsOf: (record: number, max: number) => readonly Omit<RefusedFinding, "item">[];
  /** Version of the registry that decided, "" without one. */
  readonly registry: string;
  /** Gives back what one large request occupied. */
  readonly release: () => void;
};
