// A large body that is good: what an edge has to bear without any ill will.
import { gzipSync } from "node:zlib";

import { json, post, traces } from "./post.ts";
import type { Target } from "./raw-socket.ts";

const mebibyte = 1 << 20;

export type LargeJson = {
  readonly spans: number;
  readonly bytes: number;
  readonly body: string;
  readonly send: (target: Target) => Promise<string>;
  /** The same, compressed. */
  readonly sendGzip: (target: Target) => Promise<string>;
};

/** A whole OTLP/JSON request of this size and of real spans, for measuring; its status. */
export const largeJson = (megabytes: number): LargeJson => {
  const attributes = Array.from({ length: 8 }, (_, at) => ({
    key: `http.request.header.name.${at}`,
    value: at % 2 === 0 ? { stringValue: `value number ${at} of this span` } : { intValue: "200" },
  }));
  const span = {
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: "eee19b7ec3c1b174",
    name: "GET /api/v1/orders/{id}",
    kind: 2,
    startTimeUnixNano: "1544712660000000000",
    endTimeUnixNano: "1544712661000000000",
    attributes,
  };
  const count = Math.floor((megabytes * mebibyte) / (JSON.stringify(span).length + 1)) - 1;
  const spans = Array.from({ length: count }, (_, at) => ({
    ...span,
    traceId: at.toString(16).padStart(32, "0"),
  }));
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  let wire: Uint8Array | undefined;
  return {
    spans: count,
    bytes: body.length,
    body,
    send: (target) => post(target, traces, body, { "content-type": json }),
    sendGzip: (target) => {
      const headers = { "content-type": json, "content-encoding": "gzip" };
      return post(target, traces, (wire ??= gzipSync(body)), headers);
    },
  };
};

const largestMegabytes = 15.9;
let largest: LargeJson | undefined;

/** The largest as it goes over the wire. */
export const largestBody = (): Uint8Array =>
  new TextEncoder().encode((largest ??= largeJson(largestMegabytes)).body);

/** Eight of the largest at the same time; their statuses, sorted. */
export const eightAtOnce = async (way: "send" | "sendGzip", target: Target): Promise<string> => {
  largest ??= largeJson(largestMegabytes);
  const send = largest[way];
  const answers = await Promise.all(Array.from({ length: 8 }, () => send(target)));
  return answers.toSorted((a, b) => a.localeCompare(b)).join(" ");
};
