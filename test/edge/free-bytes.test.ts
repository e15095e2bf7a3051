import { describe, expect, test } from "vitest";

import type { ForwardOutcome } from "../../edge/forward/forward-outcome.ts";
import { freeBytes } from "../../edge/free-bytes.ts";
import { FakeEdge } from "./fake-edge.ts";
import { transactionJson } from "./decode/solana-bytes.ts";

const bytes = 4096;

describe("freed bytes", () => {
  test("are gone, with every view of their buffer", () => {
    const whole = new Uint8Array(bytes);
    const part = whole.subarray(1, 10);
    freeBytes(whole);
    expect([whole.byteLength, part.byteLength, whole.buffer.byteLength]).toEqual([0, 0, 0]);
  });

  test("may be freed again", () => {
    const whole = new Uint8Array(bytes);
    freeBytes(whole);
    freeBytes(whole);
    expect(whole.byteLength).toBe(0);
  });

  test("stay when others may have a part of their buffer", () => {
    const whole = new Uint8Array(bytes);
    freeBytes(whole.subarray(1));
    expect(whole.byteLength).toBe(bytes);
  });

  test("stay when they are few", () => {
    const few = new Uint8Array(16);
    freeBytes(few);
    expect(few.byteLength).toBe(16);
  });
});

describe("the bytes of a request", () => {
  const transactions = Array.from({ length: 20 }, (_, seed) => transactionJson(seed));
  const body = JSON.stringify({ transactions });

  test("are whole while they are on their way and freed once their fate is known", async () => {
    const edge = new FakeEdge({}, false);
    const values: Uint8Array[] = [];
    const { promise, resolve } = Promise.withResolvers<ForwardOutcome>();
    edge.edge.forwarder.send = (_head, records) => {
      values.push(...records.map(({ value }) => value));
      return promise;
    };
    const answer = edge.post("/v1/transactions", "application/json", body);
    while (values.length === 0) await scheduler.wait(1);
    const onTheWay = values.map(({ byteLength }) => byteLength);
    resolve({ code: "acknowledged" });
    expect((await answer).status).toBe(200);
    expect(Math.max(...onTheWay)).toBeGreaterThan(1024);
    for (const [at, { byteLength }] of values.entries())
      expect(byteLength).toBe((onTheWay[at] ?? 0) >= 1024 ? 0 : onTheWay[at]);
  });
});
