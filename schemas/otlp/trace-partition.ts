// The partition of every record of a scan, from its trace id: the same that a Java client, or a
// Collector with `hasher: murmur2`, chooses for the trace id's 32 hex characters as key.
import { traceIdPartition } from "../hash/murmur2.ts";
import { recordWord } from "./record-layout.ts";
import type { ScannedRows } from "./scanned-rows.ts";

/** Where records without a trace id go, and how many partitions the topic has. */
export type PartitionRule = { readonly partitions: number; readonly unkeyed: number };

/** Fills into[0, scan.count). Neighbours of one trace are hashed once. Any thread; no state. */
export const partitionByTraceId = (
  scan: ScannedRows,
  rule: PartitionRule,
  into: Int32Array,
): void => {
  const { bytes, records } = scan;
  const { stride } = scan.layout;
  let before = 0;
  let partition = rule.unkeyed;
  for (let i = 0; i < scan.count; i += 1) {
    const id = records[i * stride + recordWord.traceIdAt] as number;
    if (id === 0) into[i] = rule.unkeyed;
    else {
      if (before === 0 || !sameId(bytes, before, id)) {
        partition = traceIdPartition(bytes, id, rule.partitions);
      }
      before = id;
      into[i] = partition;
    }
  }
};

const sameId = (bytes: Uint8Array, a: number, b: number): boolean => {
  // The random half of a trace id differs most at its end.
  for (let i = 15; i >= 0; i -= 1) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
};
