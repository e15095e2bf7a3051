import { expect, it, onTestFinished } from "vitest";

import { backoffDefaults, backoffOf } from "../../../engine/send/backoff.ts";
import { JsonRpc } from "../../../engine/send/json-rpc.ts";
import { Secret } from "../../../engine/send/secret.ts";
import { errorBodies } from "./error-bodies.ts";
import { JsonRpcServer } from "./json-rpc-server.ts";

const setUp = async () => {
  const server = new JsonRpcServer(
    "/",
    new Map([["echo", (params: readonly unknown[]) => params]]),
  );
  const url = await server.listen();
  onTestFinished(() => server.close());
  return { server, url, rpc: new JsonRpc({ url, fetch }) };
};

it("returns results and numbers its requests", async () => {
  const { rpc } = await setUp();
  expect(await rpc.call("echo", [1])).toEqual({ ok: true, result: [1] });
  expect(await rpc.call("echo", ["two"])).toEqual({ ok: true, result: ["two"] });
});

it("parameters that JSON cannot say are a permanent failure, and nothing is sent", async () => {
  const { rpc } = await setUp();
  const circle: unknown[] = [];
  circle.push(circle);
  for (const param of [1n, circle]) {
    const failure = { class: "permanent", status: null, mayHaveActed: false };
    expect(await rpc.call("echo", [param])).toMatchObject({ ok: false, failure });
  }
  expect(await rpc.call("echo", [2])).toEqual({ ok: true, result: [2] });
});

it("a secret in a header that is none is refused at once, without being shown", () => {
  const value = new Secret("hush", "KEY");
  for (const more of [{ header: "x key" }, { header: "" }, { header: "x", prefix: "a\nb" }]) {
    const make = () => new JsonRpc({ url: "https://x", fetch, secret: { value, ...more } });
    expect(make).toThrow(RangeError);
    expect(make).toThrow(/^secret: (?!.*hush)/);
  }
  expect(
    new JsonRpc({ url: "https://x", fetch, secret: { header: "x-key", value } }),
  ).toBeDefined();
});

it.each([
  ["blockhashNotFound", "retryable"],
  ["alreadyProcessed", "processed"],
  ["preflightFailed", "permanent"],
  ["signatureVerification", "permanent"],
  ["blockNotAvailable", "retryable"],
  ["nodeBehind", "retryable"],
  ["precompile", "permanent"],
  ["signatureLength", "permanent"],
  ["version", "version"],
  ["minContextSlot", "retryable"],
  ["invalidParams", "permanent"],
  ["methodNotFound", "permanent"],
  ["publicRateLimit", "retryable"],
  ["providerUsage", "retryable"],
  ["jitoRateLimit", "retryable"],
] as const)("error body %s is %s", async (name, failureClass) => {
  const { server, rpc } = await setUp();
  server.script("echo", { error: errorBodies[name] });
  const { code, message } = errorBodies[name];
  const mayHaveActed = failureClass === "processed";
  const failure = { class: failureClass, code, message, mayHaveActed, status: 200 };
  expect(await rpc.call("echo", [])).toMatchObject({ ok: false, failure });
});

it("an error with a code that nobody knows is no proof that nothing was done, unless refused by its status", async () => {
  const { server, rpc } = await setUp();
  for (const [status, mayHaveActed] of [
    [200, true],
    [403, false],
  ] as const) {
    server.script("echo", { error: errorBodies.internalError, status });
    const failure = { class: "permanent", code: -32_603, mayHaveActed };
    expect(await rpc.call("echo", [])).toMatchObject({ ok: false, failure });
  }
});

it.each([
  [429, "retryable", false],
  [408, "retryable", false],
  [500, "retryable", true],
  [503, "retryable", true],
  [400, "permanent", false],
  [403, "permanent", false],
  [413, "permanent", false],
])("HTTP status %i without an error body is %s", async (status, failureClass, mayHaveActed) => {
  const { server, rpc } = await setUp();
  server.script("echo", { status, text: "<html>no</html>" });
  const failure = { class: failureClass, code: null, status, mayHaveActed };
  expect(await rpc.call("echo", [])).toMatchObject({ ok: false, failure });
});

it.each([
  [429, false],
  [500, true],
  [503, true],
])("HTTP status %i is retryable whatever error its body has", async (status, mayHaveActed) => {
  const { server, rpc } = await setUp();
  const error = { code: -32_603, message: "Internal error" };
  server.script("echo", { status, text: JSON.stringify({ jsonrpc: "2.0", id: 1, error }) });
  const failure = { class: "retryable", code: -32_603, status, mayHaveActed };
  expect(await rpc.call("echo", [])).toMatchObject({ ok: false, failure });
});

