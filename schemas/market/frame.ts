// A frame: the value of one record of a market topic, several items of one kind in order. A
// log's cost is per record, ours per item. An item's identity is (topic, partition, offset,
// index in the frame), so a frame is never re-cut after it was appended.
//
//   ┌ u32 LE length ┬ length bytes ┐ repeated to the end of the frame; an empty frame has no item
//
// The same form, without the record around it, is the binary body of POST /v1/transactions and
// the `wire` format of `weir sniff`.

/** Bytes of the length in front of each item. */
export const frameLengthBytes = 4;

/** Bounds of one frame. A record's key and headers need room below a topic's messageBytesMax. */
export type FrameLimits = {
  readonly itemsMax: number;
  /** Of the whole frame, lengths included. */
  readonly bytesMax: number;
  /** Of one item, its length field not included. */
  readonly itemBytesMax: number;
};

/** Default bounds: 1 MiB records less 32 KiB for key, headers and the log's own framing. */
export const frameLimits: FrameLimits = {
  itemsMax: 4096,
  bytesMax: (1 << 20) - (1 << 15),
  itemBytesMax: 1 << 18,
};

/** Why a frame cannot be read on; `none` while it can, and after a frame that ended well. */
export const frameFault = {
  none: 0,
  lengthTruncated: 1,
  itemTruncated: 2,
  itemTooLarge: 3,
  tooManyItems: 4,
  frameTooLarge: 5,
  itemEmpty: 6,
} as const;

export type FrameFault = (typeof frameFault)[keyof typeof frameFault];

/** Words for people, by fault code. */
export const frameFaultNames: readonly string[] = [
  "none",
  "frame ends inside an item's length",
  "frame ends inside an item",
  "item larger than itemBytesMax",
  "more items than itemsMax",
  "frame larger than bytesMax",
  "item of zero bytes",
];

/**
 * A cursor over the items of one frame; reusable, allocates nothing. One thread.
 *
 *     reader.open(view, 0, view.byteLength);
 *     while (reader.next()) use(view, reader.itemStart, reader.itemEnd);
 *     if (reader.fault !== frameFault.none) refuse(frameFaultNames[reader.fault]);
 *
 * Items before a fault have been delivered: check first with `countItems` where that matters.
 */
export class FrameReader {
  /** Offsets of the current item in the view given to `open`. */
  itemStart = 0;
  itemEnd = 0;
  /** Index of the current item in its frame, from 0; -1 before the first. */
  index = -1;
  fault: FrameFault = frameFault.none;
  /** Where the fault is, in the view: the length field of the item at fault. */
  faultAt = 0;
  readonly #limits: FrameLimits;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #end = 0;

  constructor(limits: FrameLimits = frameLimits) {
    this.#limits = limits;
  }

  /** Starts at a new frame, [start, end) of `view`; the range must lie within the view. */
  open(view: DataView, start: number, end: number): void {
    this.#view = view;
    this.#end = end;
    this.itemStart = start;
    this.itemEnd = start;
    this.index = -1;
    this.fault = frameFault.none;
    if (end - start > this.#limits.bytesMax) this.#fail(frameFault.frameTooLarge, start);
  }

  /** Moves to the next item; false at the end and at a fault. */
  next(): boolean {
    const at = this.itemEnd;
    const left = this.#end - at;
    if (left === 0 || this.fault !== frameFault.none) return false;
    if (left < frameLengthBytes) return this.#fail(frameFault.lengthTruncated, at);
    const length = this.#view.getUint32(at, true);
    if (length === 0) return this.#fail(frameFault.itemEmpty, at);
    if (length > this.#limits.itemBytesMax) return this.#fail(frameFault.itemTooLarge, at);
    if (length > left - frameLengthBytes) return this.#fail(frameFault.itemTruncated, at);
    if (this.index + 1 >= this.#limits.itemsMax) return this.#fail(frameFault.tooManyItems, at);
    this.index += 1;
    this.itemStart = at + frameLengthBytes;
    this.itemEnd = this.itemStart + length;
    return true;
  }

  /** Items of a whole frame, or -1 with `fault` set; nothing of a bad frame is delivered. */
  countItems(view: DataView, start: number, end: number): number {
    this.open(view, start, end);
    while (this.next());
    return this.fault === frameFault.none ? this.index + 1 : -1;
  }

  #fail(fault: FrameFault, at: number): false {
    this.fault = fault;
    this.faultAt = at;
    return false;
  }
}

/**
 * Builds one frame in a buffer of its own, `bytesMax` large; reusable. One thread. A refusal
 * changes nothing: take the frame, `clear`, and write again.
 */
export class FrameWriter {
  /** The frame's bytes; valid are [0, byteLength). */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  itemCount = 0;
  byteLength = 0;
  readonly #limits: FrameLimits;

  constructor(limits: FrameLimits = frameLimits) {
    this.#limits = limits;
    this.bytes = new Uint8Array(limits.bytesMax);
    this.view = new DataView(this.bytes.buffer);
  }

  /**
   * Claims an item of `length` bytes, 1 to itemBytesMax, and returns its offset in `bytes`, to be
   * filled in place (it holds old bytes); -1 when the frame has no room for it.
   */
  claim(length: number): number {
    const at = this.byteLength;
    const end = at + frameLengthBytes + length;
    if (length < 1 || length > this.#limits.itemBytesMax) return -1;
    if (end > this.#limits.bytesMax || this.itemCount >= this.#limits.itemsMax) return -1;
    this.view.setUint32(at, length, true);
    this.byteLength = end;
    this.itemCount += 1;
    return at + frameLengthBytes;
  }

  /** Copies one item in; false when the frame has no room for it. */
  tryWrite(item: Uint8Array): boolean {
    const at = this.claim(item.length);
    if (at < 0) return false;
    this.bytes.set(item, at);
    return true;
  }

  /** The frame so far as a view of `bytes`: valid until `clear`. */
  frame(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.byteLength);
  }

  clear(): void {
    this.itemCount = 0;
    this.byteLength = 0;
  }
}
