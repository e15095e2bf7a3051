// Damaged bodies of every signal: a path answers with a value, never an exception, and what it
// lets through adds up. Seeded; the seed is in the test's name.
import { describe, expect, test } from "vitest";

import { anyTenant } from "../any-tenant.ts";
import type { MediaType, Signal } from "../../../edge/receive/endpoints.ts";
import { FakeEdge } from "../fake-edge.ts";
import { seeded } from "../../random.ts";
import { field, number } from "../protobuf-bytes.ts";
import { frameOf } from "./frames.ts";
import { transactionBytes, transactionJson } from "./solana-bytes.ts";

const seed = 20_261_121;
const cases = 3000;
const utf8 = new TextEncoder();

const span = field(2, field(1, new Uint8Array(16).fill(7)), field(5, "name"), number(6, 2));
const traces = field(1, field(1, field(1, field(1, "k"))), field(2, span, span), field(3, "url"));
const log = field(
  2,
  field(3, "INFO"),
  field(5, field(1, "x")),
  field(9, new Uint8Array(16).fill(7)),
);
const logs = field(1, field(1, field(1, field(1, "k"))), field(2, log, log), field(3, "url"));
const metrics = field(1, field(2, field(2, field(1, "m"), field(5, field(1, number(8, 1))))));
const item = new Uint8Array([1, ...new Uint8Array(23), ...transactionBytes(1)]);
const message = { e: "depthUpdate", E: 1, s: "BTCUSDT", U: 1, u: 2, b: [["1.5", "2"]], a: [] };
const spanJson = { traceId: "07".repeat(16), name: "x", attributes: [{ key: "k", value: {} }] };

const bodies: readonly (readonly [Signal, MediaType, Uint8Array])[] = [
  ["spans", "application/x-protobuf", traces],
  ["logs", "application/x-protobuf", logs],
  ["metrics", "application/x-protobuf", metrics],
  [
    "spans",
    "application/json",
    utf8.encode(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [spanJson] }] }] })),
  ],
  ["transactions", "application/x-weir-frames", frameOf([item, item])],
  [
    "transactions",
    "application/json",
    utf8.encode(JSON.stringify({ transactions: [transactionJson(1), transactionJson(2)] })),
  ],
  [
    "depth",
    "application/json",
    utf8.encode(JSON.stringify({ venue: "binance-spot", messages: [{ message }, { message }] })),
  ],
  ["depth", "application/x-weir-frames", frameOf([item, item])],
];

describe.each(bodies)("%s as %s", (signal, mediaType, body) => {
  test(`is answered with a value whatever is damaged (seed ${seed})`, () => {
    const random = seeded(seed);
    const route = new FakeEdge().edge.paths[signal];
    let refused = 0;
    for (let i = 0; i < cases; i += 1) {
      const damaged = new Uint8Array(body);
      const changes = 1 + random.below(3);
      for (let k = 0; k < changes; k += 1)
        damaged[random.below(body.byteLength)] = random.below(256);
      const cut = random.below(4) === 0 ? random.below(body.byteLength) : body.byteLength;
      const input = {
        body: damaged.subarray(0, cut),
        mediaType,
        tenant: anyTenant,
        receivedMs: 1,
        itemsMax: 1000,
      };
      const routed = route(input);
      if ("code" in routed) {
        refused += 1;
        expect(routed.message).not.toBe("");
        continue;
      }
      const accepted = routed.records.reduce((sum, record) => sum + record.items, 0);
      expect(accepted + routed.rejections.total).toBe(routed.items);
    }
    expect(refused).toBeGreaterThan(0);
    const whole = route({ body, mediaType, tenant: anyTenant, receivedMs: 1, itemsMax: 1000 });
    expect(whole).not.toHaveProperty("code");
  });
});
