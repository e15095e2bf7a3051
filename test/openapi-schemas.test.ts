// The JSON Schemas of /openapi.json, by a foreign validator (ajv), beside what the edge takes: every
// example is good for both, and an example with anything taken away or changed for both or neither.
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";

import { unlimited } from "../edge/authenticate/tenant-document.ts";
import { DepthPath } from "../edge/decode/depth.ts";
import { TransactionPath } from "../edge/decode/transactions.ts";
import { isRefusal } from "../edge/errors.ts";
import { openApiDocument } from "../edge/openapi/openapi-document.ts";
import type { SignalPath } from "../edge/route/routed.ts";
import { messageVenueNames } from "../schemas/market/venues.ts";

type Json = { readonly [key: string]: unknown };

const paths: { readonly [path: string]: SignalPath } = {
  "/v1/transactions": new TransactionPath().route,
  "/v1/depth": new DepthPath().route,
};
const tenant = {
  name: "default",
  keys: [],
  signals: new Set<never>(),
  isOperator: false,
  rates: unlimited,
  rules: [],
};

/** All items of a body are taken. */
const isTaken = (path: string, body: unknown): boolean => {
  const routed = paths[path]?.({
    body: new TextEncoder().encode(JSON.stringify(body)),
    mediaType: "application/json",
    tenant,
    receivedMs: 0,
    itemsMax: 100,
  });
  return routed !== undefined && !isRefusal(routed) && routed.rejections.total === 0;
};

const ajv = new Ajv2020({ strict: false });
const served = "https://weir.invalid/openapi.json";
ajv.addSchema({ $id: served, ...JSON.parse(JSON.stringify(openApiDocument)) });

const validator = (schema: string): ((body: unknown) => boolean) => {
  const check = ajv.compile({ $ref: `${served}#/components/schemas/${schema}` });
  return (body) => check(body);
};

const contents = {
  "/v1/transactions": { schema: "Transactions", list: "transactions" },
  "/v1/depth": { schema: "Depth", list: "messages" },
} as const;

/** Each item of each example, in a body of its own. */
const bodies = Object.entries(contents).flatMap(([path, { schema, list }]) => {
  const { requestBody } = openApiDocument.paths[path as keyof typeof contents].post;
  const { examples } = requestBody.content["application/json"];
  return Object.entries(examples).flatMap(([example, { value }]) => {
    const body = value as Json;
    return (body[list] as readonly unknown[]).map((item, at) => ({
      path,
      schema,
      name: `${example} ${at}`,
      body: { ...body, [list]: [item] },
    }));
  });
});

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;

/** No schema says that a symbol stands in the message, in its stream or in the request. */
const isAboutSymbol = (at: string): boolean => /(?:^|message\.)s(?:ymbol)? = /.test(at);

/** What stands in the place of a value. */
const others = [undefined, null, true, -1, 1.5, 2 ** 53, "", "x", "-1", [], {}] as const;

/** The value with each part of it, at any depth, taken away or replaced. */
function* changed(value: unknown): Generator<{ readonly at: string; readonly value: unknown }> {
  if (!isObject(value)) return;
  for (const key of Object.keys(value)) {
    for (const other of others) {
      const at = `${key} = ${JSON.stringify(other) ?? "nothing"}`;
      if (!Array.isArray(value)) yield { at, value: { ...value, [key]: other } };
      else if (other === undefined) yield { at, value: value.toSpliced(Number(key), 1) };
      else yield { at, value: value.with(Number(key), other) };
    }
    for (const inner of changed(value[key])) {
      const at = `${key}.${inner.at}`;
      const whole = Array.isArray(value)
        ? value.with(Number(key), inner.value)
        : { ...value, [key]: inner.value };
      yield { at, value: whole };
    }
  }
}

describe.each(bodies)("$path, example $name", ({ path, schema, body }) => {
  const isValid = validator(schema);

  it("is good by its schema and taken by the edge", () => {
    expect([isValid(body), isTaken(path, body)]).toEqual([true, true]);
  });

  it("with anything in it changed is good for both or neither", () => {
    const apart: string[] = [];
    let count = 0;
    for (const { at, value } of changed(body)) {
      const sent: unknown = JSON.parse(JSON.stringify(value));
      count += 1;
      const verdicts = [isValid(sent), isTaken(path, sent)];
      if (verdicts[0] !== verdicts[1] && !isAboutSymbol(at))
        apart.push(`${at}: schema ${verdicts[0]}`);
    }
    expect(apart).toEqual([]);
    expect(count).toBeGreaterThan(50);
  });
});

const idTexts = ["0", "007", "9007199254740991", "9007199254740992", "9999999999999999"];
const wordTexts = ["4294967295", "0000004294967295", "4294967296", "9999999999999999"];
const msTexts = ["8796093022208", "0008796093022208", "8796093022209", "9999999999999"];
const nsTexts = ["18446744073709551615", "00000000000000000007", "18446744073709551616"];
const decimals = ["1.000000000000000000", "0.000000000000000001", "0.0000000000000000001"];

/** An example, a place in it, and texts in that place: at the bound, and past it. */
const texts: readonly (readonly [example: string, at: string, texts: readonly string[]])[] = [
  ["known 0", "transactions.0.slot", idTexts],
  ["known 0", "transactions.0.index", wordTexts],
  ["spot 0", "messages.0.receiveNs", nsTexts],
  ["okx 0", "messages.0.message.data.0.ts", msTexts],
  ["okx 2", "messages.0.message.data.0.tradeId", idTexts],
  ["kraken 0", "messages.0.message.data.0.checksum", wordTexts],
  ["kraken 1", "messages.0.message.data.0.trade_id", idTexts],
  ["spot 0", "messages.0.message.b.0.1", decimals],
];

const withText = (value: unknown, [key = "", ...rest]: readonly string[], text: string): unknown =>
  key === ""
    ? text
    : Object.assign(structuredClone(value) as object, {
        [key]: withText((value as Json)[key], rest, text),
      });

describe.each(texts)("in %s, %s", (example, at, values) => {
  const { path = "", schema = "", body } = bodies.find(({ name }) => name === example) ?? {};
  const isValid = validator(schema);

  it.each(values)("the text %s is good for both or neither", (text) => {
    const sent = withText(body, at.split("."), text);
    expect([sent, isValid(sent)]).toEqual([sent, isTaken(path, sent)]);
  });
});

describe("the schema of depth", () => {
  it("takes a symbol of the request that is null, as the edge does", () => {
    const { body } = bodies.find(({ name }) => name === "spot 0") ?? {};
    const sent = { ...body, symbol: null };
    expect([validator("Depth")(sent), isTaken("/v1/depth", sent)]).toEqual([true, true]);
  });

  it("has an example of every venue, and refuses each as another venue's", () => {
    const isValid = validator("Depth");
    const depth = bodies.filter(({ path }) => path === "/v1/depth");
    expect(new Set(depth.map(({ body }) => body["venue"]))).toEqual(
      new Set(messageVenueNames.filter((name) => name !== "binance-coinm")),
    );
    const wrong = depth.filter(({ body }) => isValid({ ...body, venue: "bybit" }));
    expect(wrong.map(({ name }) => name)).toEqual(["bybit 0"]);
  });
});
