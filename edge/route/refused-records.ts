// Records for weir-rejected: the refused items of one OTLP request with their original bytes, dealt
// by what became of them, and a head that says why (schemas/rejected-value.ts). They count no items:
// their signal's counters have them as rejected or dropped already.
import { keyPartition } from "../../schemas/hash/murmur2.ts";
import { Regroup } from "../../schemas/otlp/regroup.ts";
import type { RefusedFinding } from "../../schemas/rejected-value.ts";
import { writeRefused } from "../../schemas/rejected-value.ts";
import { type TopicName, topics } from "../../schemas/topics.ts";
import { outcome } from "../../schemas/validate/trace-pass.ts";
import type { SignalPass } from "../decode/signal-pass.ts";
import { type OutgoingRecord, valueBytesMax } from "./outgoing-record.ts";

/** Findings that one record names; the others are counted. */
const findingsMax = 64;
/** Findings of one item. */
const itemFindingsMax = 8;
/** Room for the head beside the original. */
const headBytesMax = 64 * 1024;
const topic = "weir-rejected";
const modes = ["reject", "quarantine"] as const;
const rowsAtFirst = 64;
const utf8 = new TextEncoder();

/** One per path, reused. */
export class RefusedRecords {
  readonly #source: TopicName;
  readonly #regroup = new Regroup(valueBytesMax(topic) - headBytesMax);
  #modeOf = new Int32Array(rowsAtFirst);

  /** `source` is the topic that the records were meant for. */
  constructor(source: TopicName) {
    this.#source = source;
  }

  /** None when nothing was refused, or when its original is larger than a record can hold. */
  of(pass: SignalPass, tenant: string): readonly OutgoingRecord[] {
    if (this.#deal(pass) === 0) return [];
    const { partitions } = topics[topic];
    const key = utf8.encode(tenant);
    const partition = keyPartition(key, 0, key.byteLength, partitions);
    let next = 0;
    let before = -1;
    return this.#regroup.build(pass.rows, this.#modeOf, modes.length).map((message) => {
      if (message.partition !== before) next = 0;
      before = message.partition;
      const items: number[] = [];
      for (; items.length < message.records; next += 1)
        if (this.#modeOf[next] === message.partition) items.push(next);
      const value = writeRefused(this.#head(pass, message.partition, items), message.bytes);
      return { topic, partition, key, value, items: 0 };
    });
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
    for (const [item, record] of items.entries()) {
      if (findings.length >= findingsMax) omitted += 1;
      else
        for (const { id, level, signal, message } of pass.findingsOf(record, itemFindingsMax))
          findings.push({ item, id, level, signal, message });
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
