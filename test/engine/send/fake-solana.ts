// A Solana node and its chain, small and strict: knows the methods that sending and looking up tables
// need, refuses unknown fields, counts what it was sent. Blocks come when the test says so.
import { isAddress } from "@solana/kit";

import {
  type LookupTable,
  lookupTableData,
  lookupTableParsed,
  lookupTableProgram,
} from "../../oracles/lookup-table.ts";
import { decodedByKit } from "../../oracles/wire-transaction.ts";
import { errorBodies } from "./error-bodies.ts";
import { fields, JsonRpcServer, Refusal, refuse } from "./json-rpc-server.ts";

const levels = ["processed", "confirmed", "finalized"] as const;
/** Blocks by which a commitment is behind the newest one. */
const behind = { processed: 0, confirmed: 1, finalized: 32 } as const;
type Level = keyof typeof behind;

const levelOf = (value: unknown): Level =>
  levels.find((level) => level === value) ?? refuse(`unknown commitment ${String(value)}`);

const slotOffset = 1_000_000;
const accountsMax = 100;

/** An account that is no lookup table. */
export type OtherAccount = { readonly owner: string; readonly data: Uint8Array };

export class FakeSolana {
  /** Newest block. */
  height = 1000;
  /** Sends of a transaction after which it gets into the next block. */
  landsAfterSends = 1;
  /** Result of the transactions. */
  err: unknown = null;
  /** What getMultipleAccounts finds, by address. */
  readonly accounts = new Map<string, LookupTable | OtherAccount>();
  readonly server: JsonRpcServer;
  readonly #sends = new Map<string, number>();
  readonly #landed = new Map<string, number>();

  constructor() {
    this.server = new JsonRpcServer(
      "/",
      new Map<string, (params: readonly unknown[]) => unknown>([
        ["getLatestBlockhash", (params) => this.#latestBlockhash(params)],
        ["getBlockHeight", (params) => this.#blockHeight(params)],
        ["getSignatureStatuses", (params) => this.#statuses(params)],
        ["sendTransaction", (params) => this.#send(params)],
        ["getMultipleAccounts", (params) => this.#accounts(params)],
        ["simulateTransaction", (params) => this.#simulate(params)],
      ]),
    );
  }

  /** Makes blocks; the first of them takes what was sent often enough. */
  advance(blocks: number): void {
    for (const [signature, sends] of this.#sends) {
      if (sends < this.landsAfterSends || this.#landed.has(signature)) continue;
      this.#landed.set(signature, this.height + 1);
    }
    this.height += blocks;
  }

  sendsOf(signature: string): number {
    return this.#sends.get(signature) ?? 0;
  }

  #context(value: unknown): unknown {
    return { context: { apiVersion: "3.0.6", slot: slotOffset + this.height }, value };
  }

  #latestBlockhash([config, ...rest]: readonly unknown[]): unknown {
    if (rest.length > 0) refuse("too many params");
    levelOf(fields(config, ["commitment", "minContextSlot"])["commitment"]);
    const blockhash = "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N";
    return this.#context({ blockhash, lastValidBlockHeight: this.height + 150 });
  }

  #blockHeight([config, ...rest]: readonly unknown[]): unknown {
    if (rest.length > 0) refuse("too many params");
    const level = levelOf(fields(config, ["commitment", "minContextSlot"])["commitment"]);
    return this.height - behind[level];
  }

  #statuses([signatures, config, ...rest]: readonly unknown[]): unknown {
    if (rest.length > 0 || !Array.isArray(signatures)) return refuse("expected signatures");
    if (signatures.length > 256) refuse("Too many inputs provided; max 256");
    const { searchTransactionHistory } = fields(config, ["searchTransactionHistory"]);
    if (typeof searchTransactionHistory !== "boolean") refuse("searchTransactionHistory");
    return this.#context(signatures.map((signature) => this.#status(String(signature))));
  }

  #status(signature: string): unknown {
    const at = this.#landed.get(signature);
    if (at === undefined || at > this.height) return null;
    const age = this.height - at;
    const reached = levels.filter((level) => age >= behind[level]);
    return {
      slot: slotOffset + at,
      confirmations: age >= behind.finalized ? null : age,
      err: this.err,
      status: this.err === null ? { Ok: null } : { Err: this.err },
      confirmationStatus: reached.at(-1),
    };
  }

  #send([base64, config, ...rest]: readonly unknown[]): unknown {
    if (rest.length > 0) refuse("too many params");
    const known = [
      "encoding",
      "skipPreflight",
      "preflightCommitment",
      "maxRetries",
      "minContextSlot",
    ];
    const { encoding } = fields(config, known);
    if (encoding !== "base64") refuse("encoding");
    const signature = signatureOf(base64);
    this.#sends.set(signature, this.sendsOf(signature) + 1);
    return signature;
  }

  #accounts([keys, config, ...rest]: readonly unknown[]): unknown {
    if (rest.length > 0 || !Array.isArray(keys)) return refuse("expected addresses");
    if (keys.length > accountsMax) refuse(`Too many inputs provided; max ${accountsMax}`);
    const known = ["encoding", "commitment", "dataSlice", "minContextSlot"];
    const { encoding, commitment } = fields(config, known);
    levelOf(commitment);
    if (encoding !== "base64" && encoding !== "jsonParsed") return refuse("encoding");
    return this.#context(keys.map((key) => this.#account(String(key), encoding)));
  }

