// What decode and route make of one body: records for the log, and what was refused on the way.
import type { Tenant } from "../authenticate/tenant-document.ts";
import type { Refusal } from "../errors.ts";
import type { Rejections } from "../metrics/rejections.ts";
import type { MediaType } from "../receive/endpoints.ts";
import type { OutgoingRecord } from "./outgoing-record.ts";

/** One body, inflated, and what its request said of it. */
export type PathInput = {
  readonly body: Uint8Array;
  readonly mediaType: MediaType;
  readonly tenant: Tenant;
  /** Receive time at the edge, milliseconds since the epoch. */
  readonly receivedMs: number;
  /** Items of one request that are taken; more refuse the request. */
  readonly itemsMax: number;
};

/**
 * items = items of all records + sampledOut + rejections.total + rejections.quarantined; records for
 * weir-rejected count none.
 */
export type Routed = {
  readonly items: number;
  readonly records: readonly OutgoingRecord[];
  readonly rejections: Rejections;
  /** Items that head sampling let go. */
  readonly sampledOut: number;
  /** What values are parts of, if any are: nobody else's, it may be given back after them. */
  readonly memory?: ArrayBuffer | undefined;
};

/** A signal's way from body to records. Pure but for rotation counters; one per isolate. */
export type SignalPath = (input: PathInput) => Routed | Refusal;
