// The way of each signal from body to records, assembled once per isolate: passes keep scratch.
import { DepthPath } from "../decode/depth.ts";
import { OtlpPath, logSignal, metricSignal, traceSignal } from "../decode/otlp.ts";
import type { PathLimits } from "../decode/otlp.ts";
import { TransactionPath } from "../decode/transactions.ts";
import type { Signal } from "../receive/endpoints.ts";
import type { Sampler } from "../sample/sampler.ts";
import type { RecordsPass } from "../validate/records-pass.ts";
import type { TracesPass } from "../validate/traces-pass.ts";
import type { SignalPath } from "./routed.ts";

/** Each with its counts. */
export type SignalPasses = {
  readonly spans: TracesPass;
  readonly metrics: RecordsPass;
  readonly logs: RecordsPass;
};

/** What the paths are made of. */
export type PathParts = {
  readonly limits: PathLimits & { readonly isPartitionedByTrace: boolean };
  readonly passes: SignalPasses;
  /** Null: everything is kept. */
  readonly sampler: Sampler | null;
};

/** New paths: each isolate has its own. */
export const signalPaths = ({
  limits,
  passes,
  sampler,
}: PathParts): { readonly [signal in Signal]: SignalPath } => {
  const sampleSpans = sampler?.sampleSpans.bind(sampler);
  const sampleLogs = sampler?.sampleLogs.bind(sampler);
  const isByTrace = limits.isPartitionedByTrace;
  const spans = { ...traceSignal, isByTrace, sample: sampleSpans };
  const logs = { ...logSignal, isByTrace, sample: sampleLogs };
  return {
    spans: new OtlpPath(spans, passes.spans, limits).route,
    metrics: new OtlpPath(metricSignal, passes.metrics, limits).route,
    logs: new OtlpPath(logs, passes.logs, limits).route,
    transactions: new TransactionPath().route,
    depth: new DepthPath().route,
  };
};
