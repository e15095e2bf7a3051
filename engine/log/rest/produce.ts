// The records of one request through the log, and the reports in their order. A request with a
// length is one append; one that is streamed (chunked) is answered as its records come.
import type { IncomingMessage, ServerResponse } from "node:http";

import type { EventLog, NewRecord } from "../event-log.ts";
import { LogError } from "../event-log.ts";
import type { TopicTable } from "../topic-table.ts";
import { JsonObjects, JsonStreamError } from "./json-objects.ts";
import type { ProduceFailure, ProduceRecord } from "./produce-record.ts";
import { failureOf, produceRecord, produceReport } from "./produce-record.ts";

export type ProduceOptions = {
  readonly log: EventLog;
  readonly clusterId: string;
  readonly table: TopicTable;
};

/** Upper bound of a request with a length, and of one object of a streamed one. */
const bodyBytesMax = 64 << 20;

/** All bodies that are being read or appended; beyond it a request is refused with 429. */
const bytesInHandMax = 512 << 20;

type Known = { readonly topic: string; readonly partitions: number };

export class HttpError extends Error {
  override name = "HttpError";
  readonly status: number;
  readonly errorCode: number;

  constructor(status: number, message: string, errorCode = status) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
  }
}

export class Producing {
  readonly #options: ProduceOptions;
  readonly #partitions = new Map<string, number>();
  #turns = 0;
  #bytesInHand = 0;

  constructor(options: ProduceOptions) {
    this.#options = options;
  }

  /** @throws HttpError as long as nothing was answered. */
  async request(topic: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const partitions = await this.#partitionsOf(topic);
    const bytes = Number(request.headers["content-length"] ?? 0);
    if (bytes > bodyBytesMax) {
      throw new HttpError(413, `the body has ${bytes} bytes, bodyBytesMax=${bodyBytesMax}`);
    }
    if (this.#bytesInHand + bytes > bytesInHandMax) {
      throw new HttpError(429, `bytesInHandMax=${bytesInHandMax} of requests are in hand`);
    }
    this.#bytesInHand += bytes;
    try {
      await this.#produce({ topic, partitions }, request, response);
    } catch (error) {
      if (error instanceof JsonStreamError) throw new HttpError(400, error.message);
      throw error;
    } finally {
      this.#bytesInHand -= bytes;
    }
  }

  async #produce(topic: Known, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isStream = request.headers["content-length"] === undefined;
    const objects = new JsonObjects(bodyBytesMax);
    const texts: string[] = [];
    // An error must leave the connection open: it is answered.
    const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const chunk of chunks) {
      for (const text of objects.push(chunk)) texts.push(text);
      if (isStream && texts.length > 0) await this.#answer(topic, texts.splice(0), response);
    }
    objects.end();
    if (texts.length > 0) await this.#answer(topic, texts, response);
    else if (!response.headersSent) throw new HttpError(400, "the body holds no record");
    response.end();
  }

  async #answer(
    { topic, partitions }: Known,
    texts: readonly string[],
    response: ServerResponse,
  ): Promise<void> {
    const turn = (): number => (this.#turns += 1);
    const target = { topic, partitions, table: this.#options.table, turn, nowMs: Date.now() };
    const items = texts.map((text) => produceRecord(text, target));
    const reports = await this.#reports(items, response.headersSent);
    if (!response.headersSent) response.writeHead(200, { "content-type": "application/json" });
    const hasRoom = response.write(`${reports.join("\n")}\n`);
    if (!hasRoom) await roomIn(response);
  }

  async #reports(
    items: readonly (ProduceRecord | ProduceFailure)[],
    isAnswered: boolean,
  ): Promise<string[]> {
    const { log, clusterId } = this.#options;
    const valid = items.filter((item) => "record" in item);
    try {
      const offsets = await log.append(valid.map(({ record }): NewRecord => record));
      let next = 0;
      return items.map((item) => {
        if (!("record" in item)) return JSON.stringify(item);
        const report = produceReport(clusterId, item, offsets[next] ?? -1);
        next += 1;
        return report;
      });
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      const failure = failureOf(error);
      // As a status, while that is possible: a client may then send the whole request again.
      if (error.retryable && !isAnswered) throw new HttpError(503, error.message, 50_003);
      return items.map((item) => JSON.stringify("record" in item ? failure : item));
    }
  }

  async #partitionsOf(topic: string): Promise<number> {
    const known = this.#partitions.get(topic);
    if (known !== undefined) return known;
    for (const at of await this.#options.log.describe()) {
      this.#partitions.set(at.topic, at.partitions);
    }
    const found = this.#partitions.get(topic);
    if (found !== undefined) return found;
    throw new HttpError(404, "This server does not host this topic-partition.", 40_403);
  }
}

/** Until what was answered has left, or who asked has: then it never does. */
const roomIn = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
    if (response.destroyed) done();
  });
