// The forms that the JSON encoder takes in one step, against its general way: white space alone
// makes the difference, so both must write the same bytes, at every length where they part.
import { describe, expect, it } from "vitest";

import { JsonEncoder } from "../../../schemas/otlp/json-encode.ts";
import type { MessageName, Signal } from "../../../schemas/otlp/messages.ts";
import { messageType, signals } from "../../../schemas/otlp/messages.ts";
import { readMessage } from "../../../schemas/otlp/read-message.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import { randomMessage } from "../../oracles/otlp-random.ts";
import { runSeed, seeded } from "../../random.ts";
import { traceBody } from "../../bench/otlp-body.ts";

const utf8 = new TextEncoder();
const encoder = new JsonEncoder();

/** Hex of the protobuf bytes, or what is wrong without its place in the text. */
const outcome = (type: MessageName, json: string): string => {
  const bytes = utf8.encode(json);
  const result = encoder.encode(bytes, 0, bytes.length, messageType(type));
  return result.ok
    ? Buffer.from(result.bytes).toString("hex")
    : `${result.path}: ${result.message}`;
};

/** The text with a blank before and behind each key and value. */
const spaced = (json: string): string =>
  json.replaceAll(/"(?:[^"\\]|\\.)*"|[^"\s[\]{},:]+|[[\]{},:]/g, (token) => ` ${token}`);

const agree = (type: MessageName, json: string): string => {
  const direct = outcome(type, json);
  expect(direct, json.slice(0, 400)).toBe(outcome(type, spaced(json)));
  return direct;
};

const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 60, 100, 118, 119, 120, 121, 122, 123, 124, 125, 126];
const longer = [127, 128, 129, 130, 131, 132, 133, 255, 256, 257, 5000];

describe("usual forms of OTLP/JSON", () => {
  it("write what the general way writes, for text and keys of every length", () => {
    for (const key of [0, 1, 3, 4, 30, 119, 127, 128, 200]) {
      for (const value of [...lengths, ...longer]) {
        const attribute = { key: "k".repeat(key), value: { stringValue: "v".repeat(value) } };
        const name = "n".repeat(value);
        expect(agree("Span", JSON.stringify({ name, attributes: [attribute] }))).toMatch(
          /^[0-9a-f]+$/,
        );
      }
    }
  });

  it.each(["é", "€", "🙂", '"', "\\", "/", "\u0001", "\u007f", "\ud800"])(
    "write what the general way writes, with %j at any place in a text",
    (odd) => {
      for (let at = 0; at < 12; at += 1) {
        const text = `${"a".repeat(at)}${odd}${"b".repeat(12 - at)}`;
        const attribute = { key: text, value: { stringValue: text } };
        agree("Span", JSON.stringify({ name: text, traceState: "x", attributes: [attribute] }));
        agree("Span", JSON.stringify({ name: text }).replaceAll("\\u0001", "\u0001"));
      }
    },
  );

  it("refuse bytes that are no UTF-8 in a key, a value and a name", () => {
    for (const json of [
      '{"name":"abcX"}',
      '{"attributes":[{"key":"X","value":{"stringValue":"X"}}]}',
    ]) {
      const bytes = utf8.encode(json).map((byte) => (byte === 88 ? 0xff : byte));
      const result = encoder.encode(bytes, 0, bytes.length, messageType("Span"));
      expect(result).toMatchObject({ ok: false, message: "text is no UTF-8" });
    }
  });

  it("write what the general way writes, for numbers of every form", () => {
    const digits = Array.from({ length: 21 }, (_, count) =>
      "1234567890123456789012".slice(0, count),
    );
    const odd = ["0", "00", "01", "007", "-1", "-0", "1e3", "1.0", "1.5", "+1", "", "1x", "x", "-"];
    const edges = [
      "18446744073709551615",
      "9999999999999999999",
      "1000000000000000000",
      "999999999",
    ];
    const times = [
      "1700000000000000000",
      "170000000000000000a",
      "/700000000000000000",
      "17000000:0000000000",
    ];
    for (const number of [...digits, ...odd, ...edges, ...times]) {
      for (const text of [number, `"${number}"`]) {
        for (const name of ["kind", "flags", "startTimeUnixNano", "droppedLinksCount"])
          for (const end of ["}", ',"name":"n"}', "]"]) agree("Span", `{"${name}":${text}${end}`);
        for (const name of ["intValue", "boolValue", "doubleValue", "stringValue"])
          agree("Span", `{"attributes":[{"key":"k","value":{"${name}":${text}}}]}`);
      }
    }
  });

  it("write what the general way writes, for ids of every length and character", () => {
    for (let length = 0; length <= 34; length += 1)
      agree(
        "Span",
        `{"traceId":"${"aB".repeat(17).slice(0, length)}","spanId":"${"0".repeat(length)}"}`,
      );
    for (let byte = 32; byte < 127; byte += 1) {
      const text = JSON.stringify(String.fromCharCode(byte)).slice(1, -1);
      agree("Span", `{"spanId":"00000${text}0000000000"}`);
    }
  });

  it.each(Object.keys(signals) as Signal[])("agree on random %s, keys in any order", (signal) => {
    const random = seeded(runSeed(`usual ${signal}`));
    const { request } = signals[signal];
    for (let i = 0; i < 200; i += 1) {
      const bytes = protoEncode(request, randomMessage(random, request, 4));
      const object = readMessage(bytes, 0, bytes.length, messageType(request));
      const turned = JSON.stringify(object, (_key, value: unknown) =>
        typeof value === "object" &&
        value !== null &&
        !Array.isArray(value) &&
        random.below(3) === 0
          ? Object.fromEntries(Object.entries(value).toReversed())
          : value,
      );
      agree(request, turned);
    }
  });

  it("are refused at every place where the text may end, though more stands behind", () => {
    const body = traceBody(seeded(3), 3);
    const { request } = signals.traces;
    const type = messageType(request);
    const json = utf8.encode(JSON.stringify(readMessage(body, 0, body.length, type)));
    for (let end = 0; end < json.length; end += 1) {
      const result = encoder.encode(json, 0, end, type);
      expect(result.ok, `end=${end}`).toBe(false);
      expect(result).toEqual(encoder.encode(json.slice(0, end), 0, end, type));
    }
    expect(encoder.encode(json, 0, json.length, type)).toEqual({ ok: true, bytes: body });
  });

  it("stand anywhere in a buffer of others", () => {
    const text = '{"name":"abc","attributes":[{"key":"k","value":{"intValue":"7"}}]}';
    for (let before = 0; before < 5; before += 1) {
      const around = utf8.encode(`${"x".repeat(before)}${text}`);
      const part = around.subarray(before);
      const result = encoder.encode(part, 0, part.length, messageType("Span"));
      expect(result.ok && Buffer.from(result.bytes).toString("hex")).toBe(outcome("Span", text));
    }
  });

  it("are lent without a copy until the next call", () => {
    const bytes = utf8.encode('{"stringValue":"abc"}');
    const lent = encoder.encodeLent(bytes, 0, bytes.length, messageType("AnyValue"));
    const kept = encoder.encode(bytes, 0, bytes.length, messageType("AnyValue"));
    if (!lent.ok || !kept.ok) throw new Error("refused");
    expect(lent.bytes).toEqual(kept.bytes);
    encoder.encode(utf8.encode('{"stringValue":"xyz"}'), 0, bytes.length, messageType("AnyValue"));
    expect(lent.bytes).not.toEqual(kept.bytes);
  });
});
