// What a pass over an OTLP request leaves behind, whichever pass it was: rows of offsets into the
// bytes (record-layout.ts). Sampling, partitioning and regrouping go on from it.
import type { RecordLayout } from "./record-layout.ts";

/** Rows are valid until the next pass; the bytes must not change meanwhile. */
export type ScannedRows = {
  readonly layout: RecordLayout;
  readonly bytes: Uint8Array;
  /** Number of records; their rows are `layout.stride` words each in `records`. */
  readonly count: number;
  readonly records: Int32Array;
  readonly resourceCount: number;
  readonly resources: Int32Array;
  readonly scopeCount: number;
  readonly scopes: Int32Array;
};
