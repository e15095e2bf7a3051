// Builds an Export…ServiceRequest of chosen items of a scan, by copying slices: resource and scope
// heads once for each run of items below them, items as they came. The target's size is known
// before, so each byte is copied once.
import {
  recordWord,
  resourceStride,
  resourceWord,
  scopeStride,
  scopeWord,
} from "../../schemas/otlp/record-layout.ts";
import type { SignalScan } from "../../schemas/otlp/signal-scan.ts";

const delimitedTag = (field: number): number => field * 8 + 2;
const resourceTag = delimitedTag(1);
const scopeTag = delimitedTag(2);

type Run = { readonly scope: number; readonly items: number[]; bytes: number };
type Envelope = { readonly resource: number; readonly runs: Run[]; bytes: number };

const lengthBytes = (length: number): number => {
  let bytes = 1;
  for (let rest = length; rest > 127; rest >>>= 7) bytes += 1;
  return bytes;
};

const fieldBytes = (length: number): number => 1 + lengthBytes(length) + length;

const sliceBytes = (rows: Int32Array, at: number): number => (rows[at + 1] ?? 0) - (rows[at] ?? 0);

/** Runs of items with one scope, under runs with one resource, with the bytes of their bodies. */
const envelopesOf = (scan: SignalScan, items: readonly number[]): readonly Envelope[] => {
  const { records, resources, scopes, layout } = scan;
  const envelopes: Envelope[] = [];
  let envelope: Envelope | undefined;
  let run: Run | undefined;
  for (const item of items) {
    const row = item * layout.stride;
    const resource = records[row + recordWord.resource] ?? 0;
    const scope = records[row + recordWord.scope] ?? 0;
    if (envelope?.resource !== resource) {
      const at = resource * resourceStride;
      const head = sliceBytes(resources, at + resourceWord.headFieldStart);
      const bytes = head + sliceBytes(resources, at + resourceWord.schemaUrlFieldStart);
      envelope = { resource, runs: [], bytes };
      envelopes.push(envelope);
      run = undefined;
    }
    if (run?.scope !== scope) {
      const at = scope * scopeStride;
      const head = sliceBytes(scopes, at + scopeWord.headFieldStart);
      const bytes = head + sliceBytes(scopes, at + scopeWord.schemaUrlFieldStart);
      run = { scope, items: [], bytes };
      envelope.runs.push(run);
    }
    run.items.push(item);
    run.bytes += sliceBytesOfItem(records, row);
  }
  for (const each of envelopes) for (const { bytes } of each.runs) each.bytes += fieldBytes(bytes);
  return envelopes;
};

const sliceBytesOfItem = (records: Int32Array, row: number): number =>
  (records[row + recordWord.end] ?? 0) - (records[row + recordWord.fieldStart] ?? 0);

class Output {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #source: Uint8Array;
  #at = 0;

  constructor(source: Uint8Array, length: number) {
    this.#source = source;
    this.bytes = new Uint8Array(length);
  }

  head(tag: number, length: number): void {
    this.bytes[this.#at++] = tag;
    let rest = length;
    for (; rest > 127; rest >>>= 7) this.bytes[this.#at++] = (rest & 127) | 128;
    this.bytes[this.#at++] = rest;
  }

  slice(start: number, end: number): void {
    this.bytes.set(this.#source.subarray(start, end), this.#at);
    this.#at += end - start;
  }

  range(rows: Int32Array, at: number): void {
    this.slice(rows[at] ?? 0, rows[at + 1] ?? 0);
  }
}

const writeRun = (scan: SignalScan, run: Run, output: Output): void => {
  const { records, scopes, layout } = scan;
  const at = run.scope * scopeStride;
  output.head(scopeTag, run.bytes);
  output.range(scopes, at + scopeWord.headFieldStart);
  // Neighbours in the source are neighbours in the copy: one copy for all of them.
  let start = 0;
  let end = 0;
  for (const item of run.items) {
    const row = item * layout.stride;
    const from = records[row + recordWord.fieldStart] ?? 0;
    if (from !== end) {
      output.slice(start, end);
      start = from;
    }
    end = records[row + recordWord.end] ?? 0;
  }
  output.slice(start, end);
  output.range(scopes, at + scopeWord.schemaUrlFieldStart);
};

/** `items` are places in the scan, ascending, at least one. The scan's bytes are not changed. */
export const copyItems = (scan: SignalScan, items: readonly number[]): Uint8Array<ArrayBuffer> => {
  const envelopes = envelopesOf(scan, items);
  const length = envelopes.reduce((sum, { bytes }) => sum + fieldBytes(bytes), 0);
  const output = new Output(scan.bytes, length);
  for (const { resource, runs, bytes } of envelopes) {
    const at = resource * resourceStride;
    output.head(resourceTag, bytes);
    output.range(scan.resources, at + resourceWord.headFieldStart);
    for (const run of runs) writeRun(scan, run, output);
    output.range(scan.resources, at + resourceWord.schemaUrlFieldStart);
  }
  return output.bytes;
};
