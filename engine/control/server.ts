// The control server on loopback: /livez, /readyz, /metrics, /status, /events to read, and actions
// to POST. It reads shared memory and never touches a record.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { UnreachableError } from "../cli/command.ts";
import { StageMetricsSet } from "../metrics/stage-metrics-set.ts";
import type { WorkerStatus } from "../supervise/worker.ts";
import type { ActionName, Steering } from "./actions.ts";
import { actionAnswer, actionNames, actionOf } from "./actions.ts";
import type { Answer } from "./answer.ts";
import { eventsAnswer } from "./events.ts";
import { prometheusPage } from "./prometheus.ts";
import type { Snapshot } from "./snapshot.ts";

export type ControlOptions = {
  /** 0 = a free one. */
  readonly port: number;
  readonly snapshot: () => Snapshot;
  /** False from the start of a stop; ready is also only who has all critical workers up. */
  readonly isReady: () => boolean;
  /** More for /status: what the process knows beside the engine's memory. */
  readonly about: () => { readonly [key: string]: unknown };
  /** Memories of event collectors, for /events. */
  readonly events: readonly SharedArrayBuffer[];
  /** Metrics of stages that are not the engine's own; may grow and shrink while it serves. */
  readonly stages?: StageMetricsSet;
  /** Workers to be shown and steered; without it there are none. */
  readonly steering?: Steering;
};

export type ControlServer = { readonly url: string; readonly close: () => Promise<void> };

const host = "127.0.0.1";

/** @throws UnreachableError when the port is taken. */
export const startControlServer = async (options: ControlOptions): Promise<ControlServer> => {
  const { stages = new StageMetricsSet(), steering = null } = options;
  const workers = (): readonly WorkerStatus[] => steering?.workers() ?? [];
  const page = prometheusPage(options.snapshot, stages, workers);
  const routes: Routes = {
    "/livez": () => ({ status: 200, type: "text/plain", body: "ok\n" }),
    "/readyz": () => readiness(options.isReady(), workers()),
    "/metrics": async () => ({ status: 200, type: page.contentType, body: await page.render() }),
    "/status": () => ({
      status: 200,
      type: "application/json",
      body: `${JSON.stringify({
        ...options.about(),
        workers: workers(),
        ...options.snapshot(),
        stages: stages.read(),
      })}\n`,
    }),
    "/events": (query) => eventsAnswer(options.events, query),
  };
  const server = createServer((request, response) => {
    answer({ routes, steering }, request, response).catch((error: unknown) => {
      // Who asked has gone, or a page could not be made: nothing of the engine ends with it.
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end(`${error instanceof Error ? error.message : String(error)}\n`);
    });
  });
  server.listen(options.port, host);
  await once(server, "listening").catch((error: unknown) => {
    throw portError(options.port, error as NodeJS.ErrnoException);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
};

/** Ready without workers that the engine can do without; who is down is named either way. */
const readiness = (isReady: boolean, workers: readonly WorkerStatus[]): Answer => {
  const down = workers.filter(({ state }) => state !== "Running" && state !== "Paused");
  const ready = isReady && !down.some(({ critical }) => critical);
  const lines = down.map(
    ({ name, state, critical }) => `${name} is ${state}${critical ? "" : ", not critical"}`,
  );
  return {
    status: ready ? 200 : 503,
    type: "text/plain",
    body: [ready ? "ok" : "not ready", ...lines, ""].join("\n"),
  };
};

type Routes = {
  readonly [path: string]: (query: URLSearchParams) => Promise<Answer> | Answer;
};

type Served = { readonly routes: Routes; readonly steering: Steering | null };

const answer = async (
  { routes, steering }: Served,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const asked = URL.parse(request.url ?? "/", `http://${host}`);
  if (asked === null) {
    response.writeHead(400, { "content-type": "text/plain" });
    response.end(`${request.url} is no path\n`);
    return;
  }
  const { pathname: path, searchParams } = asked;
  const action = actionOf(path);
  if (action !== null && steering !== null) {
    await act({ action, steering }, request, response);
    return;
  }
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) {
    response.writeHead(404, { "content-type": "text/plain" });
    const actions = steering === null ? [] : actionNames.map((name) => `/${name}`);
    response.end(`no such path; known: ${[...Object.keys(routes), ...actions].join(" ")}\n`);
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
    return;
  }
  const { status, type, body } = await route(searchParams);
  response.writeHead(status, { "content-type": type });
  response.end(request.method === "HEAD" ? undefined : body);
};

type Action = { readonly action: ActionName; readonly steering: Steering };

const act = async (
  { action, steering }: Action,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  if (request.method !== "POST") {
    response.writeHead(405, { allow: "POST" }).end();
    return;
  }
  const { status, type, body } = await actionAnswer(action, request, steering);
  response.writeHead(status, { "content-type": type });
  response.end(body);
};

const portError = (port: number, error: NodeJS.ErrnoException): UnreachableError =>
  new UnreachableError(
    error.code === "EADDRINUSE"
      ? `control port ${port} is taken; choose another with --control-port, 0 = a free one`
      : `control port ${port}: ${error.message}`,
  );
