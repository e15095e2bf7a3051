// Entry of the edge, and its composition root: assembles the parts once per isolate. A setting
// that cannot be used answers every request with its name.
import { authenticator } from "./authenticate/api-keys.ts";
import { ConfigError, readConfig } from "./config.ts";
import { refuse } from "./errors.ts";
import type { ForwarderObject } from "./forward/forwarder-object.ts";
import { objectForwarder } from "./forward/object-forwarder.ts";
import { Counters } from "./metrics/counters.ts";
import { type Edge, handle } from "./pipeline.ts";
import { refusalResponse } from "./respond/refusal-response.ts";
import { signalPaths } from "./route/signal-paths.ts";

export { ForwarderObject } from "./forward/forwarder-object.ts";

type Env = { readonly FORWARDER: DurableObjectNamespace<ForwarderObject> };

let edge: Edge | undefined;

const assemble = (env: Env): Edge => {
  const config = readConfig(env);
  return {
    config,
    authenticate: authenticator(config),
    paths: signalPaths(),
    forwarder: objectForwarder(env.FORWARDER),
    counters: new Counters(),
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