  #account(key: string, encoding: "base64" | "jsonParsed"): unknown {
    if (!isAddress(key)) return refuse("Invalid param: Invalid");
    const account = this.accounts.get(key);
    if (account === undefined) return null;
    const isTable = "addresses" in account;
    const data = isTable ? lookupTableData(account) : account.data;
    const base64 = [Buffer.from(data).toString("base64"), "base64"];
    return {
      data: isTable && encoding === "jsonParsed" ? lookupTableParsed(account) : base64,
      executable: false,
      lamports: 1_141_440 + data.length * 6960,
      owner: isTable ? lookupTableProgram : account.owner,
      rentEpoch: 2 ** 64,
      space: data.length,
    };
  }

  #simulate([base64, config, ...rest]: readonly unknown[]): unknown {
    if (rest.length > 0) refuse("too many params");
    const known = [
      "encoding",
      "commitment",
      "sigVerify",
      "replaceRecentBlockhash",
      "minContextSlot",
      "innerInstructions",
      "accounts",
    ];
    const options = fields(config, known);
    if (options["encoding"] !== "base64") refuse("encoding");
    levelOf(options["commitment"]);
    if (options["sigVerify"] === true && options["replaceRecentBlockhash"] === true)
      refuse("sigVerify may not be used with replaceRecentBlockhash");
    signatureOf(base64);
    const logs = ["Program 11111111111111111111111111111111 success"];
    return this.#context({ err: this.err, logs, unitsConsumed: 150, returnData: null });
  }
}

const signatureOf = (base64: unknown): string => {
  const bytes = Buffer.from(String(base64), "base64");
  if (bytes.toString("base64") !== base64) throw new Refusal(errorBodies.invalidParams);
  const decoded = decodedByKit(bytes);
  if (decoded === null) throw new Refusal(errorBodies.invalidParams);
  const [first] = Object.values(decoded.transaction.signatures);
  if (first === null || first === undefined) throw new Refusal(errorBodies.signatureVerification);
  return base58Of(first);
};

/** Base58 by long division, apart from ours. */
const base58Of = (bytes: ArrayLike<number>): string => {
  const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  const hex = Buffer.from(Uint8Array.from(bytes)).toString("hex");
  let text = "";
  for (let rest = BigInt(`0x${hex}`); rest > 0n; rest /= 58n)
    text = `${alphabet[Number(rest % 58n)]}${text}`;
  const zeros = /^(00)*/.exec(hex)?.[0].length ?? 0;
  return "1".repeat(zeros / 2) + text;
};
