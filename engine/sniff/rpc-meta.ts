// Reads the meta of a transaction in RPC JSON: status, loaded addresses, inner instructions,
// balances. What wire bytes cannot tell; `weir sniff` alone uses it.
import { decodeBase58 } from "../../schemas/market/base58.ts";
import { type PlainInstruction, unparsed } from "./rpc-parsed.ts";
import { isObject, type JsonObject, RpcShapeError, u64Of } from "./rpc-value.ts";

/** One inner instruction; unknown parts are null. */
export type InnerInstruction = {
  readonly program: string | null;
  readonly accounts: readonly (string | null)[];
  /** null for an instruction that the node has parsed into a form that loses something. */
  readonly data: Uint8Array | null;
};

export type TokenBalance = {
  readonly account: number;
  readonly mint: string;
  readonly owner: string | null;
  readonly amount: bigint;
};

export type RpcMeta = {
  /** The transaction's own status; null when the meta does not tell. */
  readonly failed: boolean | null;
  readonly fee: bigint;
  /** Static keys, then the loaded ones, as instructions count them. */
  readonly keys: readonly string[];
  /** By outer index, in order of execution. */
  readonly inner: ReadonlyMap<number, readonly InnerInstruction[]>;
  readonly preBalances: readonly bigint[];
  readonly postBalances: readonly bigint[];
  readonly preTokens: readonly TokenBalance[];
  readonly postTokens: readonly TokenBalance[];
};

/**
 * `staticKeys` are those of the message, base58; `loadedKeys` those of lookup tables, for a meta that
 * leaves them out (jsonParsed). @throws RpcShapeError for a wrong number.
 */
export const readMeta = (
  meta: JsonObject,
  staticKeys: readonly string[],
  loadedKeys: readonly string[] = [],
): RpcMeta => {
  const { loadedAddresses: loaded } = meta;
  const keys = isObject(loaded)
    ? [...staticKeys, ...texts(loaded["writable"]), ...texts(loaded["readonly"])]
    : [...staticKeys, ...loadedKeys];
  return {
    failed: meta["err"] === undefined ? null : meta["err"] !== null,
    fee: meta["fee"] === undefined ? 0n : u64Of(meta["fee"], "meta.fee"),
    keys,
    inner: readInner(meta["innerInstructions"], keys),
    preBalances: list(meta["preBalances"]).map((value) => u64Of(value, "meta.preBalances")),
    postBalances: list(meta["postBalances"]).map((value) => u64Of(value, "meta.postBalances")),
    preTokens: list(meta["preTokenBalances"]).flatMap(tokenBalance),
    postTokens: list(meta["postTokenBalances"]).flatMap(tokenBalance),
  };
};

// Lists of a meta are null or absent when the node does not record them.
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const texts = (value: unknown): readonly string[] =>
  list(value).filter((text) => typeof text === "string");

const readInner = (
  value: unknown,
  keys: readonly string[],
): ReadonlyMap<number, readonly InnerInstruction[]> => {
  const inner = new Map<number, readonly InnerInstruction[]>();
  for (const group of list(value)) {
    if (!isObject(group) || typeof group["index"] !== "number") continue;
    const instructions = list(group["instructions"]).map((one) => innerInstruction(one, keys));
    inner.set(group["index"], [...(inner.get(group["index"]) ?? []), ...instructions]);
  }
  return inner;
};

const innerInstruction = (value: unknown, keys: readonly string[]): InnerInstruction => {
  if (!isObject(value)) return { program: null, accounts: [], data: null };
  const keyOf = (key: unknown): string | null => {
    if (typeof key === "string") return key;
    return typeof key === "number" ? (keys[key] ?? null) : null;
  };
  const program = keyOf(value["programId"] ?? value["programIdIndex"]);
  const [original] = value["parsed"] === undefined ? [] : originalsOf(value);
  if (original !== undefined) return { program, accounts: original.accounts, data: original.data };
  const { data } = value;
  return {
    program,
    accounts: list(value["accounts"]).map(keyOf),
    data: typeof data === "string" ? decodeBase58(data, innerDataBytesMax) : null,
  };
};

/** None of a form that this does not know: it moves nothing that is looked at. */
const originalsOf = (instruction: JsonObject): readonly PlainInstruction[] => {
  try {
    return unparsed(instruction, "meta inner instruction");
  } catch (error) {
    if (error instanceof RpcShapeError) return [];
    throw error;
  }
};

/** A self-call with a large event is still far below this. */
const innerDataBytesMax = 10_240;

const tokenBalance = (value: unknown): readonly TokenBalance[] => {
  if (!isObject(value) || typeof value["mint"] !== "string") return [];
  const amount = isObject(value["uiTokenAmount"]) ? value["uiTokenAmount"]["amount"] : undefined;
  if (typeof value["accountIndex"] !== "number" || amount === undefined) return [];
  return [
    {
      account: value["accountIndex"],
      mint: value["mint"],
      owner: typeof value["owner"] === "string" ? value["owner"] : null,
      amount: u64Of(amount, "meta token balance amount"),
    },
  ];
};
