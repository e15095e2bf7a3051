import { SELF, createExecutionContext, env, runInDurableObject } from "cloudflare:test";

import { expect, test } from "vitest";

import { encodeAppendFrame } from "../../edge/forward/append-frame.ts";
import type { ForwarderObject } from "../../edge/forward/forwarder-object.ts";
import worker from "../../edge/worker.ts";

// Before the others: an isolate keeps the edge that it has once assembled.
test("a setting that cannot be used is named to every request, in its own encoding", async () => {
  const wrong = { ...env, BODY_BYTES_MAX: "5" } as unknown as Parameters<typeof worker.fetch>[1];
  for (const type of ["application/x-protobuf", "application/json"]) {
    const init = { method: "POST", headers: { "content-type": type } };
    const request = new Request("http://edge/v1/traces", init);
    const response = await worker.fetch(request, wrong, createExecutionContext());
    expect([response.status, response.headers.get("content-type")]).toEqual([500, type]);
    const message = new TextDecoder().decode(await response.bytes());
    expect(message).toContain("BODY_BYTES_MAX: expected");
  }
});

test("the Worker answers, and /status reaches the forwarder object", async () => {
  expect((await SELF.fetch("http://edge/livez")).status).toBe(200);
  const status = await (await SELF.fetch("http://edge/status")).json();
  expect(status).toMatchObject({
    signals: { spans: { in: 0 } },
    forwarder: { log: "kafka", callers: 0, sends: 0, sequence: 0 },
  });
});

test("an empty request is served without touching the log", async () => {
  const response = await SELF.fetch("http://edge/v1/traces", {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
  });
  expect([response.status, (await response.bytes()).byteLength]).toEqual([200, 0]);
});

test("the object does nothing with a frame of another version", async () => {
  const { FORWARDER } = env as unknown as {
    readonly FORWARDER: DurableObjectNamespace<ForwarderObject>;
  };
  const stub = FORWARDER.get(FORWARDER.idFromName("another"));
  const frame = encodeAppendFrame([{ head: { tenant: "t", receivedMs: 0 }, records: [] }]);
  expect(await stub.append(frame)).toEqual({ code: "acknowledged" });
  frame[0] = 99;
  expect(await stub.append(frame)).toBeUndefined();
  await runInDurableObject(stub, (object: ForwarderObject) => object.disconnect());
});
