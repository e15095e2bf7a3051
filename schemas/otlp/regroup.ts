// Kept records of one scanned request, dealt to partitions: for each partition one or more whole
// Export…ServiceRequests, made by copying slices under copies of their resource and scope heads.
// Nothing is decoded; neighbours are one copy; every message is written once, into an array of its
// exact size. Unknown fields of resources and scopes stay behind, those of records are kept.
// Records that are edited on the way (record-edits.ts) are copied one by one, in the same pass.
//
// A message grows record by record until the next one would exceed `messageBytesMax`:
//   closed                   finished resources, with tag and length
//   resourceBody             head of the open resource and its finished scopes
//   scopeBody                head of the open scope and its records
import { RecordEdits } from "./record-edits.ts";
import { recordWord, resourceStride, resourceWord, scopeStride } from "./record-layout.ts";
import type { ScannedRows } from "./scanned-rows.ts";
import { lengthBytes, tagOf, wireType, writeLength } from "./wire.ts";

/** One request for one partition. */
export type RegroupedMessage = {
  readonly partition: number;
  /** An array of its own, not a view. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Spans, metrics or log records in it. */
  readonly records: number;
};

const resourceTag = tagOf(1, wireType.delimited);
const scopeTag = tagOf(2, wireType.delimited);
// Spans, metrics and log records are all field 2 of their scope.
const recordTag = tagOf(2, wireType.delimited);
const rowsAtFirst = 64;
const noEdits = new RecordEdits();

// Rows of the plan of the message that is being filled.
const segmentWord = { first: 0, end: 1, scope: 2, body: 3 } as const;
const groupWord = { first: 0, end: 1, resource: 2, body: 3 } as const;
const planStride = 4;

/** Bytes of a field with a one-byte tag and a body of this size. */
const fieldBytes = (body: number): number => 1 + lengthBytes(body) + body;

const at = (rows: Int32Array, index: number): number => rows[index] as number;

const larger = (rows: Int32Array, length: number): Int32Array => {
  const grown = new Int32Array(Math.max(length, rows.length * 2));
  grown.set(rows);
  return grown;
};

/** Resource and scope keep their head and schema URL in the same words. */
const headBytes = (rows: Int32Array, row: number): number =>
  at(rows, row + resourceWord.headEnd) -
  at(rows, row + resourceWord.headFieldStart) +
  at(rows, row + resourceWord.schemaUrlEnd) -
  at(rows, row + resourceWord.schemaUrlFieldStart);

/** One per thread, reused. The scan's rows and bytes must be unchanged since its pass. */
export class Regroup {
  /** Records that no message of `messageBytesMax` can hold: indexes, `oversizeCount` of them. */
  oversize: Int32Array = new Int32Array(rowsAtFirst);
  oversizeCount = 0;
  /**
   * The last request was given up: its messages together would exceed `bytesMax`, for every one
   * repeats the heads of its resources and scopes.
   */
  isOverfull = false;
  readonly #messageBytesMax: number;
  readonly #bytesMax: number;
  #bytes = 0;
  #order: Int32Array = new Int32Array(rowsAtFirst);
  #ends: Int32Array = new Int32Array(rowsAtFirst);
  #segments: Int32Array = new Int32Array(rowsAtFirst * planStride);
  #segmentCount = 0;
  #groups: Int32Array = new Int32Array(rowsAtFirst * planStride);
  #groupCount = 0;
  #closed = 0;
  #resourceBody = 0;
  #scopeBody = 0;
  #records = 0;
  #edits = noEdits;
  #hasEdits = false;

  /**
   * `messageBytesMax` bounds the bytes of one message, `bytesMax` those of all messages of one
   * request; keys and headers are the caller's.
   */
  constructor(messageBytesMax: number, bytesMax = Infinity) {
    this.#messageBytesMax = messageBytesMax;
    this.#bytesMax = bytesMax;
  }

