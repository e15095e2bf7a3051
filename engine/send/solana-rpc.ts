// The methods of a Solana node that sending and looking up tables need, with their answers checked: a
// field that is missing or of another type is a failure, not an undefined that travels on.
import { isObject, type JsonRpc, type RpcValue } from "./json-rpc.ts";

/** How sure a node is of what it tells. */
export type Commitment = "processed" | "confirmed" | "finalized";

/** A blockhash and the last height of a block that may hold a transaction with it. */
export type Blockhash = { readonly blockhash: string; readonly lastValidBlockHeight: number };

/** Where a transaction stands; `err` is null for one that succeeded. */
export type SignatureStatus = {
  readonly slot: number;
  readonly err: unknown;
  readonly confirmationStatus: Commitment;
};

/** `err` null: it would succeed. `unitsConsumed` null: the node does not tell. */
export type Simulation = {
  readonly err: unknown;
  readonly logs: readonly string[];
  readonly unitsConsumed: number | null;
};

/** An account with its bytes. */
export type RpcAccount = { readonly owner: string; readonly data: Uint8Array };

/** Accounts that a node looks up in one request. */
export const accountsPerRequestMax = 100;

const commitments: ReadonlySet<unknown> = new Set(["processed", "confirmed", "finalized"]);
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

const valueOf = (result: unknown): Record<string, unknown> | null =>
  isObject(result) && isObject(result["value"]) ? result["value"] : null;

const readBlockhash = (result: unknown): Blockhash | null => {
  const value = valueOf(result);
  const blockhash = value?.["blockhash"];
  const height = value?.["lastValidBlockHeight"];
  if (typeof blockhash !== "string" || !isCount(height)) return null;
  return { blockhash, lastValidBlockHeight: height };
};

const readStatus = (result: unknown): { readonly status: SignatureStatus | null } | null => {
  const list: unknown = isObject(result) ? result["value"] : null;
  if (!Array.isArray(list) || list.length !== 1) return null;
  const first: unknown = list[0];
  if (first === null) return { status: null };
  if (!isObject(first) || !("err" in first) || !isCount(first["slot"])) return null;
  // Nodes of before 1.4 leave the status out; a rooted transaction then has null confirmations.
  if (!commitments.has(first["confirmationStatus"])) return null;
  const confirmationStatus = first["confirmationStatus"] as Commitment;
  return { status: { slot: first["slot"], err: first["err"], confirmationStatus } };
};

const readSimulation = (result: unknown): Simulation | null => {
  const value = valueOf(result);
  if (value === null || !("err" in value)) return null;
  const logs: unknown = value["logs"] ?? [];
  if (!Array.isArray(logs) || !logs.every((line) => typeof line === "string")) return null;
  const units = value["unitsConsumed"] ?? null;
  if (units !== null && !isCount(units)) return null;
  return { err: value["err"], logs, unitsConsumed: units };
};

const readAccount = (value: unknown): RpcAccount | null | undefined => {
  if (value === null) return null;
  if (!isObject(value) || typeof value["owner"] !== "string") return undefined;
  const data: unknown = value["data"];
  if (!Array.isArray(data) || data.length !== 2 || data[1] !== "base64") return undefined;
  const text: unknown = data[0];
  if (typeof text !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return { owner: value["owner"], data: new Uint8Array(Buffer.from(text, "base64")) };
};

const readAccounts =
  (count: number) =>
  (result: unknown): readonly (RpcAccount | null)[] | null => {
    const list: unknown = isObject(result) ? result["value"] : null;
    if (!Array.isArray(list) || list.length !== count) return null;
    const accounts = list.map(readAccount);
    return accounts.every((account) => account !== undefined) ? accounts : null;
  };

/** Requests to one node; none is repeated here. */
export class SolanaRpc {
  readonly #rpc: JsonRpc;

  constructor(rpc: JsonRpc) {
    this.#rpc = rpc;
  }

  /** Always of commitment "confirmed": a processed one can be of a fork that is given up. */
  async latestBlockhash(): Promise<RpcValue<Blockhash>> {
    return this.#rpc.ask("getLatestBlockhash", [{ commitment: "confirmed" }], readBlockhash);
  }

  async blockHeight(commitment: Commitment): Promise<RpcValue<number>> {
    const read = (result: unknown): number | null => (isCount(result) ? result : null);
    return this.#rpc.ask("getBlockHeight", [{ commitment }], read);
  }

  /** Null: the node does not know it. */
  async status(signature: string): Promise<RpcValue<{ readonly status: SignatureStatus | null }>> {
    const params = [[signature], { searchTransactionHistory: true }];
    return this.#rpc.ask("getSignatureStatuses", params, readStatus);
  }

  /** The signature. The node neither checks it first nor repeats it: both is done here. */
  async sendTransaction(base64: string): Promise<RpcValue<string>> {
    const options = { encoding: "base64", skipPreflight: true, maxRetries: 0 };
    const read = (result: unknown): string | null => (typeof result === "string" ? result : null);
    return this.#rpc.ask("sendTransaction", [base64, options], read);
  }

  /**
   * Either the signatures are verified, or the blockhash is replaced by a recent one: a node refuses
   * both together.
   */
  async simulate(base64: string, replacesBlockhash: boolean): Promise<RpcValue<Simulation>> {
    const check = replacesBlockhash ? { replaceRecentBlockhash: true } : { sigVerify: true };
    const options = { encoding: "base64", commitment: "confirmed", ...check };
    return this.#rpc.ask("simulateTransaction", [base64, options], readSimulation);
  }

  /** In the order of `addresses`, of which there are 1 to 100; null for one that does not exist. */
  async accounts(
    addresses: readonly string[],
    commitment: Commitment,
  ): Promise<RpcValue<readonly (RpcAccount | null)[]>> {
    const params = [addresses, { encoding: "base64", commitment }];
    return this.#rpc.ask("getMultipleAccounts", params, readAccounts(addresses.length));
  }
}
