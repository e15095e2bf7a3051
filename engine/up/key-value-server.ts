// A read-only KV namespace for the local edge: workerd asks it as it would ask Cloudflare, GET /KEY,
// 404 for a key that is not there. Loopback only, a free port, no write: what it serves is given
// by this process.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A started namespace. */
export type KeyValueServer = {
  /** host:port */
  readonly address: string;
  readonly close: () => Promise<void>;
};

/** Looks a key up at each request, so a changed value is seen by the next one. */
export type KeyValues = (key: string) => Uint8Array | undefined;

const found = 200;
const missing = 404;
const wrongMethod = 405;

/** Undefined for what no client of ours sends. */
const keyOf = (url: string): string | undefined => {
  const path = url.slice(1).split("?")[0] ?? "";
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
};

/** @throws when no loopback port can be opened. */
export const startKeyValueServer = async (values: KeyValues): Promise<KeyValueServer> => {
  const server = createServer((request, response) => {
    if (request.method !== "GET") {
      response.writeHead(wrongMethod).end();
      return;
    }
    const key = keyOf(request.url ?? "/");
    const value = key === undefined ? undefined : values(key);
    if (value === undefined) response.writeHead(missing).end();
    else response.writeHead(found, { "content-length": value.byteLength }).end(value);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
