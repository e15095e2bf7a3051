import { describe, expect, it } from "vitest";

import { MessageCheck } from "../../../schemas/otlp/check-message.ts";
import { defaultLimits, scanCode, scanCodeText } from "../../../schemas/otlp/limits.ts";
import type { Signal } from "../../../schemas/otlp/messages.ts";
import { messageType, signals } from "../../../schemas/otlp/messages.ts";
import { Agreement } from "../../oracles/otlp-agreement.ts";
import type { Plain } from "../../oracles/otlp-proto.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import { damaged, randomMessage } from "../../oracles/otlp-random.ts";
import { runSeed, seeded } from "../../random.ts";

const signalNames = Object.keys(signals) as Signal[];

describe("message check and reader", () => {
  it.each(signalNames)("agree with protobufjs on good and damaged %s", (signal) => {
    const random = seeded(runSeed(`check ${signal}`));
    const agreement = new Agreement();
    const { request } = signals[signal];
    let refused = 0;
    for (let i = 0; i < 1_000; i += 1) {
      const bytes = protoEncode(request, randomMessage(random, request, 2));
      expect(scanCodeText(agreement.assert(signal, bytes))).toBe(scanCodeText(scanCode.ok));
      for (let j = 0; j < 4; j += 1) {
        refused += Math.sign(agreement.assert(signal, damaged(random, bytes)));
      }
    }
    expect(refused).toBeGreaterThan(1_000);
  });
});

const codeOf = (message: Plain, limits = defaultLimits): number => {
  const bytes = protoEncode("AnyValue", message);
  return new MessageCheck(limits).check(bytes, 0, bytes.length, messageType("AnyValue"));
};

const nested = (depth: number): Plain =>
  depth === 1 ? { intValue: 1 } : { arrayValue: { values: [nested(depth - 1)] } };

describe("limits of the message check", () => {
  it("takes values nested as deep as the limit and no deeper", () => {
    const limits = { ...defaultLimits, valueDepthMax: 5 };
    expect(codeOf(nested(5), limits)).toBe(scanCode.ok);
    expect(codeOf(nested(6), limits)).toBe(scanCode.tooDeep);
  });

  it("refuses long keys, large values and long lists by name", () => {
    const list = { kvlistValue: { values: [{ key: "abc" }, { key: "d" }, { key: "e" }] } };
    expect(codeOf(list, { ...defaultLimits, keyBytesMax: 2 })).toBe(scanCode.keyTooLong);
    expect(codeOf(list, { ...defaultLimits, attributesMax: 2 })).toBe(scanCode.tooManyAttributes);
    expect(codeOf({ stringValue: "abcdef" }, { ...defaultLimits, valueBytesMax: 7 })).toBe(
      scanCode.ok,
    );
  });

  it("refuses text that is no UTF-8", () => {
    const check = new MessageCheck();
    const bytes = Uint8Array.of(0x0a, 2, 0xc0, 0x80);
    expect(check.check(bytes, 0, 4, messageType("AnyValue"))).toBe(scanCode.badUtf8);
  });
});
