// The market thread: sniffer and order book, the latency-critical core. It never returns to the
// event loop; control stops it through shared memory.
import { workerData } from "node:worker_threads";

import { MarketBooks } from "../book/market-books.ts";
import { DepthHandler } from "../book/depth-handler.ts";
import { EventCollector } from "../events/event-collector.ts";
import type { ThreadData } from "../host/thread-data.ts";
import { TransactionHandler } from "../sniff/transaction-handler.ts";
import { recordStage } from "./record-stage-of.ts";

const data = workerData as ThreadData;
const { memory, sniff } = data;
const { reader, outbox, metrics, beat, build, run } = recordStage(data, {
  name: "market",
  input: "ingestMarket",
  output: "marketEgress",
  blocked: "marketBlocked",
  repeated: "marketRepeated",
});
const stage = build({
  "weir-transactions": new TransactionHandler({
    view: reader.view,
    outbox,
    metrics,
    events: new EventCollector(memory.events, sniff.eventSampleEvery),
    memory: memory.sniff,
    settings: sniff,
    onWait: beat,
  }),
  "weir-depth": new DepthHandler({
    view: reader.view,
    books: new MarketBooks({ memory: memory.books }),
    metrics,
  }),
});
run(stage);
