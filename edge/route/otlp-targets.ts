// Which record of the log each span, metric or log record goes into: a partition's current one,
// or the next when it is full. Sizes are upper bounds, so that no value passes its topic's bound.
import {
  recordWord,
  resourceStride,
  resourceWord,
  scopeStride,
  scopeWord,
} from "../../schemas/otlp/record-layout.ts";
import type { SignalScan } from "../../schemas/otlp/signal-scan.ts";

/** Tag and length in front of an envelope: one byte and at most five. */
const envelopeBytes = 6;

export type Target = {
  readonly partition: number;
  /** Places of its items in the scan, ascending. */
  readonly items: number[];
};

type Open = { target: Target; bytes: number; resource: number; scope: number };

export type Targets = {
  readonly targets: readonly Target[];
  /** Items that no record of the log can hold. */
  readonly tooLarge: readonly number[];
};

const rangeBytes = (rows: Int32Array, row: number, from: number): number =>
  (rows[row + from + 1] ?? 0) - (rows[row + from] ?? 0);

const resourceBytes = ({ resources }: SignalScan, resource: number): number => {
  const row = resource * resourceStride;
  const head = rangeBytes(resources, row, resourceWord.headFieldStart);
  return head + rangeBytes(resources, row, resourceWord.schemaUrlFieldStart) + envelopeBytes;
};

const scopeBytes = ({ scopes }: SignalScan, scope: number): number => {
  const row = scope * scopeStride;
  const head = rangeBytes(scopes, row, scopeWord.headFieldStart);
  return head + rangeBytes(scopes, row, scopeWord.schemaUrlFieldStart) + envelopeBytes;
};

/** `partitionOf` is asked once per item of the scan; `bytesMax` bounds a target's value. */
export const assignTargets = (
  scan: SignalScan,
  partitionOf: (row: number) => number,
  bytesMax: number,
): Targets => {
  const { records, layout, count } = scan;
  const targets: Target[] = [];
  const tooLarge: number[] = [];
  const open = new Map<number, Open>();
  for (let item = 0; item < count; item += 1) {
    const row = item * layout.stride;
    const resource = records[row + recordWord.resource] ?? 0;
    const scope = records[row + recordWord.scope] ?? 0;
    const own = (records[row + recordWord.end] ?? 0) - (records[row + recordWord.fieldStart] ?? 0);
    const alone = own + scopeBytes(scan, scope) + resourceBytes(scan, resource);
    if (alone > bytesMax) {
      tooLarge.push(item);
      continue;
    }
    const partition = partitionOf(row);
    let into = open.get(partition);
    if (into === undefined || into.bytes + alone > bytesMax) {
      into = { target: { partition, items: [] }, bytes: 0, resource: -1, scope: -1 };
      open.set(partition, into);
      targets.push(into.target);
    }
    into.bytes += own;
    if (into.scope !== scope) into.bytes += scopeBytes(scan, scope);
    if (into.resource !== resource) into.bytes += resourceBytes(scan, resource);
    into.scope = scope;
    into.resource = resource;
    into.target.items.push(item);
  }
  return { targets, tooLarge };
};
