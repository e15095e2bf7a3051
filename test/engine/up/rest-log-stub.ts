// The REST v3 produce API as far as the edge uses it, in memory, answering as the test says: at
// once, held back, or not at all. Parses requests by itself.
import { once } from "node:events";
import { type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type StubRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: { readonly [name: string]: string };
};

type Json = {
  readonly partition_id: number;
  readonly key?: { readonly data: string };
  readonly value: { readonly data: string };
  readonly headers: readonly { readonly name: string; readonly value: string }[];
};

export class RestLogStub {
  /** What was acknowledged, in order. */
  readonly records: StubRecord[] = [];
  /** "hold" keeps requests open until `release`; "fail" answers 503; "drop" cuts the connection. */
  mode: "answer" | "hold" | "fail" | "drop" = "answer";
  /** Requests that were received, in every mode. */
  requests = 0;
  /** Requests being held. */
  readonly held: (() => void)[] = [];
  readonly #server: Server;
  url = "";

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        this.#handle(request.url ?? "", Buffer.concat(chunks).toString(), response);
      });
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Answers what is held, and from now on at once. */
  release(): void {
    this.mode = "answer";
    for (const answer of this.held.splice(0)) answer();
  }

  #handle(url: string, body: string, response: ServerResponse): void {
    this.requests += 1;
    if (this.mode === "drop") {
      response.destroy();
      return;
    }
    if (this.mode === "fail") {
      response.writeHead(503).end("down");
      return;
    }
    if (this.mode === "hold") this.held.push(() => this.#write(url, body, response));
    else this.#write(url, body, response);
  }

  #write(url: string, body: string, response: ServerResponse): void {
    const topic = /\/v3\/clusters\/[^/]+\/topics\/([^/]+)\/records$/.exec(url)?.[1];
    if (topic === undefined) {
      response.writeHead(404).end();
      return;
    }
    // No base64 holds these two characters, so objects are told apart by them.
    const results = body.split(/(?<=\})(?=\{"partition_id")/).map((text) => {
      const record = JSON.parse(text) as Json;
      this.records.push({
        topic,
        partition: record.partition_id,
        key: record.key === undefined ? null : Buffer.from(record.key.data, "base64"),
        value: Buffer.from(record.value.data, "base64"),
        headers: Object.fromEntries(
          record.headers.map(({ name, value }) => [name, Buffer.from(value, "base64").toString()]),
        ),
      });
      const partition = record.partition_id;
      return JSON.stringify({
        error_code: 200,
        partition_id: partition,
        offset: this.records.length,
      });
    });
    response.writeHead(200, { "content-type": "application/json" }).end(results.join(""));
  }
}
