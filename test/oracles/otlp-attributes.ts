// The rows of an attribute table as the KeyValues that protobufjs decodes.
import type { AttributeTable } from "../../schemas/otlp/attribute-table.ts";
import { attributeStride, attributeWord, valueType } from "../../schemas/otlp/attribute-table.ts";
import { messageType } from "../../schemas/otlp/messages.ts";
import { decimalOf, hexAt, readMessage, textAt } from "../../schemas/otlp/read-message.ts";
import { varintHigh, varintLow } from "../../schemas/otlp/wire.ts";
import type { Plain } from "./otlp-proto.ts";

type Row = readonly [key: string, type: number, value: unknown];

const names = [
  "",
  "stringValue",
  "boolValue",
  "intValue",
  "doubleValue",
  "arrayValue",
  "kvlistValue",
  "bytesValue",
];

/** From protobufjs' objects; nested values only by the number of their elements. */
export const decodedAttributes = (attributes: readonly Plain[]): Row[] =>
  attributes.map((attribute) => {
    const value = (attribute["value"] ?? {}) as Plain;
    const name = Object.keys(value)[0] ?? "";
    const inner = value[name];
    const isNested = typeof inner === "object" && inner !== null;
    const elements = isNested ? (((inner as Plain)["values"] ?? []) as unknown[]).length : 0;
    return [
      (attribute["key"] as string | undefined) ?? "",
      names.indexOf(name),
      isNested ? elements : inner,
    ];
  });

/** From the table's rows. */
export const tableAttributes = (bytes: Uint8Array, table: AttributeTable): Row[] =>
  Array.from({ length: table.count }, (_, index) => {
    const word = (name: keyof typeof attributeWord): number =>
      table.rows[index * attributeStride + attributeWord[name]] ?? Number.NaN;
    const type = word("valueType");
    const key = textAt(bytes, word("keyStart"), word("keyEnd"));
    return [key, type, valueAt(bytes, type, word("valueStart"), word("valueEnd"))];
  });

const valueAt = (...[bytes, type, start, end]: [Uint8Array, number, number, number]): unknown => {
  if (type === valueType.string) return textAt(bytes, start, end);
  if (type === valueType.bytes) return hexAt(bytes, start, end);
  if (type === valueType.double) {
    return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(start, true);
  }
  const low = type === valueType.bool || type === valueType.int ? varintLow(bytes, start) : 0;
  const high = low !== 0 || type === valueType.int ? varintHigh(bytes, start) : 0;
  if (type === valueType.bool) return (low | varintHigh(bytes, start)) !== 0;
  if (type === valueType.int) return decimalOf(high, low, true);
  if (type === valueType.none) return undefined;
  const list = readMessage(bytes, start, end, messageType(listOf(type)));
  return ((list["values"] ?? []) as unknown[]).length;
};

const listOf = (type: number): "ArrayValue" | "KeyValueList" =>
  type === valueType.array ? "ArrayValue" : "KeyValueList";
