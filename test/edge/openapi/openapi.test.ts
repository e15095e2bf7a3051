// The served document beside what the edge does. What its schemas say of bodies is held to the edge
// by a foreign validator in test/openapi-schemas.test.ts: that one cannot run in workerd.
import { createHash } from "node:crypto";

import { describe, expect, test } from "vitest";

import { openApiDocument } from "../../../edge/openapi/openapi-document.ts";
import { endpointAt } from "../../../edge/receive/endpoints.ts";
import { FakeEdge } from "../fake-edge.ts";

type Json = { readonly [key: string]: unknown };
type Result = { readonly accepted: number; readonly rejected: number };

const json = "application/json";
const { schemas } = openApiDocument.components;

const bodies = (["/v1/transactions", "/v1/depth"] as const).flatMap((path) => {
  const { schema, examples } = openApiDocument.paths[path].post.requestBody.content[json];
  const name = schema.$ref.split("/").at(-1) as "Transactions" | "Depth";
  return Object.entries(examples).map(([example, { value }]) => ({
    path,
    name,
    example,
    value: value as Json,
  }));
});

const post = async (path: string, body: unknown): Promise<{ status: number; result: Result }> => {
  const response = await new FakeEdge().post(path, json, JSON.stringify(body));
  return { status: response.status, result: await response.json() };
};

const itemsOf = (value: Json): readonly unknown[] =>
  (value["transactions"] ?? value["messages"]) as readonly unknown[];

describe("the document", () => {
  test("is served to everybody at /openapi.json", async () => {
    const response = await new FakeEdge({ API_KEYS: "key" }).request("/openapi.json");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, json]);
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument)));
  });

  test("names every path that is served, with its method, and no other", () => {
    const paths = Object.entries(openApiDocument.paths as Json);
    for (const [path, operations] of paths) {
      const method = endpointAt(path)?.method.toLowerCase();
      expect([path, Object.keys(operations as Json)]).toEqual([path, [method]]);
    }
    expect(paths).toHaveLength(9);
  });

  test.each([
    ["GET", "/status", 401, {}],
    ["GET", "/status", 403, { "x-api-key": "acme" }],
    ["GET", "/metrics", 200, { "x-api-key": "key" }],
    ["GET", "/livez", 200, {}],
    ["POST", "/livez", 405, {}],
    ["POST", "/v1/traces", 401, { "content-type": "application/x-protobuf" }],
    ["POST", "/v1/logs", 415, { "x-api-key": "key" }],
    ["POST", "/v1/depth", 403, { "x-api-key": "acme", "content-type": json }],
    ["POST", "/v1/depth", 400, { "x-api-key": "key", "content-type": json }],
  ])("names status, type and headers of %s %s: %i", async (method, path, status, headers) => {
    const hash = createHash("sha256").update("acme").digest("hex");
    const tenants = [{ name: "acme", keys: [hash], signals: ["logs"] }];
    const edge = new FakeEdge({ API_KEYS: "key", TENANTS: JSON.stringify({ tenants }) });
    const response = await edge.request(path, { method, headers: headers as HeadersInit });
    expect(response.status).toBe(status);
    const operations = (openApiDocument.paths as Json)[path] as Json;
    const { responses } = Object.values(operations)[0] as { readonly responses: Json };
    const named = responses[String(status)] as { headers?: Json; content: Json } | undefined;
    const type = response.headers.get("content-type")?.split(";")[0];
    if (type !== undefined) expect(Object.keys(named?.content ?? {})).toContain(type);
    for (const name of ["allow", "accept", "www-authenticate"])
      if (response.headers.has(name))
        expect(Object.keys(named?.headers ?? {}).map((one) => one.toLowerCase())).toContain(name);
  });

  test("refers only to what it defines", () => {
    const text = JSON.stringify(openApiDocument);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g))
      expect(schemas).toHaveProperty(name ?? "");
  });

  test("has an example at both market paths", () => {
    expect(new Set(bodies.map(({ path }) => path)).size).toBe(2);
  });
});

describe.each(bodies)("$path, example $example", ({ path, value }) => {
  test("is accepted whole by the edge", async () => {
    const { status, result } = await post(path, value);
    expect([status, result.rejected, result.accepted]).toEqual([200, 0, itemsOf(value).length]);
  });
});

/** What `required` names, taken away: from the body, and from the first item or its message. */
const requiredCases = bodies.flatMap(({ path, name, value }) => {
  const { required } = schemas[name];
  const whole = required.map((field) => ({
    path,
    field,
    body: { ...value, [field]: undefined },
  }));
  const [first] = itemsOf(value) as readonly [Json];
  const entry = name === "Transactions" ? "Transaction" : "DepthEntry";
  const list = name === "Transactions" ? "transactions" : "messages";
  const items = schemas[entry].required.map((field) => ({
    path,
    field,
    body: { ...value, [list]: [{ ...first, [field]: undefined }] },
  }));
  return [...whole, ...items];
});

