// A strict JSON-RPC 2.0 server on loopback for the fakes of Solana and Jito: whatever is not exactly
// a request that the real ones document is refused. Answers can be scripted.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { errorBodies, type ErrorBody } from "./error-bodies.ts";

/** A refusal that a method throws. */
export class Refusal extends Error {
  readonly body: ErrorBody;
  readonly status: number;

  constructor(body: ErrorBody, status = 200) {
    super(body.message);
    this.body = body;
    this.status = status;
  }
}

export const refuse = (message: string): never => {
  throw new Refusal({ code: errorBodies.invalidParams.code, message });
};

/** The fields of an object, each of which must be known. */
export const fields = (value: unknown, known: readonly string[]): Record<string, unknown> => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return refuse("expected an object");
  for (const name of Object.keys(value))
    if (!known.includes(name)) refuse(`unknown field \`${name}\``);
  return value as Record<string, unknown>;
};

/** What one request gets instead of its answer. */
export type Scripted =
  | { readonly error: ErrorBody; readonly status?: number }
  | { readonly status: number; readonly text: string; readonly headers?: Record<string, string> }
  /** Acted on, but the connection breaks before the answer. */
  | "lost";

type Method = (params: readonly unknown[], request: IncomingMessage) => unknown;

export class JsonRpcServer {
  /** Method, params and headers of every request, in order. */
  readonly requests: { method: string; params: readonly unknown[]; headers: unknown }[] = [];
  /** No request is answered before. */
  answersAfter: Promise<void> = Promise.resolve();
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #path: string;
  readonly #scripts = new Map<string, Scripted[]>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  constructor(path: string, methods: ReadonlyMap<string, Method>) {
    this.#path = path;
    this.#methods = methods;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", () => resolve()));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#path}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The next requests of `method` get these. */
  script(method: string, ...scripted: Scripted[]): void {
    this.#scripts.set(method, [...(this.#scripts.get(method) ?? []), ...scripted]);
  }

  calls(method: string): readonly (readonly unknown[])[] {
    return this.requests.filter((one) => one.method === method).map(({ params }) => params);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    await this.answersAfter;
    const isWellSent =
      request.method === "POST" &&
      request.url === this.#path &&
      request.headers["content-type"] === "application/json";
    if (!isWellSent) {
      response.writeHead(404).end();
      return;
    }
    let id: unknown = null;
    try {
      const envelope = fields(JSON.parse(text), ["jsonrpc", "id", "method", "params"]);
      id = envelope["id"];
      const { result, scripted } = this.#answer(envelope, request);
      if (scripted === "lost") request.socket.destroy();
      else if (scripted === undefined) send(response, 200, { jsonrpc: "2.0", result, id });
      else if ("text" in scripted)
        response.writeHead(scripted.status, scripted.headers).end(scripted.text);
      else send(response, scripted.status ?? 200, { jsonrpc: "2.0", error: scripted.error, id });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      send(response, error.status, { jsonrpc: "2.0", error: error.body, id });
    }
  }

  #answer(
    envelope: Record<string, unknown>,
    request: IncomingMessage,
  ): { result?: unknown; scripted?: Scripted | undefined } {
    const { jsonrpc, id, method, params } = envelope;
    if (jsonrpc !== "2.0" || !Number.isSafeInteger(id) || !Array.isArray(params))
      return refuse("no JSON-RPC 2.0 request");
    const run = this.#methods.get(String(method));
    if (run === undefined) throw new Refusal(errorBodies.methodNotFound);
    this.requests.push({ method: String(method), params, headers: request.headers });
    const scripted = this.#scripts.get(String(method))?.shift();
    if (scripted !== undefined && scripted !== "lost") return { scripted };
    return { result: run(params, request), scripted };
  }
}

const send = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};
