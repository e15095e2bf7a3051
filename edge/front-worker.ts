// What answers requests: settings and bindings of Cloudflare become an edge, once per isolate. A
// setting that cannot be used answers every request with its name.
import { assembleEdge } from "./assemble.ts";
import type { TenantStore } from "./authenticate/tenant-directory.ts";
import { ConfigError, readConfig } from "./config.ts";
import { refuse } from "./errors.ts";
import type { ForwarderObject } from "./forward/forwarder-object.ts";
import { objectForwarder } from "./forward/object-forwarder.ts";
import { type Edge, anyMediaType, handle } from "./pipeline.ts";
import { mediaTypeOf } from "./receive/media-type.ts";
import type { RegistryStore } from "./registry/registry-holder.ts";
import { refusalResponse } from "./respond/refusal-response.ts";

type Env = {
  readonly FORWARDER: DurableObjectNamespace<ForwarderObject>;
  readonly REGISTRIES?: RegistryStore;
  readonly TENANTS_KV?: TenantStore;
};

let edge: Edge | undefined;

const assemble = (env: Env): Edge => {
  const config = readConfig(env);
  return assembleEdge({
    config,
    forwarder: objectForwarder(env.FORWARDER, config),
    tenantStore: env.TENANTS_KV,
    registryStore: env.REGISTRIES,
    nowMs: () => Date.now(),
  });
};

/** The handler that workerd calls; one isolate serves many requests at a time. */
export default {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> | Response {
    try {
      edge ??= assemble(env);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const mediaType = mediaTypeOf(request.headers.get("content-type"), anyMediaType);
      return refusalResponse(refuse("misconfigured", error.message), mediaType, {});
    }
    return handle(edge, request, ctx);
  },
};
