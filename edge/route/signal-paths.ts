// The way of each signal from body to records, assembled once per isolate: scanners keep scratch.
import { DepthPath } from "../decode/depth.ts";
import { type PathLimits, logPath, metricPath, pathLimits, tracePath } from "../decode/otlp.ts";
import { TransactionPath } from "../decode/transactions.ts";
import type { Signal } from "../receive/endpoints.ts";
import type { SignalPath } from "./routed.ts";

/** New paths: each isolate has its own. */
export const signalPaths = (
  limits: PathLimits = pathLimits,
): { readonly [signal in Signal]: SignalPath } => ({
  spans: tracePath(limits).route,
  metrics: metricPath(limits).route,
  logs: logPath(limits).route,
  transactions: new TransactionPath().route,
  depth: new DepthPath().route,
});
