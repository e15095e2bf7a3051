// Pays the tips of bundles: makes and signs one small transaction for each, which is put last. It
// takes the blockhash of a transaction of the same bundle, so that it is valid as long as that one
// and no node has to be asked. The key is read once and leaves this object only as signatures.
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

import { decodeBase58, decodeKey, encodeBase58 } from "../../schemas/market/base58.ts";
import { TransactionView } from "../../schemas/market/transaction.ts";
import {
  keyBytes,
  signatureBytes,
  transactionCode,
} from "../../schemas/market/transaction-layout.ts";
import { hasDurableNonce } from "../send/durable-nonce.ts";
import { tipInstruction } from "../send/jito-tip.ts";
import { type Secret, SecretError } from "../send/secret.ts";

const seedBytes = 32;
const pairBytes = 64;
/** Of an Ed25519 private key in DER (RFC 8410), in front of its seed. */
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");
const systemProgram = new Uint8Array(keyBytes);
const blockhashBytes = 32;
/** Tips of one blockhash differ by up to so many lamports. */
const distinctTips = 1000;

export type TipPayerOptions = {
  readonly key: KeyObject;
  /** Of the key, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly lamports: number;
  /** In [0, 1): picks the tip account. */
  readonly random: () => number;
};

export class TipPayer {
  readonly #options: TipPayerOptions;
  readonly #payer: string;
  #tips = 0;

  constructor(options: TipPayerOptions) {
    this.#options = options;
    this.#payer = encodeBase58(options.publicKey);
  }

  /** The signed tip of a bundle of these; null when none of them has a blockhash to share. */
  tip(transactions: readonly Uint8Array[]): Uint8Array<ArrayBuffer> | null {
    const blockhash = transactions.map(blockhashOf).findLast((found) => found !== null);
    if (blockhash === undefined || blockhash === null) return null;
    const { key, publicKey, lamports, random } = this.#options;
    // Two tips that are alike in everything would be one transaction, which can run only once.
    const distinct = this.#tips % distinctTips;
    this.#tips += 1;
    const { accounts, data } = tipInstruction({
      payer: this.#payer,
      lamports: BigInt(lamports + distinct),
      random: random(),
    });
    const receiver = decodeKey(accounts[1]) ?? new Uint8Array(keyBytes);
    // Legacy format: one signer, the receiver writable, the program read-only.
    const message = Buffer.concat([
      Uint8Array.of(1, 0, 1, 3),
      publicKey,
      receiver,
      systemProgram,
      blockhash,
      Uint8Array.of(1, 2, 2, 0, 1, data.length),
      data,
    ]);
    const signature = sign(null, message, key);
    return Uint8Array.from(Buffer.concat([Uint8Array.of(1), signature, message]));
  }
}

/** Null for a durable nonce, which another transaction cannot use, and for bytes that are none. */
const blockhashOf = (bytes: Uint8Array): Uint8Array | null => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parsed = new TransactionView({ v1: true });
  if (parsed.parse(view, 0, bytes.length) !== transactionCode.ok) return null;
  if (hasDurableNonce(parsed, view)) return null;
  return bytes.subarray(parsed.blockhashAt, parsed.blockhashAt + blockhashBytes);
};

/**
 * The key pair in a secret: 64 bytes, seed and public key, as base58 or as the JSON array that
 * Solana's tools write. @throws SecretError naming `name`, never the value.
 */
export const tipKeyOf = (
  secret: Secret,
  name: string,
): Pick<TipPayerOptions, "key" | "publicKey"> => {
  const pair = pairOf(secret.reveal());
  if (pair === null)
    throw new SecretError(`${name}: expected a key pair of 64 bytes, base58 or JSON`);
  const key = privateKeyOf(pair.subarray(0, seedBytes));
  const publicKey = publicKeyOf(key);
  if (!Buffer.from(publicKey).equals(pair.subarray(seedBytes)))
    throw new SecretError(`${name}: its public key is not that of its private key`);
  return { key, publicKey };
};

/** For dry runs: a pair that pays nothing and is forgotten. */
export const throwAwayKey = (): Pick<TipPayerOptions, "key" | "publicKey"> => {
  const { privateKey: key } = generateKeyPairSync("ed25519");
  return { key, publicKey: publicKeyOf(key) };
};

const pairOf = (text: string): Uint8Array | null => {
  const bytes = text.startsWith("[") ? numbersOf(text) : decodeBase58(text, pairBytes);
  return bytes?.length === signatureBytes ? bytes : null;
};

const numbersOf = (text: string): Uint8Array | null => {
  try {
    const list: unknown = JSON.parse(text);
    const isByte = (one: unknown): one is number =>
      Number.isInteger(one) && Number(one) >= 0 && Number(one) <= 255;
    return Array.isArray(list) && list.every(isByte) ? Uint8Array.from(list) : null;
  } catch {
    return null;
  }
};

const privateKeyOf = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" });

const publicKeyOf = (key: KeyObject): Uint8Array =>
  Buffer.from(String(key.export({ format: "jwk" }).x), "base64url");
