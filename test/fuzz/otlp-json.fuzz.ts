// Random OTLP/JSON of the three signals, written in every way that senders may: the encoder must
// make of it what protobufjs reads of the same message. Damaged in most cases: then it must say so
// or make a message that is well formed, and never throw.
import { isDeepStrictEqual } from "node:util";

import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import { JsonEncoder } from "../../schemas/otlp/json-encode.ts";
import { scanCode, scanCodeText } from "../../schemas/otlp/limits.ts";
import type { Signal } from "../../schemas/otlp/messages.ts";
import { messageType, signals } from "../../schemas/otlp/messages.ts";
import { expectedObject } from "../oracles/otlp-agreement.ts";
import { protoDecode, protoEncode } from "../oracles/otlp-proto.ts";
import { damaged, randomMessage } from "../oracles/otlp-random.ts";
import type { Random } from "../random.ts";
import { seeded } from "../random.ts";
import type { FuzzOptions } from "./main.ts";

type Encode = (json: Uint8Array, signal: Signal) => Uint8Array | null;

const signalNames = Object.keys(signals) as Signal[];
const damagesEach = 7;
const idNames = new Set(["traceId", "spanId", "parentSpanId"]);
// Text, or base64, which may be digits alone.
const textNames = new Set([
  "stringValue",
  "bytesValue",
  "name",
  "key",
  "description",
  "unit",
  "version",
  "schemaUrl",
  "type",
  "idKeys",
  "descriptionKeys",
  "traceState",
  "message",
  "severityText",
  "eventName",
]);
const utf8 = new TextEncoder();

const blank = (random: Random): string => random.pick(["", "", "", " ", "\n", "\t\r\n "]);

/** The string in quotes; some characters as escapes that need none. */
const quoted = (random: Random, text: string): string => {
  const plain = JSON.stringify(text);
  if (random.below(4) > 0) return plain;
  return plain.replace(/[a-z/.]/g, (character) => {
    if (random.below(3) > 0 || plain.includes("\\")) return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
};

const unknownMember = (random: Random): string =>
  random.pick([
    '"future":{"a":[1,{"b":null}]}',
    '"trace_id":"x"',
    '"__proto__":{"name":1}',
    '"x":-1.5e-7',
    '"toString":[[],""]',
  ]);

type Style = { readonly random: Random; readonly space: () => string };

/** Half of all without white space, as nearly all senders write. */
const styleOf = (random: Random): Style => {
  const isCompact = random.below(2) === 0;
  return { random, space: () => (isCompact ? "" : blank(random)) };
};

/** The value as JSON text: keys in any order, white space, unknown names, ids in any case. */
const written = (style: Style, value: unknown, name: string): string => {
  const { random, space } = style;
  if (Array.isArray(value)) {
    const items = value.map((one) => written(style, one, name));
    return `[${space()}${items.join(`${space()},${space()}`)}${space()}]`;
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(
      ([key, inner]) => `${quoted(random, key)}${space()}:${space()}${written(style, inner, key)}`,
    );
    if (random.below(6) === 0) members.push(unknownMember(random));
    return `{${space()}${shuffled(random, members).join(`,${space()}`)}}`;
  }
  if (typeof value !== "string") return JSON.stringify(value);
  if (idNames.has(name)) return JSON.stringify(random.below(2) === 0 ? value.toUpperCase() : value);
  // A 64-bit integer is decimal text, or a number that no double holds.
  const isInteger = /^-?\d+$/.test(value) && !textNames.has(name);
  if (isInteger && value !== "-0" && random.below(2) === 0) return value;
  return quoted(random, value);
};

const shuffled = (random: Random, list: readonly string[]): readonly string[] => {
  const left = [...list];
  return list.map(() => left.splice(random.below(left.length), 1)[0] ?? "");
};

const shown = (json: Uint8Array): string => Buffer.from(json).toString("latin1").slice(0, 4000);

const checker = new MessageCheck();

const fuzz = (encode: Encode, random: Random, cases: number): void => {
  let left = cases;
  while (left > 0) {
    const signal = random.pick(signalNames);
    const { request } = signals[signal];
    const bytes = protoEncode(request, randomMessage(random, request, 3));
    const json = utf8.encode(written(styleOf(random), expectedObject(request, bytes), ""));
    const encoded = encode(json, signal);
    const isSame =
      encoded !== null &&
      isDeepStrictEqual(protoDecode(request, encoded), protoDecode(request, bytes));
    if (!isSame) throw new Error(`otlp-json: ${signal} not as protobufjs has it: ${shown(json)}`);
    for (let i = 0; i < damagesEach; i += 1) {
      const bad = damaged(random, json);
      const result = encode(bad, signal);
      if (result === null) continue;
      const code = checker.check(result, 0, result.length, messageType(request));
      if (code !== scanCode.ok)
        throw new Error(`otlp-json: made a message that is ${scanCodeText(code)}: ${shown(bad)}`);
    }
    left -= 1 + damagesEach;
  }
};

const encoder = new JsonEncoder();
const ours: Encode = (json, signal) => {
  const result = encoder.encode(json, 0, json.length, messageType(signals[signal].request));
  return result.ok ? result.bytes : null;
};

/** Runs the cases. @throws Error with the JSON at the first finding. */
export const run = ({ seed, cases }: FuzzOptions): Promise<void> => {
  fuzz(ours, seeded(seed), cases);
  return Promise.resolve();
};

/** An encoder behind JSON.parse, which rounds integers, must be found out. @throws Error when not. */
export const canary = (): void => {
  const rounding: Encode = (json, signal) => {
    try {
      const text = JSON.stringify(JSON.parse(Buffer.from(json).toString()));
      return ours(utf8.encode(text), signal);
    } catch {
      return null;
    }
  };
  try {
    fuzz(rounding, seeded(1), 2_000);
  } catch {
    return;
  }
  throw new Error("the canary was not caught: an encoder that rounds integers passed");
};
