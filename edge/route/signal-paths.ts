// The way of each signal from body to records, assembled once per isolate: scanners keep scratch.
import { DepthPath } from "../decode/depth.ts";
import { logPath, metricPath, tracePath } from "../decode/otlp.ts";
import { TransactionPath } from "../decode/transactions.ts";
import type { Signal } from "../receive/endpoints.ts";
import type { SignalPath } from "./routed.ts";

/** New paths: each isolate has its own. */
export const signalPaths = (): { readonly [signal in Signal]: SignalPath } => ({
  spans: tracePath().route,
  metrics: metricPath().route,
  logs: logPath().route,
  transactions: new TransactionPath().route,
  depth: new DepthPath().route,
});
