// Random trace requests over a registry's keys: values of every type, known and unknown keys, names
// that bind and that do not; many spans of few shapes, as services send them.
import type { ResolvedAttribute } from "../../schemas/weaver/resolved.ts";
import type { Random } from "../random.ts";
import type { Plain } from "./otlp-proto.ts";

const lengths = [0, 1, 3, 4, 12, 13, 60, 125, 126, 127, 128, 200, 20_000];
const integers = ["0", "1", "443", "-7", "-5", "9223372036854775807", "1099511627776", "599"];
const suffixes = [".host", ".x.y", "", ".", ".x", ".x.exact", "s.z"];
const strangeKeys = [
  "acme.one",
  "http.unknown",
  "user.id.more",
  "Über.key",
  "k".repeat(140),
  "",
  "a",
  "http_.x",
  "zero\u0000key",
];
const names = [
  "GET /x",
  "http.server",
  "span.http.client",
  "order 7",
  "order",
  "exact-match",
  "pay rent now",
  "pay  now",
  "pay",
  "db.client",
  "",
  "Ünïcode",
  "n".repeat(90),
];

const text = (random: Random, attribute: ResolvedAttribute | undefined): string => {
  const type = attribute?.type;
  if (typeof type === "object" && random.below(4) > 0) {
    return String(random.pick(type.members).value);
  }
  if (random.below(3) === 0) return random.pick(["u12", "u12345", "GET", "mysql", "ü", "日本語"]);
  return "v".repeat(random.pick(lengths));
};

const scalar = (random: Random, attribute?: ResolvedAttribute): Plain => {
  const kind = random.below(4);
  if (kind === 0) return { stringValue: text(random, attribute) };
  if (kind === 1) return { intValue: random.pick(integers) };
  if (kind === 2) return { boolValue: random.below(2) === 1 };
  return { doubleValue: random.pick([0, -0, 0.5, 1, 1.5, Number.NaN, -1e300]) };
};

const value = (random: Random, attribute: ResolvedAttribute | undefined): Plain | undefined => {
  const kind = random.below(14);
  if (kind === 0) return undefined;
  if (kind === 1) return {};
  if (kind === 2) return { bytesValue: random.bytes(random.below(5)) };
  if (kind === 3) return { kvlistValue: { values: [{ key: "a", value: scalar(random) }] } };
  if (kind < 6) {
    const one = scalar(random);
    const values = Array.from({ length: random.below(4) }, () =>
      random.below(6) === 0 ? scalar(random) : one,
    );
    return { arrayValue: { values } };
  }
  return scalar(random, attribute);
};

const attribute = (random: Random, known: readonly ResolvedAttribute[]): Plain => {
  if (random.below(8) === 0)
    return { key: random.pick(strangeKeys), value: value(random, undefined) };
  const found = random.pick(known);
  const isTemplate = typeof found.type === "string" && found.type.startsWith("template[");
  const key = isTemplate ? found.name + random.pick(suffixes) : found.name;
  return { key, value: value(random, found) };
};

const some = <T>(random: Random, below: number, make: () => T): T[] =>
  Array.from({ length: random.below(below) }, make);

const span = (random: Random, attributes: readonly Plain[], make: () => Plain): Plain => ({
  traceId: random.below(9) === 0 ? new Uint8Array(0) : random.bytes(16),
  spanId: random.bytes(8),
  ...(random.below(4) === 0 ? { traceState: "ot=th:8" } : {}),
  ...(random.below(2) === 0 ? { parentSpanId: random.bytes(8) } : {}),
  name: random.pick(names),
  kind: random.pick([0, 1, 2, 3, 4, 5, 2, 3, 7, 300]),
  startTimeUnixNano: "1700000000000000005",
  endTimeUnixNano: "1700000000000000009",
  attributes,
  ...(random.below(5) === 0
    ? { events: some(random, 3, () => ({ name: "user.login", attributes: some(random, 3, make) })) }
    : {}),
  ...(random.below(5) === 0
    ? {
        links: some(random, 3, () => ({
          spanId: random.bytes(8),
          attributes: some(random, 3, make),
        })),
      }
    : {}),
  ...random.pick([{}, {}, { status: { code: 2 } }, { status: { code: 2, message: "m" } }]),
  ...(random.below(2) === 0 ? { flags: 0x101 } : {}),
});

/** A request that protobufjs' `fromObject` takes. */
export const randomSpans = (random: Random, known: readonly ResolvedAttribute[]): Plain => {
  const make = (): Plain => attribute(random, known);
  const pool = Array.from({ length: 5 }, () => some(random, 8, make));
  const spans = (): Plain[] =>
    Array.from({ length: 1 + random.below(20) }, () =>
      span(random, random.below(3) === 0 ? some(random, 8, make) : random.pick(pool), make),
    );
  const scope = (): Plain => ({
    ...(random.below(4) === 0 ? {} : { scope: { name: "s", attributes: some(random, 2, make) } }),
    spans: spans(),
    ...(random.below(3) === 0 ? { schemaUrl: "https://example.com/s" } : {}),
  });
  return {
    resourceSpans: Array.from({ length: 1 + random.below(2) }, () => ({
      ...(random.below(4) === 0 ? {} : { resource: { attributes: some(random, 5, make) } }),
      scopeSpans: Array.from({ length: 1 + random.below(2) }, scope),
    })),
  };
};
