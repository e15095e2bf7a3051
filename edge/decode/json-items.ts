// JSON bodies of the market endpoints, item by item: the body's bytes are walked once, and only one
// item at a time becomes objects. JSON.parse of the whole takes ten times the bytes of the body and
// more, which an isolate does not have. Values inside the items are for the caller to judge.
import { JsonScanner, mark } from "../../schemas/otlp/json-scanner.ts";
import { type Refusal, isRefusal, refuse } from "../errors.ts";
import { fixedLimits } from "../limits.ts";

/** A parsed object whose values nobody has judged yet. */
export type JsonObject = { readonly [key: string]: unknown };

/** What is read of a body: one list, and some texts beside it. */
export type JsonItemsShape = {
  readonly list: string;
  readonly texts: readonly string[];
  /** Items that are taken; more refuse the request. */
  readonly itemsMax: number;
};

/** Where the items stand; texts that are absent are undefined. */
export type JsonItems = {
  readonly texts: { readonly [name: string]: string | undefined };
  /** Pairs of offsets: start and end of each item. */
  readonly ranges: readonly number[];
};

const { jsonItemBytesMax } = fixedLimits;
const textBytesMax = 1024;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** True for an object that is no array. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const malformed = (message: string, field = "body"): Refusal =>
  refuse("malformed", message, { field });

const faultOf = ({ fault, faultAt }: JsonScanner): Refusal =>
  malformed(`body: ${fault}, at byte ${faultAt}`);

/** The text that the scanner stands before, or what it is instead. */
const textOf = (scanner: JsonScanner, name: string): string | undefined | Refusal => {
  if (scanner.tryWord("null")) return undefined;
  const start = scanner.at;
  if (scanner.peek() !== mark.quote) return malformed(`${name}: expected a string`, name);
  if (!scanner.string()) return faultOf(scanner);
  const bytes = scanner.bytes.subarray(start, scanner.at);
  if (bytes.byteLength > textBytesMax)
    return malformed(`${name}: expected at most ${textBytesMax} bytes`, name);
  const text = parseItem(bytes);
  return typeof text === "string" ? text : malformed(`${name}: expected a string`, name);
};

/** Ranges of the list that the scanner stands before. */
const rangesOf = (scanner: JsonScanner, shape: JsonItemsShape): number[] | Refusal => {
  const { list, itemsMax } = shape;
  if (!scanner.tryTake(mark.openList)) return malformed(`${list}: expected an array`, list);
  const ranges: number[] = [];
  if (scanner.tryTake(mark.closeList)) return ranges;
  do {
    scanner.peek();
    const start = scanner.at;
    if (!scanner.skip(1)) return faultOf(scanner);
    if (ranges.length >= 2 * itemsMax)
      return refuse("body-too-large", `${list}: more than REQUEST_ITEMS_MAX=${itemsMax} items`);
    ranges.push(start, scanner.at);
  } while (scanner.tryNext(mark.closeList));
  return scanner.fault === "" ? ranges : faultOf(scanner);
};

/** Finds list and texts in the object that the body holds; of a repeated name the last counts. */
export const jsonItems = (body: Uint8Array, shape: JsonItemsShape): JsonItems | Refusal => {
  const scanner = new JsonScanner();
  scanner.open(body, 0, body.byteLength);
  const texts: { [name: string]: string | undefined } = {};
  let ranges: number[] | undefined;
  if (scanner.peek() !== mark.openObject) return malformed("body: expected a JSON object");
  scanner.at += 1;
  if (!scanner.tryTake(mark.closeObject)) {
    do {
      // Any writer of JSON may put an escape into a name.
      if (!scanner.string() || !scanner.plainToken()) return faultOf(scanner);
      const name = scanner.text();
      if (!scanner.take(mark.colon)) return faultOf(scanner);
      scanner.peek();
      if (name === shape.list) {
        const found = rangesOf(scanner, shape);
        if (isRefusal(found)) return found;
        ranges = found;
      } else if (shape.texts.includes(name)) {
        const text = textOf(scanner, name);
        if (isRefusal(text)) return text;
        texts[name] = text;
      } else if (!scanner.skip(1)) return faultOf(scanner);
    } while (scanner.tryNext(mark.closeObject));
  }
  if (scanner.fault !== "") return faultOf(scanner);
  if (scanner.peek() >= 0) return malformed("body: more text after the object");
  if (ranges === undefined) return malformed(`${shape.list}: expected an array`, shape.list);
  return { texts, ranges };
};

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** The item's value, by way of JSON.parse's reviver; undefined when its bytes are no UTF-8 or no JSON. */
export const parseItem = (bytes: Uint8Array, reviver?: Reviver): unknown => {
  try {
    return JSON.parse(utf8.decode(bytes), reviver);
  } catch {
    return undefined;
  }
};

/** Why an item is not even parsed, or null. */
export const itemFault = (bytes: number): string | null =>
  bytes > jsonItemBytesMax
    ? `item of ${bytes} bytes, limit jsonItemBytesMax=${jsonItemBytesMax}`
    : null;
