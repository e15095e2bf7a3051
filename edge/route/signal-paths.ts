// The way of each signal from body to records, assembled once per isolate: passes keep scratch.
import { DepthPath } from "../decode/depth.ts";
import { OtlpPath, logSignal, metricSignal, traceSignal } from "../decode/otlp.ts";
import type { PathLimits } from "../decode/otlp.ts";
import { PlainPass } from "../decode/plain-pass.ts";
import { TransactionPath } from "../decode/transactions.ts";
import { logLayout, metricLayout } from "../../schemas/otlp/record-layout.ts";
import type { Signal } from "../receive/endpoints.ts";
import type { Sampler } from "../sample/sampler.ts";
import type { TracesPass } from "../validate/traces-pass.ts";
import type { SignalPath } from "./routed.ts";

/** What the paths are made of. */
export type PathParts = {
  readonly limits: PathLimits;
  readonly traces: TracesPass;
  /** Null: everything is kept. */
  readonly sampler: Sampler | null;
};

/** New paths: each isolate has its own. */
export const signalPaths = ({
  limits,
  traces,
  sampler,
}: PathParts): { readonly [signal in Signal]: SignalPath } => {
  const metrics = { record: "Metric", layout: metricLayout, hasTraceId: false } as const;
  const logs = { record: "LogRecord", layout: logLayout, hasTraceId: true } as const;
  const sampleSpans = sampler?.sampleSpans.bind(sampler);
  const sampleLogs = sampler?.sampleLogs.bind(sampler);
  return {
    spans: new OtlpPath({ ...traceSignal, sample: sampleSpans }, traces, limits).route,
    metrics: new OtlpPath(metricSignal, new PlainPass(metrics, limits.otlp), limits).route,
    logs: new OtlpPath(
      { ...logSignal, sample: sampleLogs },
      new PlainPass(logs, limits.otlp),
      limits,
    ).route,
    transactions: new TransactionPath().route,
    depth: new DepthPath().route,
  };
};
