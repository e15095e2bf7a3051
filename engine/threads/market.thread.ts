// The market thread: sniffer and order book, the latency-critical core. It never returns to the
// event loop; control stops it through shared memory.
import { workerData } from "node:worker_threads";

import { MarketBooks } from "../book/market-books.ts";
import { DepthHandler } from "../book/depth-handler.ts";
import { EventCollector } from "../events/event-collector.ts";
import { stopFlags } from "../host/memory.ts";
import type { ThreadData } from "../host/thread-data.ts";
import { eventSampleEvery, TransactionHandler } from "../sniff/transaction-handler.ts";
import { recordStage } from "./record-stage-of.ts";
import { runDutyCycle } from "./stage.ts";

const { memory } = workerData as ThreadData;
const { reader, outbox, metrics, build, stopping } = recordStage(memory, {
  name: "market",
  input: "ingestMarket",
  output: "marketEgress",
  blocked: "marketBlocked",
  repeated: "marketRepeated",
  stop: stopFlags.market,
});
const stage = build({
  "weir-transactions": new TransactionHandler({
    view: reader.view,
    outbox,
    metrics,
    events: new EventCollector(memory.events, eventSampleEvery),
  }),
  "weir-depth": new DepthHandler({
    view: reader.view,
    books: new MarketBooks({ memory: memory.books }),
    metrics,
  }),
});
runDutyCycle(stage, (idleMs) => reader.waitForMessages(idleMs), stopping);
