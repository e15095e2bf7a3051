// Finds the transactions in a JSON document of Solana RPC: a getTransaction or getBlock result,
// bare or inside {"result": ...}, or an array of such documents or of a block's transactions.
import { arrayOf, isObject, type JsonObject, RpcShapeError, u64Of, wrong } from "./rpc-value.ts";

/** One transaction as it stands in the document. */
export type RpcEntry = {
  /** `transaction` of the result: an object, [text, encoding], or text. */
  readonly transaction: unknown;
  readonly meta: JsonObject | null;
  /** "legacy", 0, ...; undefined when the document does not tell. */
  readonly version: unknown;
  /** Decimal digits, or null. */
  readonly slot: string | null;
  readonly index: number | null;
  /** Place in the document for messages, as "transactions[3]"; "" for the whole document. */
  readonly where: string;
};

/** What a document may be; `null` accepts both. */
export type RpcFormat = "getTransaction" | "getBlock" | null;

/** The entries of one document; a wrong shape is thrown as RpcShapeError when it is reached. */
export function* rpcEntries(document: unknown, format: RpcFormat): Generator<RpcEntry> {
  if (!Array.isArray(document)) {
    yield* entriesOf(document, format, "");
    return;
  }
  for (const [i, element] of document.entries()) yield* entriesOf(element, format, `[${i}]`);
}

function* entriesOf(value: unknown, format: RpcFormat, where: string): Generator<RpcEntry> {
  const result = resultOf(value);
  if (format !== "getTransaction" && result["transactions"] !== undefined) {
    yield* blockEntries(result, where);
    return;
  }
  if (result["transaction"] !== undefined) {
    yield {
      ...entry(result, where),
      slot: slotOf(result),
      index: indexOf(result["transactionIndex"]),
    };
    return;
  }
  // A transaction without anything around it.
  if (isObject(result["message"]) && result["signatures"] !== undefined) {
    yield { transaction: result, meta: null, version: undefined, slot: null, index: null, where };
    return;
  }
  throw new RpcShapeError(unknownShape(result, format));
}

function* blockEntries(block: JsonObject, where: string): Generator<RpcEntry> {
  const prefix = where === "" ? "" : `${where}.`;
  const transactions = arrayOf(block["transactions"], `${prefix}transactions`);
  const slot = slotOf(block);
  for (const [index, value] of transactions.entries()) {
    const place = `${prefix}transactions[${index}]`;
    if (!isObject(value)) throw wrong(place, "an object", value);
    yield { ...entry(value, place), slot, index };
  }
}

const entry = (value: JsonObject, where: string) => ({
  transaction: value["transaction"],
  meta: isObject(value["meta"]) ? value["meta"] : null,
  version: value["version"],
  where,
});

const resultOf = (value: unknown): JsonObject => {
  if (!isObject(value)) throw wrong("document", "an object", value);
  if (value["error"] !== undefined && value["result"] === undefined) {
    throw wrong("document", "a result", { error: value["error"] });
  }
  if (!("result" in value)) return value;
  if (isObject(value["result"])) return value["result"];
  throw wrong("result", "an object (null means that the node does not know it)", value["result"]);
};

const slotOf = (value: JsonObject): string | null =>
  value["slot"] === undefined || value["slot"] === null
    ? null
    : u64Of(value["slot"], "slot").toString();

const indexOf = (value: unknown): number | null =>
  typeof value === "number" && Number.isInteger(value) ? value : null;

const unknownShape = (value: JsonObject, format: RpcFormat): string => {
  const keys = Object.keys(value).join(", ");
  const what = shapes.find(({ has }) => has.every((key) => key in value))?.what ?? "no transaction";
  return `expected a ${format ?? "getTransaction or getBlock"} result, found ${what} (keys ${keys})`;
};

const shapes = [
  { has: ["accounts", "data", "program_id"], what: "a single instruction without a transaction" },
  { has: ["fee", "preBalances"], what: "the meta of a transaction without the transaction" },
  { has: ["signatures"], what: "signatures without transactions" },
] as const;
