// Kept records of one scanned request, dealt to partitions: for each partition one or more whole
// Export…ServiceRequests, made by copying slices under copies of their resource and scope heads.
// Nothing is decoded; neighbours are one copy. Unknown fields of resources and scopes stay behind,
// those of records are kept. Records that are edited on the way (record-edits.ts) are copied one by
// one, in the same pass.
//
// All messages are planned, then written into one array: every array buffer is an object more that a
// collection of V8 has to sweep. A planned message grows record by record until the next one would
// exceed `messageBytesMax`:
//   closed                   finished resources, with tag and length
//   resourceBody             head of the open resource and its finished scopes
//   scopeBody                head of the open scope and its records
import { RecordEdits } from "./record-edits.ts";
import { recordWord, resourceStride, resourceWord, scopeStride } from "./record-layout.ts";
import type { ScannedRows } from "./scanned-rows.ts";
import { SliceWriter } from "./slice-writer.ts";
import { lengthBytes, tagOf, wireType } from "./wire.ts";

/** One request for one partition. */
export type RegroupedMessage = {
  readonly partition: number;
  /** A part of an array that all messages of the request share. */
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

// Rows of the plan.
const segmentWord = { first: 0, end: 1, scope: 2, body: 3 } as const;
const groupWord = { first: 0, end: 1, resource: 2, body: 3 } as const;
const planStride = 4;

type PlannedMessage = {
  readonly partition: number;
  readonly records: number;
  readonly bytes: number;
  readonly firstGroup: number;
  readonly endGroup: number;
};

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
  #order: Int32Array = new Int32Array(rowsAtFirst);
  #ends: Int32Array = new Int32Array(rowsAtFirst);
  #segments: Int32Array = new Int32Array(rowsAtFirst * planStride);
  #segmentCount = 0;
  /** Of the message that is being planned; the same of the groups. */
  #firstSegment = 0;
  #groups: Int32Array = new Int32Array(rowsAtFirst * planStride);
  #groupCount = 0;
  #firstGroup = 0;
  #plannedBytes = 0;
  #closed = 0;
  #resourceBody = 0;
  #scopeBody = 0;
  #records = 0;
  #edits = noEdits;
  #hasEdits = false;
  readonly #writer = new SliceWriter();

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
    this.#deal(scan.count, partitionOf, partitions);
    const planned: PlannedMessage[] = [];
    this.#plan(scan, partitions, planned);
    this.isOverfull = this.#isTooMuch();
    return this.isOverfull ? [] : this.#written(scan, planned);
  }

  /** Plans all messages, or until they are too much. */
  #plan(scan: ScannedRows, partitions: number, planned: PlannedMessage[]): void {
    this.#segmentCount = 0;
    this.#groupCount = 0;
    this.#plannedBytes = 0;
    let first = 0;
    this.#begin();
    for (let partition = 0; partition < partitions; partition += 1) {
      const end = at(this.#ends, partition);
      for (let i = first; i < end && !this.#isTooMuch(); i += 1) {
        const record = at(this.#order, i);
        if (this.#tryAdd(scan, record, i)) continue;
        this.#close(partition, planned);
        if (!this.#tryAdd(scan, record, i)) this.#refuse(record);
      }
      this.#close(partition, planned);
      first = end;
    }
  }

  #isTooMuch(): boolean {
    return this.#plannedBytes > this.#bytesMax;
  }

  /** Ends the message, if there is one, and begins the next. */
  #close(partition: number, planned: PlannedMessage[]): void {
    if (this.#records > 0) {
      const bytes = this.#closed + fieldBytes(this.#resourceBody + fieldBytes(this.#scopeBody));
      const [firstGroup, endGroup] = [this.#firstGroup, this.#groupCount];
      planned.push({ partition, records: this.#records, bytes, firstGroup, endGroup });
      this.#plannedBytes += bytes;
    }
    this.#begin();
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
    this.#firstSegment = this.#segmentCount;
    this.#firstGroup = this.#groupCount;
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
    const hasSegment = this.#segmentCount > this.#firstSegment;
    const hasGroup = this.#groupCount > this.#firstGroup;
    const sameScope = hasSegment && at(this.#segments, segment + segmentWord.scope) === scope;
    const sameResource = hasGroup && at(this.#groups, group + groupWord.resource) === resource;
    let closed = this.#closed;
    let resourceBody = this.#resourceBody;
    let scopeBody = this.#scopeBody;
    if (!sameScope) {
      if (hasSegment) resourceBody += fieldBytes(scopeBody);
      scopeBody = headBytes(scan.scopes, scope * scopeStride);
    }
    if (!sameResource) {
      if (hasGroup) closed += fieldBytes(resourceBody);
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

  #written(scan: ScannedRows, planned: readonly PlannedMessage[]): RegroupedMessage[] {
    if (planned.length === 0) return [];
    this.#writer.begin(scan.bytes, this.#plannedBytes);
    for (const message of planned) this.#write(scan, message);
    const memory = this.#writer.end();
    const messages: RegroupedMessage[] = [];
    let start = 0;
    for (const { partition, records, bytes: size } of planned) {
      messages.push({ partition, records, bytes: memory.subarray(start, start + size) });
      start += size;
    }
    return messages;
  }

  #write(scan: ScannedRows, { firstGroup, endGroup }: PlannedMessage): void {
    for (let index = firstGroup; index < endGroup; index += 1) {
      const group = index * planStride;
      const resource = at(this.#groups, group + groupWord.resource);
      this.#writer.head(resourceTag, at(this.#groups, group + groupWord.body));
      this.#copyHead(scan.resources, resource * resourceStride);
      const end = at(this.#groups, group + groupWord.end);
      for (let i = at(this.#groups, group + groupWord.first); i < end; i += 1)
        this.#writeSegment(scan, i * planStride);
    }
  }

  #writeSegment(scan: ScannedRows, segment: number): void {
    const scope = at(this.#segments, segment + segmentWord.scope);
    this.#writer.head(scopeTag, at(this.#segments, segment + segmentWord.body));
    this.#copyHead(scan.scopes, scope * scopeStride);
    const end = at(this.#segments, segment + segmentWord.end);
    let i = at(this.#segments, segment + segmentWord.first);
    while (i < end) {
      if (this.#isEdited(i)) {
        this.#writeEdited(scan, i);
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
      this.#writer.copy(from, next);
    }
  }

  #isEdited(i: number): boolean {
    return this.#hasEdits && this.#edits.isEdited(at(this.#order, i));
  }

  #writeEdited(scan: ScannedRows, i: number): void {
    const edits = this.#edits;
    const record = at(this.#order, i);
    const start = this.#recordWord(scan, i, recordWord.start);
    const end = this.#recordWord(scan, i, recordWord.end);
    this.#writer.head(recordTag, end - start + edits.growth(record));
    const cutEnd = edits.cutEnd(record);
    if (cutEnd === 0) this.#writer.copy(start, end);
    else {
      this.#writer.copy(start, edits.cutStart(record));
      this.#writer.copy(cutEnd, end);
    }
    this.#writer.add(edits.added.bytes, edits.addStart(record), edits.addEnd(record));
  }

  /** Copies the head and the schema URL of a resource or scope, tags and all. */
  #copyHead(rows: Int32Array, row: number): void {
    this.#writer.copy(
      at(rows, row + resourceWord.headFieldStart),
      at(rows, row + resourceWord.headEnd),
    );
    const urlStart = at(rows, row + resourceWord.schemaUrlFieldStart);
    this.#writer.copy(urlStart, at(rows, row + resourceWord.schemaUrlEnd));
  }

  #recordWord(scan: ScannedRows, i: number, word: number): number {
    return at(scan.records, at(this.#order, i) * scan.layout.stride + word);
  }
}
