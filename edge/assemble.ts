// Puts the parts of an edge together, once per isolate.
import { TenantDirectory, type TenantStore } from "./authenticate/tenant-directory.ts";
import type { EdgeConfig } from "./config.ts";
import type { Forwarder } from "./forward/forwarder.ts";
import { Counters } from "./metrics/counters.ts";
import type { Edge } from "./pipeline.ts";
import { BodyReader } from "./receive/body.ts";
import { Turns } from "./receive/turns.ts";
import { bundledTables } from "./registry/bundled.ts";
import { RegistryHolder, type RegistryStore } from "./registry/registry-holder.ts";
import { Cors } from "./respond/cors.ts";
import { signalPaths } from "./route/signal-paths.ts";
import { Sampler } from "./sample/sampler.ts";
import { type TraceConfig, Tracer, type TracerParts } from "./trace/tracer.ts";
import { Plans } from "./validate/plans.ts";
import { RecordsPass } from "./validate/records-pass.ts";
import { TracesPass } from "./validate/traces-pass.ts";

/** What differs between Cloudflare, this machine and a test. */
export type EdgeParts = {
  readonly config: EdgeConfig;
  readonly forwarder: Forwarder;
  /** KV namespaces; undefined where none is bound. */
  readonly tenantStore: TenantStore | undefined;
  readonly registryStore: RegistryStore | undefined;
  readonly nowMs: () => number;
  /** In [0, 1); the runtime's own without it. */
  readonly random?: () => number;
  /** Where spans are sent by; the runtime's own without it. */
  readonly fetch?: TracerParts["fetch"];
};

/** @throws Error when the bundle's registry is damaged. */
export const assembleEdge = (parts: EdgeParts): Edge => {
  const { config, forwarder, tenantStore, registryStore, nowMs } = parts;
  const registries = new RegistryHolder({ bundled: bundledTables(), store: registryStore, nowMs });
  const plans = new Plans(config.validation);
  const validation = { registries, plans, limits: config.otlp };
  const passes = {
    spans: new TracesPass(validation),
    metrics: new RecordsPass("metrics", validation),
    logs: new RecordsPass("logs", validation),
  };
  const bodies = new BodyReader(config.body);
  const answerMsMax = config.group.waitMsMax;
  const sampler = config.sampling === null ? null : new Sampler(config.sampling, nowMs);
  return {
    config,
    tenants: new TenantDirectory({ config, store: tenantStore, nowMs }),
    bodies,
    turns: new Turns({ limits: config.body, answerMsMax, bodies, nowMs }),
    cors: new Cors(config.cors),
    registries,
    passes,
    sampler,
    paths: signalPaths({ limits: config, passes, sampler }),
    forwarder,
    tracer: config.tracing === null ? null : tracerOf(config.tracing, parts),
    counters: new Counters(),
    nowMs,
  };
};

const tracerOf = (config: TraceConfig, { random, fetch: send }: EdgeParts): Tracer =>
  new Tracer({
    config,
    random: random ?? Math.random,
    randomBytes: (bytes) => void crypto.getRandomValues(bytes),
    fetch: send ?? ((url, init) => fetch(url, init)),
  });
