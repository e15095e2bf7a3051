// Posts frames of signed transactions to the edge from keep-alive connections, as fast as answers
// come or at a rate, for a bounded time. The load of `npm run bench -- system`.
import { Agent, request } from "node:http";

import { createTransactionMix } from "../../engine/feed/transactions.ts";
import { FrameWriter } from "../../schemas/market/frame.ts";
import {
  TransactionItem,
  transactionItemHeaderBytes,
} from "../../schemas/market/transaction-item.ts";

export type TransactionLoadOptions = {
  readonly url: string;
  readonly connections: number;
  readonly perRequest: number;
  readonly seconds: number;
  /** Requests per second over all connections; 0 = as fast as answers come. */
  readonly rate: number;
};

export type TransactionLoadResult = {
  readonly requests: number;
  readonly failed: number;
  readonly transactions: number;
  /** Latencies of answered requests in ms, sorted. */
  readonly latencyMs: readonly number[];
};

const bodiesKept = 32;

/** Bodies made before the clock starts. */
const makeBodies = async (perRequest: number): Promise<readonly Uint8Array[]> => {
  const pool = await createTransactionMix({ seed: 11, count: 1_000 });
  const good = pool.filter(({ expected }) =>
    ["candidate", "not-watched", "vote"].includes(expected),
  );
  const frame = new FrameWriter();
  const item = new TransactionItem();
  let next = 0;
  return Array.from({ length: bodiesKept }, () => {
    frame.clear();
    for (let i = 0; i < perRequest; i += 1) {
      const wire = good[next++ % good.length]?.wire ?? new Uint8Array(0);
      item.clear();
      item.setSlot(next);
      item.setIndex(i);
      const at = frame.claim(transactionItemHeaderBytes + wire.length);
      item.encode(frame.view, at);
      frame.bytes.set(wire, at + transactionItemHeaderBytes);
    }
    return frame.frame().slice();
  });
};

const post = (url: URL, agent: Agent, body: Uint8Array): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: "POST", agent, headers: { "content-type": "application/x-weir-frames" } },
      (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });

export const loadTransactions = async (
  options: TransactionLoadOptions,
): Promise<TransactionLoadResult> => {
  const bodies = await makeBodies(options.perRequest);
  const url = new URL("/v1/transactions", options.url);
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  const latencyMs: number[] = [];
  let started = 0;
  let failed = 0;
  const startMs = performance.now();
  const endMs = startMs + options.seconds * 1_000;
  const connection = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const number = started++;
      // Open loop: the latency counts from when the request was due, not from when it was sent.
      const dueMs =
        options.rate > 0 ? startMs + (number / options.rate) * 1_000 : performance.now();
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const body = bodies[number % bodies.length] ?? new Uint8Array(0);
      if ((await post(url, agent, body)) === 200) latencyMs.push(performance.now() - dueMs);
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: options.connections }, connection));
  agent.destroy();
  const requests = latencyMs.length;
  return {
    requests,
    failed,
    transactions: requests * options.perRequest,
    latencyMs: latencyMs.toSorted((a, b) => a - b),
  };
};
