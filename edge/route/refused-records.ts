// Records for weir-rejected: the refused items of one OTLP request with their original bytes, dealt
// by what became of them, and a head that says why (schemas/rejected-value.ts). An item that no
// record can hold has one of its own. They count no items: their signal's counters have them as
// rejected or dropped already.
import { Regroup, type RegroupedMessage } from "../../schemas/otlp/regroup.ts";
import type { RefusedFinding, RefusedHead } from "../../schemas/rejected-value.ts";
import type { TopicName } from "../../schemas/topics.ts";
import { outcome } from "../../schemas/validate/trace-pass.ts";
import type { SignalPass } from "../decode/signal-pass.ts";
import { type OutgoingRecord, valueBytesMax } from "./outgoing-record.ts";
import { refusedRecord, tooLargeFinding } from "./refused-record.ts";

/** Findings that one record names; the others are counted. */
const findingsMax = 64;
/** Findings of one item. */
const itemFindingsMax = 8;
/** Room for the head beside the original. */
const headBytesMax = 64 * 1024;
/** Of the findings in it: names of a sender may be six times as long in JSON. */
const findingsBytesMax = headBytesMax - 4096;
const topic = "weir-rejected";
const modes = ["reject", "quarantine"] as const;
const rowsAtFirst = 64;

const encoder = new TextEncoder();
/** With the comma behind it. */
const jsonBytes = (value: object): number => encoder.encode(JSON.stringify(value)).byteLength + 1;

type Large = {
  readonly pass: SignalPass;
  readonly tenant: string;
  /** Indexes of the items. */
  readonly large: Int32Array;
};

/** One per path, reused. */
export class RefusedRecords {
  readonly #source: TopicName;
  readonly #regroup = new Regroup(valueBytesMax(topic) - headBytesMax);
  /** One message for each item, together at most as large as a request. */
  readonly #alone: Regroup;
  readonly #together = new Regroup(Infinity);
  #modeOf = new Int32Array(rowsAtFirst);

  /** `source` is the topic that the records were meant for, `requestBytesMax` bounds a request. */
  constructor(source: TopicName, requestBytesMax: number) {
    this.#source = source;
    this.#alone = new Regroup(Infinity, requestBytesMax);
  }

  /** What the pass refused; none when it refused nothing. */
  of(pass: SignalPass, tenant: string): readonly OutgoingRecord[] {
    if (this.#deal(pass) === 0) return [];
    const messages = this.#regroup.build(pass.rows, this.#modeOf, modes.length);
    const large = this.#regroup.oversize.slice(0, this.#regroup.oversizeCount);
    for (const record of large) this.#modeOf[record] = ~(this.#modeOf[record] ?? 0);
    let next = 0;
    let before = -1;
    const records = messages.map((message) => {
      if (message.partition !== before) next = 0;
      before = message.partition;
      const items: number[] = [];
      for (; items.length < message.records; next += 1)
        if (this.#modeOf[next] === message.partition) items.push(next);
      return refusedRecord(tenant, this.#head(pass, message.partition, items), message.bytes);
    });
    if (large.length === 0) return records;
    const headOf = (items: readonly number[]): RefusedHead =>
      this.#head(pass, ~(this.#modeOf[items[0] ?? 0] ?? 0), items);
    return [...records, ...this.#single({ pass, tenant, large }, headOf)];
  }

  /** What the pass let go and no record of its topic can hold: the indexes of such items. */
  tooLarge(pass: SignalPass, tenant: string, large: Int32Array): readonly OutgoingRecord[] {
    const limit = `valueBytesMax=${valueBytesMax(this.#source)}`;
    const headOf = (items: readonly number[], bytes: number): RefusedHead => ({
      topic: this.#source,
      mode: "reject",
      registry: pass.registry,
      items: items.length,
      findings: [tooLargeFinding(`${bytes} bytes, limit ${limit}`)],
      itemsOmitted: items.length - 1,
    });
    return this.#single({ pass, tenant, large }, headOf);
  }

  /**
   * A record for each item. When these would be larger than a request together, for each repeats
   * its resource and scope, one for all of them: a small body must not become a large one here.
   */
  #single(
    { pass, tenant, large }: Large,
    headOf: (items: readonly number[], bytes: number) => RefusedHead,
  ): readonly OutgoingRecord[] {
    const placeOf = new Int32Array(pass.rows.count).fill(-1);
    for (const [place, record] of large.entries()) placeOf[record] = place;
    const messages = this.#alone.build(pass.rows, placeOf, large.length);
    if (!this.#alone.isOverfull)
      return messages.map(({ partition: place, bytes }) =>
        refusedRecord(tenant, headOf([large[place] ?? 0], bytes.byteLength), bytes),
      );
    for (const record of large) placeOf[record] = 0;
    const items = Array.from(large.toSorted());
    return this.#together
      .build(pass.rows, placeOf, 1)
      .map(({ bytes }: RegroupedMessage) =>
        refusedRecord(tenant, headOf(items, bytes.byteLength), bytes),
      );
  }

  #deal({ rows, partitionOf }: SignalPass): number {
    if (this.#modeOf.length < rows.count) this.#modeOf = new Int32Array(rows.count * 2);
    let refused = 0;
    for (let i = 0; i < rows.count; i += 1) {
      const became = partitionOf[i] ?? 0;
      const isAside = became === outcome.quarantined;
      const isOut = isAside || became === outcome.rejected || became === outcome.overLimit;
      this.#modeOf[i] = isOut ? Number(isAside) : -1;
      refused += Number(isOut);
    }
    return refused;
  }

  #head(pass: SignalPass, mode: number, items: readonly number[]) {
    const findings: RefusedFinding[] = [];
    let omitted = 0;
    let bytes = 0;
    for (const [item, record] of items.entries()) {
      const before = findings.length;
      const found = before < findingsMax ? pass.findingsOf(record, itemFindingsMax) : [];
      for (const { id, level, signal, message } of found) {
        const told = { item, id, level, signal, message };
        const size = jsonBytes(told);
        if (bytes + size > findingsBytesMax) continue;
        bytes += size;
        findings.push(told);
      }
      if (findings.length === before) omitted += 1;
    }
    return {
      topic: this.#source,
      mode: modes[mode] ?? "reject",
      registry: pass.registry,
      items: items.length,
      findings,
      itemsOmitted: omitted,
    };
  }
}
