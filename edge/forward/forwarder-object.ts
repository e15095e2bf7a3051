// The Durable Object that owns the connection to the log: a socket outlives requests only here.
// It numbers records, puts headers on them and hands them to the group commit.
import { DurableObject } from "cloudflare:workers";

import type { HeaderBlock } from "../../schemas/kafka/header-block.ts";
import { recordHeaders } from "../../schemas/record-headers.ts";
import { type EdgeConfig, type LogConfig, readConfig } from "../config.ts";
import { freeBytes } from "../free-bytes.ts";
import { type FramedRequest, decodeAppendFrame } from "./append-frame.ts";
import type { ForwardOutcome } from "./forward-outcome.ts";
import { CommonHeaders } from "./common-headers.ts";
import type { ForwarderState } from "./forwarder.ts";
import { GroupCommit } from "./group-commit.ts";
import { LateOutcomes } from "./late-outcomes.ts";
import { kafkaSink } from "./kafka-sink.ts";
import { spilledSendBytesMax } from "./group-limits.ts";
import { postAnswer } from "./posted-frame.ts";
import { rejectingSink } from "./rejecting-sink.ts";
import { restSink } from "./rest-sink.ts";
import type { Sink, SinkRecord } from "./sink.ts";
import { Spill, type SpillLimits } from "./spill.ts";

/** A send's share of a caller's patience: the rest is for waiting behind another send. A replay has more. */
const sendShare = 0.5;

const logSink = (log: LogConfig, sendMsMax: number): Sink => {
  if (log.kind === "kafka") return kafkaSink(log, sendMsMax);
  return restSink({ ...log, sendMsMax, fetch: (url, init) => fetch(url, init) });
};

/** A row is sent whole. */
const spillLimits = ({ group, forwarder }: EdgeConfig): SpillLimits => ({
  bytesMax: forwarder.spillBytesMax,
  sendBytesMax: spilledSendBytesMax(group),
  sendRecordsMax: group.groupRecordsMax,
});

/** One per name; one thread; calls of many requests run interleaved. */
export class ForwarderObject extends DurableObject {
  readonly #config: EdgeConfig;
  readonly #sink: Sink;
  readonly #commit: GroupCommit;
  readonly #late: LateOutcomes;
  readonly #producerId = crypto.randomUUID();
  readonly #headers: CommonHeaders;
  #sequence = 0;
  /** Records too large for the log, that stand on weir-rejected instead. */
  #rejectedRecords = 0;
  /** When the alarm rings; Infinity: none is set. */
  #alarmMs = Number.POSITIVE_INFINITY;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#config = readConfig(env);
    const { group, log, runId } = this.#config;
    this.#headers = new CommonHeaders(this.#producerId, runId);
    const sink = logSink(log, Math.ceil(group.waitMsMax * sendShare));
    this.#sink = rejectingSink(sink, () => (this.#rejectedRecords += 1));
    this.#late = new LateOutcomes(ctx.storage.sql, runId);
    this.#commit = new GroupCommit({
      sink: this.#sink,
      limits: group,
      spill: new Spill(ctx.storage, spillLimits(this.#config), this.#late),
      wakeAt: (atMs) => this.#wakeAt(atMs),
      nowMs: Date.now,
      report: (line) => console.error(`weir edge: ${line}`),
    });
  }

  /** Called by the runtime, also after a restart: sends what was spilled. */
  override async alarm(): Promise<void> {
    this.#alarmMs = Number.POSITIVE_INFINITY;
    await this.#commit.resume();
  }

  /**
   * Appends the records of some requests (append-frame.ts); resolves when their fate is known.
   * Undefined: the frame is of another build's version, and nothing was done.
   */
  async append(bytes: Uint8Array): Promise<ForwardOutcome | undefined> {
    const requests = decodeAppendFrame(bytes);
    if (requests === undefined) return requests;
    const records: SinkRecord[] = [];
    for (const request of requests) this.#number(request, records);
    const outcome = await this.#commit.submit(records);
    // Only then is none of them in a send any more: they are views into the frame.
    if (outcome.code === "acknowledged") freeBytes(bytes);
    return outcome;
  }

  /** Appends a frame that is posted, as large ones are; the answer is the outcome. */
  override async fetch(request: Request): Promise<Response> {
    return postAnswer(await this.append(new Uint8Array(await request.arrayBuffer())));
  }

  /** Queue, sink and numbering, for /status. */
  state(): ForwarderState {
    const { log } = this.#config;
    const target = log.kind === "kafka" ? log.brokers.join(",") : log.url;
    const producer = { producer: this.#producerId, sequence: this.#sequence };
    const rejectedRecords = this.#rejectedRecords;
    const counts = { rejectedRecords, ...this.#commit.state(), ...this.#late.items() };
    return { log: log.kind, target, ...producer, ...counts };
  }

  /** Closes the connection to the log, for tests: an open socket keeps an object from eviction. */
  async disconnect(): Promise<void> {
    await this.#sink.close();
  }

  /** An alarm survives the process; an earlier one makes a later one needless. */
  #wakeAt(atMs: number): void {
    if (atMs >= this.#alarmMs) return;
    this.#alarmMs = atMs;
    void this.ctx.storage.setAlarm(atMs);
  }

  #number({ tenant, receivedMs, traceparent, records }: FramedRequest, into: SinkRecord[]): void {
    const received = String(receivedMs);
    let common: HeaderBlock | undefined;
    let commonTopic = "";
    for (const { topic, partition, key, value } of records) {
      if (common === undefined || topic !== commonTopic) common = this.#headers.of(tenant, topic);
      commonTopic = topic;
      const headers: Record<string, string> = {
        [recordHeaders.receivedMs]: received,
        [recordHeaders.sequence]: String(this.#sequence),
      };
      if (traceparent !== "") headers[recordHeaders.traceparent] = traceparent;
      this.#sequence += 1;
      into.push({ topic, partition, key, value, common, headers, timestampMs: receivedMs });
    }
  }
}
