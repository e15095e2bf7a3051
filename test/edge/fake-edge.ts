// An edge whose forwarder is the test's: real receive, authenticate, decode, route and respond.
import { assembleEdge, type EdgeParts } from "../../edge/assemble.ts";
import type { TenantStore } from "../../edge/authenticate/tenant-directory.ts";
import { readConfig } from "../../edge/config.ts";
import type { FrameHead } from "../../edge/forward/append-frame.ts";
import type { ForwardOutcome } from "../../edge/forward/forward-outcome.ts";
import { type Edge, handle } from "../../edge/pipeline.ts";
import type { RegistryStore } from "../../edge/registry/registry-holder.ts";
import type { OutgoingRecord } from "../../edge/route/outgoing-record.ts";

type Send = {
  readonly head: FrameHead;
  readonly records: readonly OutgoingRecord[];
  readonly answer: (outcome: ForwardOutcome) => void;
};

const immediately: ForwardOutcome = { code: "acknowledged" };

type FakeStores = {
  readonly tenants?: TenantStore;
  readonly registries?: RegistryStore;
} & Pick<EdgeParts, "random" | "fetch">;

export class FakeEdge {
  readonly edge: Edge;
  /** Sends so far; each waits for its `answer` unless the edge acknowledges at once. */
  readonly sends: Send[] = [];
  /** Work given to the background. */
  readonly background: Promise<unknown>[] = [];

  /** The clock; the test's to turn. */
  timeMs = 1_700_000_000_000;

  /** Keeps all spans unless the environment says otherwise. */
  constructor(
    environment: { readonly [name: string]: string } = {},
    acknowledges = true,
    stores: FakeStores = {},
  ) {
    const defaults = { LOG_KIND: "kafka", KAFKA_BROKERS: "a:1", SAMPLE: "off" };
    this.edge = assembleEdge({
      config: readConfig({ ...defaults, ...environment }),
      forwarder: {
        send: (head, records) => {
          const { promise, resolve } = Promise.withResolvers<ForwardOutcome>();
          // The edge frees them when it has the outcome.
          this.sends.push({ head, records: structuredClone(records), answer: resolve });
          if (acknowledges) resolve(immediately);
          return promise;
        },
        state: () => Promise.resolve({ log: "fake" }),
      },
      tenantStore: stores.tenants,
      registryStore: stores.registries,
      nowMs: () => this.timeMs,
      ...(stores.random !== undefined && { random: stores.random }),
      ...(stores.fetch !== undefined && { fetch: stores.fetch }),
    });
  }

  request(path: string, init: RequestInit = {}): Promise<Response> {
    return handle(this.edge, new Request(`http://edge${path}`, init), {
      waitUntil: (work) => this.background.push(work),
    });
  }

  /** POST with a content type; further headers may be given. */
  post(
    path: string,
    contentType: string,
    body: string | Uint8Array,
    headers: { readonly [name: string]: string } = {},
  ): Promise<Response> {
    return this.request(path, {
      method: "POST",
      body,
      headers: { "content-type": contentType, ...headers },
    });
  }

  get sent(): readonly OutgoingRecord[] {
    return this.sends.flatMap(({ records }) => records);
  }
}
