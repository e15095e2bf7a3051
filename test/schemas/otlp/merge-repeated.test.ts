// Requests whose messages were cut in two, as protobuf allows, against those that they were.
import { describe, expect, it } from "vitest";

import { MessageCheck } from "../../../schemas/otlp/check-message.ts";
import { scanCode, scanCodeText } from "../../../schemas/otlp/limits.ts";
import { mergeRepeated } from "../../../schemas/otlp/merge-repeated.ts";
import {
  type MessageName,
  type MessageType,
  messageType,
  type Signal,
  signals,
} from "../../../schemas/otlp/messages.ts";
import { skipValue, tagSize, varintLow } from "../../../schemas/otlp/wire.ts";
import { type Plain, protoDecode, protoEncode } from "../../oracles/otlp-proto.ts";
import { damaged, randomMessage } from "../../oracles/otlp-random.ts";
import { type Random, runSeed, seeded } from "../../random.ts";

const signalNames = Object.keys(signals) as Signal[];

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];

const delimited = (tag: number, contents: readonly number[]): number[] => [
  ...varint(tag),
  ...varint(contents.length),
  ...contents,
];

/** The fields of a message, nested ones cut. */
const cutFields = (bytes: Uint8Array, type: MessageType, random: Random): number[][] => {
  const fields: number[][] = [];
  let next: number;
  for (let at = 0; at < bytes.length; at = next) {
    const tagEnd = at + tagSize(bytes, at, bytes.length);
    const tag = varintLow(bytes, at);
    next = skipValue(bytes, tagEnd, bytes.length, tag & 7);
    const field = type.byTag[tag];
    if (field === undefined || field.type === null) {
      fields.push([...bytes.subarray(at, next)]);
      continue;
    }
    const length = varintLow(bytes, tagEnd);
    const inner = cutFields(bytes.subarray(next - length, next), field.type, random);
    const first = field.repeated ? inner.length : random.below(inner.length + 1);
    fields.push(delimited(tag, inner.slice(0, first).flat()));
    if (first < inner.length) fields.push(delimited(tag, inner.slice(first).flat()));
  }
  return fields;
};

const cut = (bytes: Uint8Array, name: MessageName, random: Random): Uint8Array =>
  Uint8Array.from(cutFields(bytes, messageType(name), random).flat());

const codeOf = (bytes: Uint8Array, name: MessageName): number =>
  new MessageCheck().check(bytes, 0, bytes.length, messageType(name));

/** Two appearances of a field in one message. */
const twice = (name: MessageName, first: Plain, second: Plain): unknown => {
  const bytes = [...protoEncode(name, first), ...protoEncode(name, second)];
  const merged = mergeRepeated(Uint8Array.from(bytes), messageType(name));
  return merged === null ? null : protoDecode(name, merged);
};

describe("messages that appear more than once where they may appear once", () => {
  it.each(signalNames)("become the one that they are parts of in any %s request", (signal) => {
    const random = seeded(runSeed(`merge ${signal}`));
    const { request } = signals[signal];
    let refused = 0;
    for (let i = 0; i < 1000; i += 1) {
      const whole = protoEncode(request, randomMessage(random, request, 2));
      const parts = cut(whole, request, random);
      const merged = mergeRepeated(parts, messageType(request));
      if (codeOf(parts, request) === scanCode.repeatedMessage) refused += 1;
      if (merged === null) {
        expect(parts).toEqual(whole);
        continue;
      }
      expect(scanCodeText(codeOf(merged, request))).toBe(scanCodeText(scanCode.ok));
      expect(protoDecode(request, merged)).toEqual(protoDecode(request, whole));
    }
    expect(refused).toBeGreaterThan(100);
  });

  it("join their lists and take the last of each number and text", () => {
    const first = { body: { kvlistValue: { values: [{ key: "a" }] } }, severityText: "old" };
    const second = { body: { kvlistValue: { values: [{ key: "b" }] } }, severityText: "new" };
    expect(twice("LogRecord", first, second)).toEqual({
      body: { kvlistValue: { values: [{ key: "a" }, { key: "b" }] } },
      severityText: "new",
    });
  });

  it("give way to a later member of the same oneof, with what they held", () => {
    const list = { arrayValue: { values: [{ intValue: 1 }] } };
    expect(twice("KeyValue", { value: list }, { value: { stringValue: "x" } })).toEqual({
      value: { stringValue: "x" },
    });
    const gauge = { gauge: { dataPoints: [{ asInt: 1 }] } };
    const sum = { sum: { dataPoints: [{ asInt: 2 }] } };
    expect(twice("Metric", gauge, sum)).toEqual({ sum: { dataPoints: [{ asInt: "2" }] } });
  });

  it.each(signalNames)("are not looked for in malformed %s, and never outside", (signal) => {
    const random = seeded(runSeed(`merge damaged ${signal}`));
    const { request } = signals[signal];
    for (let i = 0; i < 2000; i += 1) {
      const bytes = damaged(random, protoEncode(request, randomMessage(random, request, 2)));
      const merged = mergeRepeated(bytes, messageType(request));
      if (merged !== null) expect(merged.length).toBeLessThan(bytes.length);
    }
  });

  it("takes time in proportion to a request that consists of nothing else", () => {
    const scopes = Array.from({ length: 200_000 }, () => [0x0a, 0]).flat();
    const merged = mergeRepeated(Uint8Array.from(scopes), messageType("ScopeSpans"));
    expect(merged).toEqual(Uint8Array.of(0x0a, 0));
    const values = Array.from({ length: 100_000 }, () => [0x2a, 0, 0x0a, 0]).flat();
    expect(mergeRepeated(Uint8Array.from(values), messageType("AnyValue"))).toHaveLength(200_000);
  });

  it("refuses nesting beyond any limit instead of the stack", () => {
    let bytes: number[] = [0x2a, 0, 0x2a, 0];
    for (let depth = 0; depth < 2000; depth += 1) bytes = delimited(0x2a, delimited(0x0a, bytes));
    expect(mergeRepeated(Uint8Array.from(bytes), messageType("AnyValue"))).toBeNull();
  });
});