it.each([
  ["seconds", "7", 7000],
  ["a date", "Thu, 01 Jan 1970 00:00:20 GMT", 15_000],
  ["a date that is over", "Thu, 01 Jan 1970 00:00:02 GMT", 0],
  ["nonsense", "-3", null],
])("a Retry-After of %s is read, with an error body and without", async (_, header, expected) => {
  const { server, url } = await setUp();
  const rpc = new JsonRpc({ url, fetch, epochMs: () => 5000 });
  const error = { code: -32_005, message: "Too many requests" };
  for (const text of [JSON.stringify({ jsonrpc: "2.0", id: 1, error }), "<html>no</html>"]) {
    server.script("echo", { status: 429, text, headers: { "retry-after": header } });
    const failure = { status: 429, retryAfterMs: expected };
    expect(await rpc.call("echo", [])).toMatchObject({ ok: false, failure });
  }
});

it.each([
  ["text that is no JSON", "<html>"],
  ["a list", "[]"],
  ["an answer to another request", '{"jsonrpc":"2.0","id":7,"result":1}'],
  ["an answer of another version", '{"id":1,"result":1}'],
  ["an answer without result", '{"jsonrpc":"2.0","id":1}'],
  ["an endless answer", `{"jsonrpc":"2.0","id":1,"result":"${"a".repeat(1 << 20)}"}`],
])("%s is no result, and the request may have been acted on", async (_, text) => {
  const { server, rpc } = await setUp();
  server.script("echo", { status: 200, text });
  const failure = { class: "retryable", mayHaveActed: true };
  expect(await rpc.call("echo", [])).toMatchObject({ ok: false, failure });
});

it("a lost connection, a refused one and a redirect are retryable failures", async () => {
  const { server, rpc } = await setUp();
  server.script("echo", "lost");
  const failure = { class: "retryable", mayHaveActed: true, status: null };
  expect(await rpc.call("echo", [])).toMatchObject({ ok: false, failure });
  server.script("echo", { status: 307, text: "", headers: { location: "http://127.0.0.1:1/" } });
  expect(await rpc.call("echo", [])).toMatchObject({ ok: false, failure });
  await server.close();
  expect(await rpc.call("echo", [])).toMatchObject({ ok: false, failure });
});

it("a server that does not answer costs one time-out", async () => {
  const never: typeof fetch = async (_, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error));
    });
  const rpc = new JsonRpc({ url: "http://127.0.0.1:1/", fetch: never, timeoutMs: 5 });
  const failure = { class: "retryable", message: "TimeoutError", mayHaveActed: true };
  expect(await rpc.call("echo", [])).toMatchObject({ ok: false, failure });
});

it("sends a secret in its header and shows it in no message, nor the address", async () => {
  const { server, url } = await setUp();
  const value = new Secret("0a1b2c3d", "KEY");
  const secret = { header: "x-jito-auth", value };
  const rpc = new JsonRpc({ url, fetch, secret });
  server.script("echo", { error: { code: -32_602, message: "unknown key 0a1b2c3d" } });
  const answer = await rpc.call("echo", []);
  expect(server.requests[0]?.headers).toMatchObject({ "x-jito-auth": "0a1b2c3d" });
  expect(answer).toMatchObject({ failure: { message: "unknown key ***" } });
  await server.close();
  const lost = JSON.stringify(await rpc.call("echo", []));
  expect(lost).not.toContain("127.0.0.1");
  expect(lost).not.toContain("0a1b2c3d");
});

it("refuses addresses that are none, and to send a secret without TLS", () => {
  expect(() => new JsonRpc({ url: "ftp://x", fetch })).toThrow("expected http:// or https://");
  const secret = { header: "authorization", prefix: "Bearer ", value: new Secret("k", "KEY") };
  const url = "http://node.example/";
  expect(() => new JsonRpc({ url, fetch, secret })).toThrow("a secret is sent over https:// only");
  expect(() => new JsonRpc({ url, fetch })).not.toThrow();
});

it("refuses addresses that fetch never takes, and limits that no request could keep", () => {
  for (const url of ["https://user:word@node.example/", "http://user@127.0.0.1/"])
    expect(() => new JsonRpc({ url, fetch })).toThrow("no user or password");
  const url = "http://127.0.0.1:1/";
  for (const timeoutMs of [0, -1, 1.5, Number.NaN, Infinity, 2 ** 31])
    expect(() => new JsonRpc({ url, fetch, timeoutMs })).toThrow(`timeoutMs=${timeoutMs}, `);
  for (const answerBytesMax of [0, -1, 1.5, Number.NaN, Infinity])
    expect(() => new JsonRpc({ url, fetch, answerBytesMax })).toThrow(
      `answerBytesMax=${answerBytesMax}, `,
    );
});

it("backs off exponentially within its limits", () => {
  const waits = [0, 1, 2, 3, 4, 5, 40].map((failure) =>
    backoffOf(failure, null, 0, backoffDefaults),
  );
  expect(waits).toEqual([100, 200, 400, 800, 1600, 2500, 2500]);
  expect(backoffOf(0, null, 0.999, backoffDefaults)).toBeCloseTo(200, 0);
  expect(backoffOf(0, 4000, 0, backoffDefaults)).toBe(4000);
  expect(backoffOf(0, 86_400_000, 0, backoffDefaults)).toBe(30_000);
});
