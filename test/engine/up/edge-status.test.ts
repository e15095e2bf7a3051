import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, expect, test, vi } from "vitest";

import { edgeAtRest } from "../../../engine/up/edge-status.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("the wait for an edge that does not come to rest ends also when the clock is set back", async () => {
  const status = { signals: { spans: { inFlight: 1 } } };
  const server = createServer((_, response) => {
    vi.setSystemTime(Date.now() - 3_600_000);
    response.end(JSON.stringify(status));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  vi.useFakeTimers({ toFake: ["Date"] });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await edgeAtRest({ url, apiKey: null }, 10)).toEqual(status);
  server.close();
});
