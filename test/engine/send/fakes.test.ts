import { expect, it, onTestFinished } from "vitest";

import { JsonRpc } from "../../../engine/send/json-rpc.ts";
import { FakeJito } from "./fake-jito.ts";
import { FakeSolana } from "./fake-solana.ts";
import type { JsonRpcServer } from "./json-rpc-server.ts";

const clientOf = async (server: JsonRpcServer) => {
  const url = await server.listen();
  onTestFinished(() => server.close());
  return { url, rpc: new JsonRpc({ url, fetch }) };
};

const refusedWith = (code: number) => ({ ok: false, failure: { code } });

it.each([
  ["getSlot", [], -32_601],
  ["getBlockHeight", [{ commitment: "recent" }], -32_602],
  ["getBlockHeight", [{ commitment: "confirmed", level: 1 }], -32_602],
  ["getBlockHeight", [{ commitment: "confirmed" }, 1], -32_602],
  ["getLatestBlockhash", ["confirmed"], -32_602],
  ["getSignatureStatuses", ["one"], -32_602],
  ["getSignatureStatuses", [[], { searchTransactionHistory: 1 }], -32_602],
  ["getMultipleAccounts", ["11111111111111111111111111111111"], -32_602],
  ["getMultipleAccounts", [["0"], { encoding: "base64", commitment: "confirmed" }], -32_602],
  ["getMultipleAccounts", [[], { encoding: "base58", commitment: "confirmed" }], -32_602],
  ["getMultipleAccounts", [[], { encoding: "base64", commitment: "recent" }], -32_602],
  [
    "getMultipleAccounts",
    [
      Array.from({ length: 101 }, () => "11111111111111111111111111111111"),
      { encoding: "base64", commitment: "confirmed" },
    ],
    -32_602,
  ],
  ["sendTransaction", ["AA==", { encoding: "base64" }], -32_602],
  ["sendTransaction", ["AA==", { encoding: "base58" }], -32_602],
  ["sendTransaction", ["AA==", { encoding: "base64", retries: 1 }], -32_602],
  [
    "simulateTransaction",
    ["AA==", { encoding: "base64", sigVerify: true, replaceRecentBlockhash: true }],
    -32_602,
  ],
] as const)("the Solana node refuses %s %j", async (method, params, code) => {
  const { rpc } = await clientOf(new FakeSolana().server);
  expect(await rpc.call(method, params)).toMatchObject(refusedWith(code));
});

it.each([
  ["sendTransaction", [], -32_601],
  ["sendBundle", [[]], -32_602],
  ["sendBundle", [[], { encoding: "base64" }], -32_602],
  ["sendBundle", [["AA=="], { encoding: "base58" }], -32_602],
  ["sendBundle", [["AA=="], { encoding: "base64" }], -32_602],
  ["sendBundle", [["", "", "", "", "", ""], { encoding: "base64" }], -32_602],
  ["getInflightBundleStatuses", [["1", "2", "3", "4", "5", "6"]], -32_602],
] as const)("the block engine refuses %s %j", async (method, params, code) => {
  const { rpc } = await clientOf(new FakeJito(() => 0).server);
  expect(await rpc.call(method, params)).toMatchObject(refusedWith(code));
});

it("the block engine takes one request a second", async () => {
  const { rpc } = await clientOf(new FakeJito(() => 0).server);
  expect(await rpc.call("getInflightBundleStatuses", [["1"]])).toMatchObject({ ok: true });
  const second = await rpc.call("getInflightBundleStatuses", [["1"]]);
  expect(second).toMatchObject({ ok: false, failure: { code: -32_097, status: 429 } });
});

it("both take posts of JSON on their own path only", async () => {
  const { url } = await clientOf(new FakeJito(() => 0).server);
  const headers = { "content-type": "application/json" };
  const post = { method: "POST", headers, body: "{}" };
  expect((await fetch(url)).status).toBe(404);
  expect((await fetch(`${url}/other`, post)).status).toBe(404);
  expect((await fetch(url, { ...post, headers: {} })).status).toBe(404);
  const answer: unknown = await (await fetch(url, post)).json();
  expect(answer).toMatchObject({ error: { code: -32_602 } });
});
