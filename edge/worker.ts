// Entry of the edge, and its composition root: assembles the parts once per isolate. A setting
// that cannot be used answers every request with its name.
import { TenantDirectory, type TenantStore } from "./authenticate/tenant-directory.ts";
import { ConfigError, readConfig } from "./config.ts";
import { refuse } from "./errors.ts";
import type { ForwarderObject } from "./forward/forwarder-object.ts";
import { objectForwarder } from "./forward/object-forwarder.ts";
import { Counters } from "./metrics/counters.ts";
import { type Edge, handle } from "./pipeline.ts";
import { BodyReader } from "./receive/body.ts";
import { Cors } from "./respond/cors.ts";
import { refusalResponse } from "./respond/refusal-response.ts";
import { signalPaths } from "./route/signal-paths.ts";

export { ForwarderObject } from "./forward/forwarder-object.ts";

type Env = {
  readonly FORWARDER: DurableObjectNamespace<ForwarderObject>;
  readonly TENANTS_KV?: TenantStore;
};

let edge: Edge | undefined;

const nowMs = (): number => Date.now();

const assemble = (env: Env): Edge => {
  const config = readConfig(env);
  return {
    config,
    tenants: new TenantDirectory({ config, store: env.TENANTS_KV, nowMs }),
    bodies: new BodyReader(config.body),
    cors: new Cors(config.cors),
    paths: signalPaths(config),
    forwarder: objectForwarder(env.FORWARDER),
    counters: new Counters(),
    nowMs,
  };
};

/** The handler that workerd calls; one isolate serves many requests at a time. */
export default {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> | Response {
    try {
      edge ??= assemble(env);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return refusalResponse(refuse("misconfigured", error.message), undefined, {});
    }
    return handle(edge, request, ctx);
  },
};
