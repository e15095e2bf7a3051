// Checker, reader and scanner against protobufjs on the same bytes, good or damaged: what the test
// and the fuzzer assert. The bytes lie inside others that must not be read.
import { isDeepStrictEqual } from "node:util";

import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import { scanCode, scanCodeText } from "../../schemas/otlp/limits.ts";
import type { Signal } from "../../schemas/otlp/messages.ts";
import { messageType, signals } from "../../schemas/otlp/messages.ts";
import { readMessage } from "../../schemas/otlp/read-message.ts";
import type { SignalScan } from "../../schemas/otlp/signal-scan.ts";
import {
  createLogScan,
  createMetricScan,
  createTraceScan,
} from "../../schemas/otlp/signal-scan.ts";
import { decodedRows, scannedRows } from "./otlp-columns.ts";
import { protoDecode, protoType } from "./otlp-proto.ts";

/** What we refuse and protobufjs takes, on purpose. */
const stricter: ReadonlySet<number> = new Set([
  scanCode.badIdLength,
  scanCode.badUtf8,
  scanCode.badWireType,
  scanCode.repeatedMessage,
]);

/** Ten bytes in a row that say that more follow: protobufjs passes over any number of them. */
const hasLongVarint = (bytes: Uint8Array): boolean =>
  /[\x80-\xff]{10}/.test(Buffer.from(bytes).toString("latin1"));

const isStricter = (code: number, bytes: Uint8Array): boolean =>
  stricter.has(code) || (code === scanCode.varintTooLong && hasLongVarint(bytes));

const base64Names = new Set(["bytesValue"]);

const jsonNumber = (value: number): number | string =>
  Number.isFinite(value) && !Object.is(value, -0)
    ? value
    : Object.is(value, -0)
      ? "-0"
      : `${value}`;

/** protobufjs' object in the notation of OTLP/JSON. */
const notation = (value: unknown, name: string): unknown => {
  if (typeof value === "number") return jsonNumber(value);
  if (typeof value === "string" && base64Names.has(name)) {
    return Buffer.from(value, "hex").toString("base64");
  }
  if (Array.isArray(value)) return value.map((one) => notation(one, name));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, notation(inner, key)]),
  );
};

/** What `readMessage` should say. */
export const expectedObject = (type: string, bytes: Uint8Array): unknown =>
  notation(protoDecode(type, bytes), "");

const accepts = (type: string, bytes: Uint8Array): boolean => {
  try {
    protoType(type).decode(bytes);
    return true;
  } catch {
    return false;
  }
};

const fail = (what: string, bytes: Uint8Array): never => {
  throw new Error(`${what}; request in hex: ${Buffer.from(bytes).toString("hex")}`);
};

/** What is compared with protobufjs: the product's check, or a broken one that must be found out. */
export type Checker = Pick<MessageCheck, "check" | "errorAt">;

/** One of each, reused over all requests, as the product reuses them. */
export class Agreement {
  readonly check: Checker;
  readonly scans: { readonly [signal in Signal]: SignalScan } = {
    traces: createTraceScan(),
    metrics: createMetricScan(),
    logs: createLogScan(),
  };

  constructor(check: Checker = new MessageCheck()) {
    this.check = check;
  }

  /** @throws Error when two readers of the same bytes disagree. */
  assert(signal: Signal, bytes: Uint8Array): number {
    const { request } = signals[signal];
    const type = messageType(request);
    const inside = new Uint8Array(bytes.length + 16).fill(0x0a);
    inside.set(bytes, 5);
    const code = this.check.check(inside, 5, 5 + bytes.length, type);
    this.#sameAnywhere(signal, bytes, inside, code);
    const isTaken = accepts(request, bytes);
    if (code !== scanCode.ok) {
      if (isTaken && !isStricter(code, bytes)) fail(`refused: ${scanCodeText(code)}`, bytes);
      return code;
    }
    if (!isTaken) fail("taken, but protobufjs refuses it", bytes);
    const found = readMessage(inside, 5, 5 + bytes.length, type);
    const expected = expectedObject(request, bytes);
    if (!isDeepStrictEqual(found, expected)) {
      fail(`read ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`, bytes);
    }
    this.#sameRows(signal, bytes);
    return code;
  }

  /** What surrounds the bytes does not matter. */
  #sameAnywhere(signal: Signal, bytes: Uint8Array, inside: Uint8Array, code: number): void {
    const type = messageType(signals[signal].request);
    const errorAt = this.check.errorAt - 5;
    const scan = this.scans[signal];
    const scanned = scan.scan(inside, 5, 5 + bytes.length);
    const scannedAt = scan.errorAt - 5;
    const count = scan.count;
    if (this.check.check(bytes, 0, bytes.length, type) !== code) fail("read outside", bytes);
    if (this.check.errorAt !== errorAt && code !== 0) fail("read outside", bytes);
    if (scan.scan(bytes, 0, bytes.length) !== scanned) fail("scan read outside", bytes);
    if (scanned !== 0 && scan.errorAt !== scannedAt) fail("scan read outside", bytes);
    if (scan.count !== count) fail("scan read outside", bytes);
  }

  #sameRows(signal: Signal, bytes: Uint8Array): void {
    const scan = this.scans[signal];
    const code = scan.scan(bytes, 0, bytes.length);
    // A metric with two kinds of data: the checker need not know, the scanner refuses.
    if (code === scanCode.repeatedMessage && signal === "metrics") return;
    if (code !== scanCode.ok) fail(`scan refused: ${scanCodeText(code)}`, bytes);
    const found = scannedRows(signal, scan);
    const expected = decodedRows(signal, protoDecode(signals[signal].request, bytes));
    if (!isDeepStrictEqual(found, expected)) {
      fail(`rows ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`, bytes);
    }
  }
}
