// Random OTLP messages by protobufjs' own reflection: every field may be set, times and counts of
// every size, text of every plane, ids absent or whole. Plus the damage that a network can do.
import type protobuf from "protobufjs";

import type { Random } from "../random.ts";
import type { Plain } from "./otlp-proto.ts";
import { protoType } from "./otlp-proto.ts";

const texts = [
  "",
  "a",
  "0",
  "-0",
  "NaN",
  "null",
  "__proto__",
  '"\\',
  "\u2028",
  "ot=th:c;rv:0123456789abcd,a=b",
  "service.name",
  "http.route",
  "münchen",
  "日本",
  "🙂",
  "\u0000",
  "x".repeat(130),
];
const doubles = [
  0,
  -0,
  5e-324,
  1e21,
  0.1,
  1,
  -1.5,
  Math.PI,
  1e300,
  Number.NaN,
  Infinity,
  -Infinity,
  2 ** 53,
];
const edges = ["0", "1", "127", "128", "4294967295", "4294967296", "9007199254740993"];
const unsigned = [...edges, "1544712660000000000", "18446744073709551615"];
const signed = [...edges, "-1", "-9007199254740993", "9223372036854775807", "-9223372036854775808"];
const depthMax = 4;
const idBytes: { readonly [name: string]: number } = { traceId: 16, spanId: 8, parentSpanId: 8 };

const scalar = (random: Random, field: protobuf.Field): unknown => {
  switch (field.type) {
    case "string":
      return random.pick(texts);
    case "bytes":
      return idValue(random, field.name);
    case "bool":
      return random.below(2) === 1;
    case "double":
      return random.pick(doubles);
    case "fixed64":
    case "uint64":
      return random.pick(unsigned);
    case "int64":
    case "sfixed64":
      return random.pick(signed);
    case "sint32":
      return random.below(2 ** 20) - 2 ** 19;
    default:
      return random.pick([0, 1, 2, 300, 2 ** 31 - 1]);
  }
};

const idValue = (random: Random, name: string): Uint8Array => {
  const length = idBytes[name];
  if (length === undefined) return random.bytes(random.below(5));
  return random.bytes(random.below(8) === 0 ? 0 : length);
};

const counts = [0, 0, 1, 1, 2];

const recordTypes = new Set(["Span", "Metric", "LogRecord"]);

/** Picks one member of each oneof and leaves out some of the other fields. */
const chosenFields = (random: Random, type: protobuf.Type): protobuf.Field[] => {
  const members = new Map(
    type.oneofsArray
      .filter((oneof) => !oneof.name.startsWith("_"))
      .map((oneof) => [oneof.name, random.pick(oneof.oneof)]),
  );
  return type.fieldsArray.filter((field) => {
    const member = members.get(field.partOf?.name ?? "");
    return member === undefined ? random.below(6) > 0 : member === field.name;
  });
};

/** A message that protobufjs' `fromObject` takes. Requests get `records` records in each scope. */
export const randomMessage = (random: Random, name: string, records = 3, depth = 0): Plain => {
  const message: { [name: string]: unknown } = {};
  for (const field of chosenFields(random, protoType(name))) {
    const inner = field.resolvedType?.name;
    const isNested = name === "AnyValue" || inner === "AnyValue";
    if (isNested && depth > depthMax && inner !== undefined) continue;
    const one = (): unknown =>
      inner === undefined
        ? scalar(random, field)
        : randomMessage(random, inner, records, depth + Number(isNested));
    if (!field.repeated) message[field.name] = one();
    else {
      const isRecord = recordTypes.has(inner ?? "");
      const count = isRecord ? random.below(records + 1) : random.pick(counts);
      message[field.name] = Array.from({ length: count }, one);
    }
  }
  return message;
};

/** A damaged copy: bytes flipped, cut off, repeated or inserted. */
export const damaged = (random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  let out = Array.from(bytes);
  for (let i = 1 + random.below(3); i > 0; i -= 1) {
    const at = random.below(out.length + 1);
    const kind = random.below(5);
    if (kind === 0) out = out.slice(0, at);
    else if (kind === 1) out.splice(at, random.below(4));
    else if (kind === 2) out.splice(at, 0, random.below(256), random.pick([0, 127, 128, 255]));
    else if (kind === 3) out.splice(at, 0, ...out.slice(at, at + random.below(30)));
    else if (at < out.length)
      out[at] = random.pick([0, 1, 2, 10, 127, 128, 255, random.below(256)]);
  }
  return Uint8Array.from(out);
};