describe("required fields", () => {
  test.each(requiredCases)("$path without $field is refused", async (one) => {
    const { status, result } = await post(one.path, one.body);
    expect(status === 400 || result.rejected === 1).toBe(true);
  });

  const messages = {
    DepthUpdate: { e: "depthUpdate", E: 1, s: "A", U: 1, u: 2, pu: 0, b: [["1", "2"]], a: [] },
    DepthSnapshot: { lastUpdateId: 1, bids: [["1", "2"]], asks: [] },
    Trade: { e: "trade", E: 1, s: "A", t: 1, p: "1", q: "2", m: true },
    BookTicker: { e: "bookTicker", u: 1, s: "A", b: "1", B: "2", a: "3", A: "4" },
  } as const;

  test.each(Object.entries(messages))(
    "of a %s are required by the edge, the others are not",
    async (name, message) => {
      const accepted = async (changed: Json): Promise<number> => {
        const body = { venue: "binance-spot", symbol: "A", messages: [{ message: changed }] };
        return (await post("/v1/depth", body)).result.accepted;
      };
      const { required } = schemas[name as keyof typeof messages];
      expect(await accepted(message)).toBe(1);
      for (const field of Object.keys(message)) {
        const without = { ...message, [field]: undefined };
        const isRequired = (required as readonly string[]).includes(field);
        // What says which kind it is may be replaced by the rest of the message.
        if (field === "e") continue;
        expect([field, await accepted(without)]).toEqual([field, isRequired ? 0 : 1]);
      }
    },
  );
});

describe("integer ranges", () => {
  const update = { e: "depthUpdate", s: "A", U: 1, u: 2, b: [], a: [["1", "2"]] };
  const depth = (message: Json): Promise<{ status: number; result: Result }> =>
    post("/v1/depth", {
      venue: "binance-spot",
      messages: [{ message: { ...update, ...message } }],
    });

  test.each([
    [{ U: 0, u: 0 }, true],
    [{ U: 1, u: 9_007_199_254_740_991 }, true],
    [{ U: 1, u: 9_007_199_254_740_992 }, false],
    [{ U: -1 }, false],
    [{ U: 1.5 }, false],
    [{ U: "1" }, false],
    [{ U: 3, u: 2 }, false],
    [{ E: 8_796_093_022_208 }, true],
    [{ E: 8_796_093_022_209 }, false],
    [{ E: -1 }, false],
    [{ a: [["9007199254740991", "1"]] }, true],
    [{ a: [["9007199254740992", "1"]] }, false],
    [{ a: [["0.000000000000000001", "1"]] }, true],
    [{ a: [["0.0000000000000000001", "1"]] }, false],
    [{ a: [["-1", "1"]] }, false],
    [{ a: [["1e3", "1"]] }, false],
    [{ a: [[1, "1"]] }, false],
    [{ a: [["1"]] }, false],
    [{ s: "X".repeat(32) }, true],
    [{ s: "X".repeat(33) }, false],
    [{ s: "Ä" }, false],
  ])("of depth: %j is accepted: %s", async (message, isAccepted) => {
    const { status, result } = await depth(message);
    expect([status, result.accepted]).toEqual([200, Number(isAccepted)]);
  });

  const example = bodies[0]?.value as { readonly transactions: readonly [Json] };

  test.each([
    [{ slot: 0 }, true],
    [{ slot: "9007199254740991" }, true],
    [{ slot: "9007199254740992" }, false],
    [{ slot: 9_007_199_254_740_992 }, false],
    [{ slot: -1 }, false],
    [{ slot: null, index: null }, true],
    [{ index: 4_294_967_295 }, true],
    [{ index: 4_294_967_296 }, false],
    [{ index: 1.5 }, false],
    [{ index: true }, false],
    [{ transaction: "AQ==" }, false],
    [{ transaction: "not base64!" }, false],
    [{ transaction: "A".repeat(5465) }, false],
  ])("of transactions: %j is accepted: %s", async (changed, isAccepted) => {
    const transactions = [{ ...example.transactions[0], ...changed }];
    const { status, result } = await post("/v1/transactions", { transactions });
    expect([status, result.accepted]).toEqual([200, Number(isAccepted)]);
  });

  test("each transaction is refused for its own reason", async () => {
    const [good] = example.transactions;
    const bytes = Buffer.from(good["transaction"] as string, "base64");
    const changed = (at: number, value: number): Json => {
      const other = Buffer.from(bytes);
      other[at] = value;
      return { transaction: other.toString("base64") };
    };
    const last = bytes.byteLength;
    const transactions = [
      good,
      {},
      7,
      changed(0, 0),
      changed(65, 2),
      changed(last - 4, 9),
      { transaction: bytes.subarray(0, -1).toString("base64") },
      { transaction: Buffer.concat([bytes, Buffer.from([0])]).toString("base64") },
    ];
    const { result } = await post("/v1/transactions", { transactions });
    const { accepted, rejected, reasons, first } = result as unknown as Result & {
      readonly reasons: Json;
      readonly first: readonly Json[];
    };
    expect([accepted, rejected, first.map(({ index }) => index)]).toEqual([
      1,
      7,
      [1, 2, 3, 4, 5, 6, 7],
    ]);
    expect(Object.keys(reasons).length).toBeGreaterThanOrEqual(5);
  });
});
