// An edge whose forwarder is the test's: real receive, authenticate, decode, route and respond.
import { TenantDirectory, type TenantStore } from "../../edge/authenticate/tenant-directory.ts";
import { readConfig } from "../../edge/config.ts";
import type { FrameHead } from "../../edge/forward/append-frame.ts";
import type { ForwardOutcome } from "../../edge/forward/forward-outcome.ts";
import type { Forwarder } from "../../edge/forward/forwarder.ts";
import { Counters } from "../../edge/metrics/counters.ts";
import { type Edge, handle } from "../../edge/pipeline.ts";
import { BodyReader } from "../../edge/receive/body.ts";
import { Cors } from "../../edge/respond/cors.ts";
import type { OutgoingRecord } from "../../edge/route/outgoing-record.ts";
import { signalPaths } from "../../edge/route/signal-paths.ts";

type Send = {
  readonly head: FrameHead;
  readonly records: readonly OutgoingRecord[];
  readonly answer: (outcome: ForwardOutcome) => void;
};

const immediately: ForwardOutcome = { code: "acknowledged" };

export class FakeEdge implements Edge {
  readonly config: Edge["config"];
  readonly tenants: Edge["tenants"];
  readonly bodies: Edge["bodies"];
  readonly cors: Edge["cors"];
  readonly paths: Edge["paths"];
  readonly counters = new Counters();
  readonly forwarder: Forwarder;
  /** Sends so far; each waits for its `answer` unless the edge acknowledges at once. */
  readonly sends: Send[] = [];
  /** Work given to the background. */
  readonly background: Promise<unknown>[] = [];

  /** The clock; the test's to turn. */
  timeMs = 1_700_000_000_000;
  readonly nowMs = (): number => this.timeMs;

  constructor(
    environment: { readonly [name: string]: string } = {},
    acknowledges = true,
    store?: TenantStore,
  ) {
    this.config = readConfig({ LOG_KIND: "kafka", KAFKA_BROKERS: "a:1", ...environment });
    const { config, nowMs } = this;
    this.tenants = new TenantDirectory({ config, store, nowMs });
    this.bodies = new BodyReader(config.body);
    this.cors = new Cors(config.cors);
    this.paths = signalPaths(config);
    this.forwarder = {
      send: (head, records) => {
        const { promise, resolve } = Promise.withResolvers<ForwardOutcome>();
        this.sends.push({ head, records, answer: resolve });
        if (acknowledges) resolve(immediately);
        return promise;
      },
      state: () => Promise.resolve({ log: "fake" }),
    };
  }

  request(path: string, init: RequestInit = {}): Promise<Response> {
    return handle(this, new Request(`http://edge${path}`, init), {
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
