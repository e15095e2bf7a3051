// A stand-in for the edge on loopback: keeps what was posted, answers as it is told.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export type Posted = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

export type StubAnswer = {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string | Uint8Array;
};

export type StubEdge = {
  readonly url: string;
  readonly posted: Posted[];
  readonly close: () => Promise<void>;
};

const accepted = ({ headers }: Posted): StubAnswer => {
  const type = headers["content-type"] ?? "";
  return { status: 200, headers: { "content-type": type }, body: /json/.test(type) ? "{}" : "" };
};

export const startStubEdge = async (
  answer: (posted: Posted) => StubAnswer = accepted,
): Promise<StubEdge> => {
  const posted: Posted[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const own = {
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks),
      };
      posted.push(own);
      const { status, headers, body } = answer(own);
      response.writeHead(status, headers);
      response.end(body);
    });
  });
  // A sender that stands still for seconds must not find its connection closed.
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    posted,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
