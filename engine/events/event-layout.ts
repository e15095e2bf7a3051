// The memory of an event collector: a circular buffer of fixed slots in shared memory, one writer,
// any reader. Names of events and of all reasons are closed tables; indexes are format.
//
//    0  i32  capacity in slots          128  slots of 32 bytes each:
//    4  i32  events written, wraps        0  i32  number of the event + 1; 0 while it is written
//    8  i32  slot of the next event       4  u8 type · u8 reason · u8 priority · u8 lane of bundle_submitted
//                                         8  f64  trace id
//                                        16  f64  monotonic time, us
//                                        24  u32  value: latency in us, or size in bytes
//                                        28  u32  queue depth; of bundle_submitted: the fate

export const eventHeaderBytes = 128;
export const eventSlotBytes = 32;

/** Int32 words of the header. */
export const capacityWord = 0;
export const writtenWord = 1;
export const nextSlotWord = 2;

/** @throws TypeError for other memory than that of `createEventMemory`. */
export const checkEventMemory = (memory: SharedArrayBuffer): void => {
  const isLarge = memory.byteLength >= eventHeaderBytes + eventSlotBytes;
  const capacity = isLarge ? (new Int32Array(memory, 0, 1)[capacityWord] ?? 0) : 0;
  if (isLarge && memory.byteLength === eventHeaderBytes + capacity * eventSlotBytes) return;
  throw new TypeError("memory holds no events: make it with createEventMemory");
};

/** Offsets in a slot. */
export const eventAt = {
  number: 0,
  type: 4,
  reason: 5,
  priority: 6,
  lane: 7,
  traceId: 8,
  time: 16,
  value: 24,
  depth: 28,
} as const;

/** The nine events of the sniffer. */
export const snifferEventTypes = [
  "bytes_received",
  "prefilter_passed",
  "prefilter_rejected",
  "candidate_extracted",
  "extraction_failed",
  "security_passed",
  "security_rejected",
  "handoff_sent",
  "handoff_dropped",
] as const;

/** All events: those of the sniffer, and a transaction that was given to an outlet in a bundle. */
export const eventTypes = [...snifferEventTypes, "bundle_submitted"] as const;

/** A name of `eventTypes`. */
export type EventType = (typeof eventTypes)[number];

/** Code of each event: its index. */
export const eventType = {
  bytesReceived: 0,
  prefilterPassed: 1,
  prefilterRejected: 2,
  candidateExtracted: 3,
  extractionFailed: 4,
  securityPassed: 5,
  securityRejected: 6,
  handoffSent: 7,
  handoffDropped: 8,
  bundleSubmitted: 9,
} as const;

/** A code of `eventType`. */
export type EventCode = (typeof eventType)[keyof typeof eventType];

/** Why a transaction or candidate went no further; the first names those of `weir sniff`. */
export const reasonNames = [
  "",
  "vote",
  "not-watched",
  "size",
  "duplicate-key",
  "malformed",
  "needs-resolve",
  "signature",
  "replay",
  "suspicious-mint",
  "full",
  "evicted",
  "blocked",
  "retries",
  "shutdown",
  "restart",
] as const;

/** A name of `reasonNames`. */
export type ReasonName = (typeof reasonNames)[number];

/** Code of each reason: its index. */
export const reason = {
  none: 0,
  vote: 1,
  notWatched: 2,
  size: 3,
  duplicateKey: 4,
  malformed: 5,
  needsResolve: 6,
  signature: 7,
  replay: 8,
  suspiciousMint: 9,
  /** No room, and the policy drops what comes. */
  full: 10,
  /** Made room for another. */
  evicted: 11,
  /** Waited for room, and there was none. */
  blocked: 12,
  /** The receiver refused it as often as configured. */
  retries: 13,
  /** Still there when the time to drain was over. */
  shutdown: 14,
  /** Under way when its thread ended; its record is read from the log again. */
  restart: 15,
} as const;

/** A code of `reason`. */
export type Reason = (typeof reason)[keyof typeof reason];

/** What becomes of a transaction that is given to an outlet (submit/outlet.ts). */
export const fateNames = [
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

/** A name of `fateNames`. */
export type Fate = (typeof fateNames)[number];

/** Priorities of candidates, as ring counters know them: index is code. */
export const priorityNames = ["LOW", "HIGH"] as const;
