// Exporters of the OpenTelemetry SDK in front of receivers that do not simply take everything: what
// is counted, what is told, and how long a batch is kept.
import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { afterEach, describe, expect, it } from "vitest";

import { eventLogs } from "../../../engine/export/event-logs.ts";
import { ExportQueue } from "../../../engine/export/export-queue.ts";
import { otlpHeaders, otlpSend, otlpSendMsMax } from "../../../engine/export/otlp-send.ts";
import { recordTracer } from "../../../engine/export/trace-export.ts";
import { until } from "../../until.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

type Answer = (response: ServerResponse, nth: number) => void;

/** A receiver that answers its n-th request, from 1, as the test says. */
const receive = async (answer: Answer) => {
  const requests: { readonly [header: string]: unknown }[] = [];
  const listener: RequestListener = (request, response) => {
    request.resume().on("end", () => {
      requests.push(request.headers);
      answer(response, requests.length);
    });
  };
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(() => server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
};

const queueOf = <T>(exporter: Parameters<typeof otlpSend<T>>[0]) => {
  const waits: number[] = [];
  const queue = new ExportQueue<T>({
    send: otlpSend<T>(exporter),
    itemsMax: 100,
    batchItemsMax: 10,
    triesMax: 1,
    retryMs: 1,
    sleep: async (ms) => void waits.push(ms),
    nowMs: () => 7,
  });
  return { queue, waits };
};

const logQueue = (url: string) => {
  const options = { url, timeoutMillis: otlpSendMsMax, headers: otlpHeaders };
  const rig = queueOf(new OTLPLogExporter(options));
  const emit = eventLogs("otlp-send-test", (record) => rig.queue.offer(record));
  const event = { event_type: "handoff_sent", trace_id: "1", timestamp_us: 1 } as const;
  const offer = (count: number): void => {
    for (let i = 0; i < count; i += 1) emit({ ...event, lane: 0, unix_us: 1, one_in: 1 });
    rig.queue.flush();
  };
  return { ...rig, offer };
};

const spanQueue = (url: string) => {
  const options = { url, timeoutMillis: otlpSendMsMax, headers: otlpHeaders };
  const rig = queueOf(new OTLPTraceExporter(options));
  const emit = recordTracer("otlp-send-test", (span) => rig.queue.offer(span));
  const record = {
    traceId: "1".repeat(32),
    parentSpanId: "2".repeat(16),
    id: 0,
    offset: 1,
    readUs: 1,
    pushedUs: 2,
    takenUs: 0,
    doneUs: 0,
    items: 0,
    transactions: [],
    isComplete: true,
  };
  /** Two spans each: the record and its wait for the ring. */
  const offer = (count: number): void => {
    for (let i = 0; i < count; i += 1) emit(record, 0);
    rig.queue.flush();
  };
  return { ...rig, offer };
};

/** An ExportLogsServiceResponse with a partial success. */
const logsAnswer = (rejected: number, message: string): Buffer => {
  const inner = Buffer.concat([
    Buffer.from([8, rejected, 18, message.length]),
    Buffer.from(message),
  ]);
  return Buffer.concat([Buffer.from([10, inner.length]), inner]);
};

describe("what a receiver answers to an export", () => {
  it("rejects a part of the log records: they are counted as rejected, with its reason", async () => {
    const { url } = await receive((response) => response.end(logsAnswer(3, "too old")));
    const { queue, offer } = logQueue(url);
    offer(8);
    await until(() => queue.waiting === 0, "sent");
    expect(queue.counts).toMatchObject({ sent: 5, rejected: 3, failures: 0 });
    expect(queue.fault).toEqual({ unixMs: 7, message: "rejected=3: too old" });
  });

  it("rejects a part of the spans, and never more than were sent", async () => {
    const { url, requests } = await receive((response, nth) =>
      response.end(
        JSON.stringify({
          partialSuccess: { rejectedSpans: nth === 1 ? "1" : "99", errorMessage: "no such tenant" },
        }),
      ),
    );
    const { queue, offer } = spanQueue(url);
    offer(2);
    await until(() => queue.waiting === 0, "the first");
    expect(queue.counts).toMatchObject({ sent: 3, rejected: 1 });
    offer(1);
    await until(() => queue.waiting === 0, "the second");
    expect(queue.counts).toMatchObject({ sent: 3, rejected: 3 });
    expect(queue.fault?.message).toContain("no such tenant");
    expect(requests[0]?.["accept-encoding"]).toBe("identity");
  });

  it("warns: everything is sent, and what it says is kept", async () => {
    const { url } = await receive((response) => response.end(logsAnswer(0, "use v2")));
    const { queue, offer } = logQueue(url);
    offer(2);
    await until(() => queue.waiting === 0, "sent");
    expect(queue.counts).toMatchObject({ sent: 2, rejected: 0 });
    expect(queue.fault?.message).toBe("rejected=0: use v2");
  });

  it.each([
    ["seconds", () => "20"],
    ["a date", () => new Date(Date.now() + 200_000).toUTCString()],
  ])(
    "asks for a wait in %s: the batch is kept and sent again, nothing is dropped",
    async (_, when) => {
      const { url, requests } = await receive((response, nth) => {
        if (nth < 3) response.writeHead(nth === 1 ? 503 : 429, { "retry-after": when() });
        response.end();
      });
      const { queue, waits, offer } = logQueue(url);
      offer(4);
      await until(() => queue.counts.sent === 4, "sent");
      expect(waits.length).toBe(2);
      for (const ms of waits) expect(ms).toBeGreaterThan(15_000);
      expect(requests.length).toBe(3);
      expect(queue.counts).toMatchObject({ failures: 2, dropped: { failed: 0, full: 0 } });
      expect(queue.fault?.message).toBe("HTTP 429 Too Many Requests");
    },
  );

  it("refuses all with a status: dropped, and the status is kept", async () => {
    const { url } = await receive((response) => response.writeHead(413).end("too large"));
    const { queue, offer } = logQueue(url);
    offer(4);
    await until(() => queue.waiting === 0, "given up");
    expect(queue.counts).toMatchObject({ sent: 0, dropped: { failed: 4 }, failures: 1 });
    expect(queue.fault?.message).toBe("HTTP 413 Payload Too Large");
  });

  it("fails at first: the exporter's own tries are counted", async () => {
    const { url } = await receive((response, nth) => {
      if (nth === 1) response.statusCode = 503;
      response.end();
    });
    const { queue, offer } = logQueue(url);
    offer(1);
    await until(() => queue.waiting === 0, "sent");
    expect(queue.counts).toMatchObject({ sent: 1, failures: 1 });
  });

  it("comes byte by byte and never ends: the send ends at its time-out", async () => {
    let written = 0;
    const { url } = await receive((response) => {
      response.writeHead(400);
      const timer = setInterval(() => {
        response.write("x");
        written += 1;
      }, 50);
      ends.push(() => clearInterval(timer));
    });
    const { queue, offer } = logQueue(url);
    offer(1);
    await until(() => written >= 5, "some bytes");
    expect(queue.waiting).toBe(1);
    await until(() => queue.waiting === 0, "given up");
    expect(queue.counts.dropped.failed).toBe(1);
    expect(queue.fault?.message).toBe("HTTP 400 Bad Request");
  });

  it("asks for a wait while the engine ends: one more try, and then it is dropped", async () => {
    const { url, requests } = await receive((response) => {
      response.writeHead(503, { "retry-after": "60" }).end();
    });
    const exporter = new OTLPLogExporter({ url, timeoutMillis: otlpSendMsMax });
    const queue = new ExportQueue<Parameters<typeof exporter.export>[0][number]>({
      send: otlpSend(exporter),
      itemsMax: 10,
      batchItemsMax: 10,
      triesMax: 1,
      retryMs: 1,
      sleep: () => new Promise(() => undefined),
      nowMs: () => 7,
    });
    eventLogs("otlp-send-test", (record) => queue.offer(record))({
      event_type: "handoff_sent",
      trace_id: "1",
      timestamp_us: 1,
      lane: 0,
      unix_us: 1,
      one_in: 1,
    });
    queue.flush();
    await until(() => queue.counts.failures === 1, "asked to wait");
    await queue.close(new Promise(() => undefined));
    expect(requests.length).toBe(2);
    expect(queue.counts.dropped).toEqual({ full: 0, failed: 0, shutdown: 1 });
  });
});
