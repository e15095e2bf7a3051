// The market thread: sniffer and order book, the latency-critical core. It never returns to the
// event loop; control stops it through shared memory.
import { workerData } from "node:worker_threads";

import { MarketBooks } from "../book/market-books.ts";
import { DepthHandler } from "../book/depth-handler.ts";
import { LiveReader } from "../config/live-reader.ts";
import { liveStage } from "../config/live-stage.ts";
import { sniffSettingsOf } from "../config/settings-of.ts";
import { EventCollector } from "../events/event-collector.ts";
import type { ThreadData } from "../host/thread-data.ts";
import { TransactionHandler } from "../sniff/transaction-handler.ts";
import { isTracingOn } from "../trace/trace-layout.ts";
import { TraceMarks } from "../trace/trace-marks.ts";
import { CandidateTap } from "../submit/tap.ts";
import { recordStage } from "./record-stage-of.ts";

const data = workerData as ThreadData;
const { memory, live } = data;
const { reader, outbox, metrics, beat, build, run } = recordStage(data, {
  name: "market",
  input: "ingestMarket",
  output: "marketEgress",
  blocked: "marketBlocked",
  repeated: "marketRepeated",
});
const settings =
  live === null
    ? null
    : new LiveReader({
        ...live,
        slot: data.worker,
        apply: (next) => transactions.configure(sniffSettingsOf(next)),
      });
const sniff = settings === null ? data.sniff : sniffSettingsOf(settings.config);
const traces = isTracingOn(memory.traces) ? new TraceMarks(memory.traces) : null;
const transactions = new TransactionHandler({
  view: reader.view,
  outbox,
  metrics,
  events: new EventCollector(memory.events, sniff.eventSampleEvery, traces),
  traces,
  memory: memory.sniff,
  replays: memory.replays,
  tables: memory.tables,
  settings: sniff,
  tap: memory.tap === null ? null : new CandidateTap(memory.tap, metrics),
  onWait: beat,
});
const stage = build({
  "weir-transactions": transactions,
  "weir-depth": new DepthHandler({
    view: reader.view,
    books: new MarketBooks({ memory: memory.books }),
    metrics,
    traces,
  }),
});
run(settings === null ? stage : liveStage(stage, settings));
