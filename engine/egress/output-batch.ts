// Collects outputs from the rings into the log records of one append: candidates into one frame a
// partition, aggregates one record each. Copies out of the rings, so that their space is free
// while the append waits.
import { encodeBase58 } from "../../schemas/market/base58.ts";
import {
  candidateAt,
  candidateBytes,
  candidateFlag,
} from "../../schemas/market/candidate-layout.ts";
import { FrameWriter } from "../../schemas/market/frame.ts";
import { keyPartition } from "../../schemas/hash/murmur2.ts";
import { recordHeaders, schemaOf } from "../../schemas/record-headers.ts";
import type { TopicName } from "../../schemas/topics.ts";
import { topics } from "../../schemas/topics.ts";
import type { NewRecord } from "../log/event-log.ts";
import type { Histogram } from "../metrics/histogram.ts";
import { readAggregate } from "./aggregate-message.ts";
import { outputType } from "./outbox.ts";

export type OutputBatchOptions = {
  readonly runId: string;
  /** Of the configuration that runs; 0 when there is none. */
  readonly configVersion: () => number;
  /** Edge receive to acknowledgement of each candidate, in microseconds. */
  readonly latency: Histogram;
};

export type MessagePlace = { readonly start: number; readonly end: number };

const keyBytes = 32;
const encoder = new TextEncoder();

export class OutputBatch {
  readonly #latency: Histogram;
  readonly #runId: string;
  readonly #configVersion: () => number;
  readonly #frames = Array.from(
    { length: topics["weir-candidates"].partitions },
    () => new FrameWriter(),
  );
  readonly #scratch = new Uint8Array(candidateBytes);
  #records: NewRecord[] = [];
  #items = 0;
  /** Receive times of the candidates in this batch, ms. */
  #receivedMs: number[] = [];

  constructor({ runId, configVersion, latency }: OutputBatchOptions) {
    this.#runId = runId;
    this.#configVersion = configVersion;
    this.#latency = latency;
  }

  /** Takes one message out of a ring. @throws for a type that is no output. */
  add(type: number, view: DataView, place: MessagePlace): void {
    this.#items += 1;
    if (type === outputType.candidate) this.#addCandidate(view, place);
    else if (type === outputType.aggregate) this.#addAggregate(view, place);
    else throw new Error(`message type=${type} is no output`);
  }

  /** The records so far; the batch begins anew. */
  take(): readonly NewRecord[] {
    this.#frames.forEach((_, partition) => this.#closeFrame(partition));
    const records = this.#records;
    this.#records = [];
    return records;
  }

  /** Records the latencies of what the last `take` returned; returns how many outputs it held. */
  acknowledged(nowMs: number): number {
    for (const ms of this.#receivedMs) this.#latency.record((nowMs - ms) * 1_000);
    const items = this.#items;
    this.#receivedMs = [];
    this.#items = 0;
    return items;
  }

  #addCandidate(view: DataView, { start, end }: MessagePlace): void {
    this.#scratch.set(new Uint8Array(view.buffer, start, end - start));
    const partition = candidatePartition(this.#scratch);
    const frame = this.#frames[partition];
    if (frame === undefined) return;
    if (!frame.tryWrite(this.#scratch)) {
      this.#closeFrame(partition);
      frame.tryWrite(this.#scratch);
    }
    if ((view.getUint16(start + candidateAt.flags, true) & candidateFlag.receiveTime) === 0) return;
    const receivedNs = view.getBigUint64(start + candidateAt.receiveTime, true);
    this.#receivedMs.push(Number(receivedNs / 1_000_000n));
  }

  #addAggregate(view: DataView, { start, end }: MessagePlace): void {
    const { key, value } = readAggregate(view, start, end);
    const partition = keyPartition(key, 0, key.length, topics["weir-aggregates"].partitions);
    this.#records.push(this.#record("weir-aggregates", { partition, key, value }));
  }

  #closeFrame(partition: number): void {
    const frame = this.#frames[partition];
    if (frame === undefined || frame.itemCount === 0) return;
    const value = frame.frame().slice();
    this.#records.push(this.#record("weir-candidates", { partition, key: null, value }));
    frame.clear();
  }

  #record(
    topic: TopicName,
    part: { partition: number; key: Uint8Array | null; value: Uint8Array },
  ): NewRecord {
    const headers = {
      [recordHeaders.schema]: schemaOf(topics[topic].encoding),
      [recordHeaders.run]: this.#runId,
      [recordHeaders.configVersion]: String(this.#configVersion()),
    };
    return { topic, ...part, headers, timestampMs: Date.now() };
  }
}

/** By the mint's base58, as a Java client would with the mint as key. */
const candidatePartition = (candidate: Uint8Array): number => {
  const mint = candidate.subarray(candidateAt.mint, candidateAt.mint + keyBytes);
  const key = encoder.encode(encodeBase58(mint));
  return keyPartition(key, 0, key.length, topics["weir-candidates"].partitions);
};
