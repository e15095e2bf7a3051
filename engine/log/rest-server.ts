// Confluent's REST API v3 for producing, over any log: what the edge uses where it cannot or need
// not speak Kafka's protocol. Only producing and the list of clusters; no authentication, so it
// listens on loopback unless told otherwise.
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import type { EventLog } from "./event-log.ts";
import { LogError } from "./event-log.ts";
import { HttpError, Producing } from "./rest/produce.ts";
import type { TopicTable } from "./topic-table.ts";
import { contractTopics } from "./topic-table.ts";

export type RestServerOptions = {
  readonly log: EventLog;
  /** 0 = the system picks a free one. */
  readonly port: number;
  readonly host?: string;
  readonly clusterId?: string;
  readonly topics?: TopicTable;
};

export type RestServer = {
  /** http://HOST:PORT */
  readonly url: string;
  readonly port: number;
  /** Takes no new requests, answers those in hand, closes. */
  close(): Promise<void>;
};

const connectionsMax = 1024;
/** Requests in hand at close get this long. */
const closeMsMax = 5_000;

/** @throws the system's error for a port that is taken (`code` is EADDRINUSE). */
export const startRestServer = async (options: RestServerOptions): Promise<RestServer> => {
  const { log, port, host = "127.0.0.1", clusterId = "weir", topics = contractTopics } = options;
  const producing = new Producing({ log, clusterId, table: topics });
  const server = createServer((request, response) => {
    void answer({ producing, clusterId }, request, response);
  });
  server.maxConnections = connectionsMax;
  // A streamed request may go on for as long as its sender likes.
  server.requestTimeout = 0;
  server.listen(port, host);
  await once(server, "listening");
  const bound = (server.address() as AddressInfo).port;
  return { url: `http://${host}:${bound}`, port: bound, close: () => close(server) };
};

const close = async (server: Server): Promise<void> => {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), closeMsMax);
  await closed;
  clearTimeout(timer);
};

type Context = { readonly producing: Producing; readonly clusterId: string };

const answer = async (
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  try {
    await route(context, request, response);
  } catch (error) {
    // The sender went away in mid-request: there is nobody to answer.
    if (request.errored !== null) return;
    const { status, errorCode, message } = httpError(error);
    const body = JSON.stringify({ error_code: errorCode, message });
    if (response.headersSent) response.end(`${body}\n`);
    else {
      // The rest of the body is not read, so the connection cannot serve another request.
      const headers = { "content-type": "application/json", connection: "close" };
      response.writeHead(status, headers).end(body);
    }
  }
};

const httpError = (error: unknown): HttpError => {
  if (error instanceof HttpError) return error;
  if (error instanceof LogError) return new HttpError(503, error.message, 50_003);
  return new HttpError(500, error instanceof Error ? error.message : String(error));
};

const recordsPath = /^\/v3\/clusters\/([^/]+)\/topics\/([^/]+)\/records$/;

const route = async (
  { producing, clusterId }: Context,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const [path = ""] = (request.url ?? "").split("?");
  if (path === "/v3/clusters" || path === "/v3/clusters/") {
    expectMethod(request, "GET");
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(clusterList(request, clusterId)));
    return;
  }
  const [, cluster, topic] = recordsPath.exec(path) ?? [];
  if (cluster === undefined || topic === undefined) throw new HttpError(404, "HTTP 404 Not Found");
  expectMethod(request, "POST");
  if (decoded(cluster) !== clusterId) {
    throw new HttpError(404, `Cluster ${decoded(cluster)} cannot be found.`);
  }
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("application/json")) {
    throw new HttpError(415, `content-type must be application/json, found ${type}`);
  }
  await producing.request(decoded(topic), request, response);
};

const expectMethod = (request: IncomingMessage, method: string): void => {
  if (request.method !== method) throw new HttpError(405, "HTTP 405 Method Not Allowed");
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(400, `${text} is not URL-encoded`);
  }
};

const clusterList = (request: IncomingMessage, clusterId: string): unknown => {
  const self = `http://${request.headers.host ?? ""}/v3/clusters`;
  return {
    kind: "KafkaClusterList",
    metadata: { self, next: null },
    data: [
      {
        kind: "KafkaCluster",
        metadata: { self: `${self}/${clusterId}`, resource_name: `crn:///kafka=${clusterId}` },
        cluster_id: clusterId,
      },
    ],
  };
};
