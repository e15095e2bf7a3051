import { describe, expect, it } from "vitest";

import { AttributeTable, valueType } from "../../../schemas/otlp/attribute-table.ts";
import { defaultLimits, scanCode } from "../../../schemas/otlp/limits.ts";
import { messageType } from "../../../schemas/otlp/messages.ts";
import { MessageCheck } from "../../../schemas/otlp/check-message.ts";
import { decodedAttributes, tableAttributes } from "../../oracles/otlp-attributes.ts";
import type { Plain } from "../../oracles/otlp-proto.ts";
import { protoDecode, protoEncode } from "../../oracles/otlp-proto.ts";
import { damaged, randomMessage } from "../../oracles/otlp-random.ts";
import { runSeed, seeded } from "../../random.ts";

const resourceTag = 0x0a;

describe("attribute table", () => {
  it("reads keys, types and values as protobufjs does, from good and damaged lists", () => {
    const random = seeded(runSeed("attributes"));
    const table = new AttributeTable();
    const check = new MessageCheck();
    let attributes = 0;
    for (let i = 0; i < 4_000; i += 1) {
      const good = protoEncode("Resource", randomMessage(random, "Resource"));
      for (const bytes of [good, damaged(random, good), damaged(random, good)]) {
        const inside = new Uint8Array(bytes.length + 8).fill(0x0a);
        inside.set(bytes, 3);
        const code = table.read(inside, 3, 3 + bytes.length, resourceTag);
        const checked = check.check(bytes, 0, bytes.length, messageType("Resource"));
        // The checker also looks at text and into nested values, and takes no member twice.
        if (checked !== scanCode.ok) continue;
        expect(code).toBe(scanCode.ok);
        const plain = protoDecode("Resource", bytes);
        const expected = decodedAttributes((plain["attributes"] ?? []) as Plain[]);
        expect(tableAttributes(inside, table)).toEqual(expected);
        attributes += expected.length;
      }
    }
    expect(attributes).toBeGreaterThan(2_000);
  });

  it("finds the last attribute with a key", () => {
    const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
    const attributes = [text("a", "1"), text("service.name", "x"), text("service.name", "y")];
    const bytes = protoEncode("Resource", { attributes });
    const table = new AttributeTable();
    expect(table.read(bytes, 0, bytes.length, resourceTag)).toBe(scanCode.ok);
    const found = table.find(new TextEncoder().encode("service.name"));
    expect(found).toBe(2);
    expect(table.isText(found)).toBe(true);
    expect(bytes[table.valueStart(found)]).toBe("y".charCodeAt(0));
    expect(table.find(new TextEncoder().encode("b"))).toBe(-1);
  });

  it("grows with the list and names its limits", () => {
    const attributes = Array.from({ length: 200 }, (_, i) => ({
      key: `key-${i}`,
      value: { stringValue: "x".repeat(i) },
    }));
    const bytes = protoEncode("Resource", { attributes });
    const codeOf = (limits: object): number => {
      const table = new AttributeTable({ ...defaultLimits, ...limits });
      return table.read(bytes, 0, bytes.length, resourceTag);
    };
    expect(codeOf({})).toBe(scanCode.ok);
    expect(codeOf({ attributesMax: 199 })).toBe(scanCode.tooManyAttributes);
    expect(codeOf({ keyBytesMax: 5 })).toBe(scanCode.keyTooLong);
    expect(codeOf({ valueBytesMax: 100 })).toBe(scanCode.valueTooLong);
  });

  it("takes the last member of a value and refuses a second value", () => {
    const table = new AttributeTable();
    const twoMembers = Uint8Array.of(0x0a, 8, 0x12, 6, 0x10, 1, 0x0a, 2, 65, 66);
    expect(table.read(twoMembers, 0, twoMembers.length, resourceTag)).toBe(scanCode.ok);
    expect([...table.rows.subarray(0, 5)]).toEqual([0, 0, valueType.string, 8, 10]);
    const twoValues = Uint8Array.of(0x0a, 8, 0x12, 2, 0x10, 1, 0x12, 2, 0x10, 0);
    expect(table.read(twoValues, 0, twoValues.length, resourceTag)).toBe(scanCode.repeatedMessage);
  });
});