  /**
   * `partitionOf` has one entry for each record: its partition, 0 to partitions - 1, or -1 to drop
   * it. Messages come ordered by partition, records in the order of the request, with their edits.
   * None at all when they would be too many bytes: `isOverfull`.
   */
  build(
    scan: ScannedRows,
    partitionOf: Int32Array,
    partitions: number,
    edits?: RecordEdits,
  ): RegroupedMessage[] {
    this.#edits = edits ?? noEdits;
    this.#hasEdits = edits !== undefined;
    this.oversizeCount = 0;
    this.isOverfull = false;
    this.#bytes = 0;
    this.#deal(scan.count, partitionOf, partitions);
    const messages: RegroupedMessage[] = [];
    let first = 0;
    for (let partition = 0; partition < partitions; partition += 1) {
      const end = at(this.#ends, partition);
      this.#begin();
      for (let i = first; i < end; i += 1) {
        const record = at(this.#order, i);
        if (this.#tryAdd(scan, record, i)) continue;
        if (this.#records > 0) messages.push(this.#finish(scan, partition));
        if (this.#bytes > this.#bytesMax) break;
        if (!this.#tryAdd(scan, record, i)) this.#refuse(record);
      }
      if (this.#records > 0) messages.push(this.#finish(scan, partition));
      if (this.#bytes > this.#bytesMax) {
        this.isOverfull = true;
        return [];
      }
      first = end;
    }
    return messages;
  }

  /** Stable counting sort of the kept records by partition, into `#order` up to `#ends`. */
  #deal(count: number, partitionOf: Int32Array, partitions: number): void {
    if (this.#ends.length < partitions) this.#ends = new Int32Array(partitions);
    if (this.#order.length < count) this.#order = larger(this.#order, count);
    const ends = this.#ends;
    ends.fill(0);
    for (let i = 0; i < count; i += 1) {
      const partition = at(partitionOf, i);
      if (partition >= 0) ends[partition] = at(ends, partition) + 1;
    }
    let start = 0;
    for (let partition = 0; partition < partitions; partition += 1) {
      const size = at(ends, partition);
      ends[partition] = start;
      start += size;
    }
    for (let i = 0; i < count; i += 1) {
      const partition = at(partitionOf, i);
      if (partition < 0) continue;
      this.#order[at(ends, partition)] = i;
      ends[partition] = at(ends, partition) + 1;
    }
  }

  #begin(): void {
    this.#segmentCount = 0;
    this.#groupCount = 0;
    this.#closed = 0;
    this.#resourceBody = 0;
    this.#scopeBody = 0;
    this.#records = 0;
  }

  /** Adds a record, which is entry `i` of the order, unless the message would become too large. */
  #tryAdd(scan: ScannedRows, record: number, i: number): boolean {
    const row = record * scan.layout.stride;
    const scope = at(scan.records, row + recordWord.scope);
    const resource = at(scan.records, row + recordWord.resource);
    const bytes = this.#recordBytes(scan, record);
    const segment = (this.#segmentCount - 1) * planStride;
    const group = (this.#groupCount - 1) * planStride;
    const sameScope = segment >= 0 && at(this.#segments, segment + segmentWord.scope) === scope;
    const sameResource = group >= 0 && at(this.#groups, group + groupWord.resource) === resource;
    let closed = this.#closed;
    let resourceBody = this.#resourceBody;
    let scopeBody = this.#scopeBody;
    if (!sameScope) {
      if (segment >= 0) resourceBody += fieldBytes(scopeBody);
      scopeBody = headBytes(scan.scopes, scope * scopeStride);
    }
    if (!sameResource) {
      if (group >= 0) closed += fieldBytes(resourceBody);
      resourceBody = headBytes(scan.resources, resource * resourceStride);
    }
    scopeBody += bytes;
    const total = closed + fieldBytes(resourceBody + fieldBytes(scopeBody));
    if (total > this.#messageBytesMax) return false;
    if (!sameResource) this.#openGroup(resource);
    if (!sameScope) this.#openSegment(scope, i);
    this.#closed = closed;
    this.#resourceBody = resourceBody;
    this.#scopeBody = scopeBody;
    this.#keep(i + 1);
    return true;
  }

  /** Bytes of the record's field as it will be written. */
  #recordBytes(scan: ScannedRows, record: number): number {
    const row = record * scan.layout.stride;
    const end = at(scan.records, row + recordWord.end);
    if (!this.#hasEdits || !this.#edits.isEdited(record)) {
      return end - at(scan.records, row + recordWord.fieldStart);
    }
    const growth = this.#edits.growth(record);
    return fieldBytes(end - at(scan.records, row + recordWord.start) + growth);
  }

  #openGroup(resource: number): void {
    const row = this.#groupCount * planStride;
    if (row === this.#groups.length) this.#groups = larger(this.#groups, row);
    this.#groups[row + groupWord.first] = this.#segmentCount;
    this.#groups[row + groupWord.resource] = resource;
    this.#groupCount += 1;
  }

  #openSegment(scope: number, first: number): void {
    const row = this.#segmentCount * planStride;
    if (row === this.#segments.length) this.#segments = larger(this.#segments, row);
    this.#segments[row + segmentWord.first] = first;
    this.#segments[row + segmentWord.scope] = scope;
    this.#segmentCount += 1;
  }

  /** Brings the open scope and resource of the plan up to date, as if they ended here. */
  #keep(end: number): void {
    const segment = (this.#segmentCount - 1) * planStride;
    const group = (this.#groupCount - 1) * planStride;
    this.#segments[segment + segmentWord.end] = end;
    this.#segments[segment + segmentWord.body] = this.#scopeBody;
    this.#groups[group + groupWord.end] = this.#segmentCount;
    this.#groups[group + groupWord.body] = this.#resourceBody + fieldBytes(this.#scopeBody);
    this.#records += 1;
  }

  #refuse(record: number): void {
    if (this.oversizeCount === this.oversize.length) {
      this.oversize = larger(this.oversize, this.oversizeCount);
    }
    this.oversize[this.oversizeCount] = record;
    this.oversizeCount += 1;
  }

  /** Writes the planned message and begins the next. */
  #finish(scan: ScannedRows, partition: number): RegroupedMessage {
    const total = this.#closed + fieldBytes(this.#resourceBody + fieldBytes(this.#scopeBody));
    const bytes = new Uint8Array(total);
    this.#bytes += total;
    let to = 0;
    for (let index = 0; index < this.#groupCount; index += 1) {
      const group = index * planStride;
      const resource = at(this.#groups, group + groupWord.resource);
      bytes[to] = resourceTag;
      to = writeLength(bytes, to + 1, at(this.#groups, group + groupWord.body));
      to = copyHead(scan, scan.resources, resource * resourceStride, { bytes, to });
      const end = at(this.#groups, group + groupWord.end);
      for (let i = at(this.#groups, group + groupWord.first); i < end; i += 1) {
        to = this.#writeSegment(scan, bytes, to, i * planStride);
      }
    }
    const message = { partition, bytes, records: this.#records };
    this.#begin();
    return message;
  }

  #writeSegment(scan: ScannedRows, out: Uint8Array, start: number, segment: number): number {
    const scope = at(this.#segments, segment + segmentWord.scope);
    out[start] = scopeTag;
    let to = writeLength(out, start + 1, at(this.#segments, segment + segmentWord.body));
    to = copyHead(scan, scan.scopes, scope * scopeStride, { bytes: out, to });
    const end = at(this.#segments, segment + segmentWord.end);
    let i = at(this.#segments, segment + segmentWord.first);
    while (i < end) {
      if (this.#isEdited(i)) {
        to = this.#writeEdited(scan, out, to, i);
        i += 1;
        continue;
      }
      const from = this.#recordWord(scan, i, recordWord.fieldStart);
      let next = this.#recordWord(scan, i, recordWord.end);
      i += 1;
      // Neighbours in the request are neighbours here: one copy for all of them.
      while (
        i < end &&
        this.#recordWord(scan, i, recordWord.fieldStart) === next &&
        !this.#isEdited(i)
      ) {
        next = this.#recordWord(scan, i, recordWord.end);
        i += 1;
      }
      out.set(scan.bytes.subarray(from, next), to);
      to += next - from;
    }
    return to;
  }

  #isEdited(i: number): boolean {
    return this.#hasEdits && this.#edits.isEdited(at(this.#order, i));
  }

  #writeEdited(scan: ScannedRows, out: Uint8Array, start: number, i: number): number {
    const record = at(this.#order, i);
    const row = record * scan.layout.stride;
    const message = {
      start: at(scan.records, row + recordWord.start),
      end: at(scan.records, row + recordWord.end),
    };
    out[start] = recordTag;
    const length = message.end - message.start + this.#edits.growth(record);
    const to = writeLength(out, start + 1, length);
    return this.#edits.write(record, scan.bytes, message, { out, to });
  }

  #recordWord(scan: ScannedRows, i: number, word: number): number {
    return at(scan.records, at(this.#order, i) * scan.layout.stride + word);
  }
}

type Target = { readonly bytes: Uint8Array; readonly to: number };

/** Copies the head and the schema URL of a resource or scope, tags and all. */
const copyHead = (scan: ScannedRows, rows: Int32Array, row: number, target: Target): number => {
  let { to } = target;
  for (const word of [resourceWord.headFieldStart, resourceWord.schemaUrlFieldStart]) {
    const from = at(rows, row + word);
    const end = at(rows, row + word + 1);
    target.bytes.set(scan.bytes.subarray(from, end), to);
    to += end - from;
  }
  return to;
};
