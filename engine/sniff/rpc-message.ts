// Rebuilds wire bytes from a transaction in RPC JSON, in every encoding: json, jsonParsed as far
// as it is reversible, base58, base64, base64+zstd. The bytes then go the way of all others.
import { zstdDecompressSync } from "node:zlib";

import { decodeBase58, decodeKey, decodeSignature } from "../../schemas/market/base58.ts";
import { transactionBytesMaxV1 } from "../../schemas/market/transaction-layout.ts";
import { unparsed } from "./rpc-parsed.ts";
import {
  arrayOf,
  byteOf,
  bytesOf,
  isObject,
  type JsonObject,
  objectOf,
  textOf,
  wrong,
} from "./rpc-value.ts";
import { signatureVerifies } from "./verify-signature.ts";

/**
 * `exact`: these are the transaction's bytes (for jsonParsed: a signature verifies over them).
 * `partial`: some parsed instruction could not be reversed and stands there without its data.
 */
export type Rebuilt = {
  readonly wire: Uint8Array<ArrayBuffer>;
  readonly kind: "exact" | "partial";
  /** Accounts of lookup tables in run-time order, base58, where the message names them (jsonParsed). */
  readonly loaded?: readonly string[];
};

/** @throws RpcShapeError naming the field. */
export const rebuildWire = (transaction: unknown, version: unknown): Rebuilt => {
  if (typeof transaction === "string") return encoded(transaction, "base58");
  if (Array.isArray(transaction)) {
    const [text, encoding] = transaction as readonly unknown[];
    return encoded(textOf(text, "transaction[0]"), textOf(encoding, "transaction[1]"));
  }
  return fromJson(objectOf(transaction, "transaction"), version);
};

const encoded = (text: string, encoding: string): Rebuilt => {
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (decode === undefined) {
    throw wrong("transaction[1]", Object.keys(decoders).join(", "), encoding);
  }
  const wire = decode(text);
  if (wire === null) throw wrong("transaction", `valid ${encoding}`, text);
  return { wire, kind: "exact" };
};

const decoders: {
  readonly [encoding: string]: (text: string) => Uint8Array<ArrayBuffer> | null;
} = {
  base58: (text) => decodeBase58(text, transactionBytesMaxV1),
  base64: (text) => decodeBase64(text),
  "base64+zstd": (text) => {
    const packed = decodeBase64(text);
    if (packed === null) return null;
    try {
      const limit = { maxOutputLength: transactionBytesMaxV1 };
      return Uint8Array.from(zstdDecompressSync(packed, limit));
    } catch {
      return null;
    }
  },
};

/** Base64 with or without padding; null for anything else. */
export const decodeBase64 = (text: string): Uint8Array<ArrayBuffer> | null => {
  const digits = text.replace(/=+$/, "");
  const isPadded = digits.length < text.length;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || digits.length % 4 === 1) return null;
  if (isPadded && text.length % 4 !== 0) return null;
  return Uint8Array.from(Buffer.from(digits, "base64"));
};

type Part = {
  readonly program: number;
  readonly accounts: readonly number[];
  readonly data: Uint8Array;
};

const fromJson = (transaction: JsonObject, version: unknown): Rebuilt => {
  const message = objectOf(transaction["message"], "transaction.message");
  const lookups = message["addressTableLookups"] ?? null;
  const isV0 = version === 0 || (version === undefined && lookups !== null);
  if (!isV0 && version !== undefined && version !== "legacy") {
    throw wrong("version", '"legacy" or 0', version);
  }
  const keys = staticKeys(message);
  const head = [
    ...signaturesOf(transaction),
    ...(isV0 ? [0x80] : []),
    ...headerOf(message, keys),
    ...compactU16(keys.length),
    ...keys.flatMap(({ key }) => key),
    ...keyOf(message["recentBlockhash"], "message.recentBlockhash"),
  ];
  const tail = isV0 ? lookupBytes(lookups ?? []) : [];
  const isParsed = keys.some(({ flags }) => flags !== null);
  const rebuilt = choose({ parts: partsOf(message), head, tail, isParsed });
  const loaded = loadedKeys(message);
  return loaded.length === 0 ? rebuilt : { ...rebuilt, loaded };
};

const loadedKeys = (message: JsonObject): readonly string[] =>
  arrayOf(message["accountKeys"], "message.accountKeys").flatMap((value, i) =>
    isObject(value) && isLoaded(value)
      ? [textOf(value["pubkey"], `message.accountKeys[${i}].pubkey`)]
      : [],
  );

const isLoaded = (key: JsonObject): boolean => key["source"] === "lookupTable";

type Key = {
  readonly text: string;
  readonly key: readonly number[];
  /** null in encoding json, whose header tells. */
  readonly flags: { readonly signer: boolean; readonly writable: boolean } | null;
};

const staticKeys = (message: JsonObject): readonly Key[] =>
  arrayOf(message["accountKeys"], "message.accountKeys")
    .filter((value) => !isObject(value) || !isLoaded(value))
    .map((value, i) => {
      const name = `message.accountKeys[${i}]`;
      if (!isObject(value))
        return { text: textOf(value, name), key: keyOf(value, name), flags: null };
      const flags = { signer: value["signer"] === true, writable: value["writable"] === true };
      return { text: textOf(value["pubkey"], name), key: keyOf(value["pubkey"], name), flags };
    });

const headerOf = (message: JsonObject, keys: readonly Key[]): readonly number[] => {
  const { header } = message;
  if (isObject(header)) {
    return [
      byteOf(header["numRequiredSignatures"], "header.numRequiredSignatures"),
      byteOf(header["numReadonlySignedAccounts"], "header.numReadonlySignedAccounts"),
      byteOf(header["numReadonlyUnsignedAccounts"], "header.numReadonlyUnsignedAccounts"),
    ];
  }
  const signers = keys.filter(({ flags }) => flags?.signer === true);
  const others = keys.filter(({ flags }) => flags?.signer !== true);
  return [signers.length, readonlyTail(signers), readonlyTail(others)];
};

// Keys stand writable first. A node shows a writable program or sysvar as readonly, so only the
// run after the last writable key is surely readonly in the header too.
const readonlyTail = (keys: readonly Key[]): number =>
  keys.length - 1 - keys.findLastIndex(({ flags }) => flags?.writable === true);

const signaturesOf = (transaction: JsonObject): readonly number[] => {
  const signatures = arrayOf(transaction["signatures"], "transaction.signatures");
  const bytes = signatures.flatMap((value, i) => {
    const name = `transaction.signatures[${i}]`;
    const signature = decodeSignature(textOf(value, name));
    if (signature === null) throw wrong(name, "a base58 signature of 64 bytes", value);
    return [...signature];
  });
  return [...compactU16(signatures.length), ...bytes];
};

const keyOf = (value: unknown, name: string): readonly number[] => {
  const key = decodeKey(textOf(value, name));
  if (key === null) throw wrong(name, "a base58 key of 32 bytes", value);
  return [...key];
};

/** Per instruction its possible originals; [] stands for one that cannot be reversed. */
const partsOf = (message: JsonObject): readonly (readonly Part[])[] => {
  const all = arrayOf(message["accountKeys"], "message.accountKeys");
  const texts = all.map((value) => (isObject(value) ? value["pubkey"] : value));
  const indexOf = (key: string, name: string): number => {
    const index = texts.indexOf(key);
    if (index < 0) throw wrong(name, "one of message.accountKeys", key);
    return index;
  };
  return arrayOf(message["instructions"], "message.instructions").map((value, i) => {
    const name = `message.instructions[${i}]`;
    const instruction = objectOf(value, name);
    if (instruction["programIdIndex"] !== undefined) return [plainPart(instruction, name)];
    const program = indexOf(textOf(instruction["programId"], `${name}.programId`), name);
    if (instruction["parsed"] === undefined) {
      const accounts = arrayOf(instruction["accounts"], `${name}.accounts`);
      const indexes = accounts.map((key) => indexOf(textOf(key, `${name}.accounts`), name));
      return [{ program, accounts: indexes, data: dataOf(instruction, name) }];
    }
    const originals = unparsed(instruction, name).map(({ accounts, data }) => ({
      program,
      // An original whose accounts are not among the keys was not the one.
      accounts: accounts.map((key) => texts.indexOf(key)),
      data,
    }));
    const possible = originals.filter(({ accounts }) => !accounts.includes(-1));
    return possible.length > 0 ? possible : [{ program, accounts: [], data: lost }];
  });
};

/** Marks the data of an instruction that could not be reversed; compared by identity. */
const lost = new Uint8Array(0);

const plainPart = (instruction: JsonObject, name: string): Part => ({
  program: byteOf(instruction["programIdIndex"], `${name}.programIdIndex`),
  accounts: bytesOf(instruction["accounts"], `${name}.accounts`),
  data: dataOf(instruction, name),
});

const dataOf = (instruction: JsonObject, name: string): Uint8Array => {
  const text = textOf(instruction["data"], `${name}.data`);
  const data = decodeBase58(text);
  if (data === null) throw wrong(`${name}.data`, "base58", text);
  return data;
};

const lookupBytes = (value: unknown): readonly number[] => {
  const lookups = arrayOf(value, "message.addressTableLookups");
  const bytes = lookups.flatMap((element, i) => {
    const name = `message.addressTableLookups[${i}]`;
    const lookup = objectOf(element, name);
    const writable = bytesOf(lookup["writableIndexes"], `${name}.writableIndexes`);
    const readonly = bytesOf(lookup["readonlyIndexes"], `${name}.readonlyIndexes`);
    return [
      ...keyOf(lookup["accountKey"], `${name}.accountKey`),
      ...prefixed(writable),
      ...prefixed(readonly),
    ];
  });
  return [...compactU16(lookups.length), ...bytes];
};

/** Combinations of originals that are tried; beyond it the first of each is taken. */
const combinationsMax = 256;

type Choice = {
  readonly parts: readonly (readonly Part[])[];
  readonly head: readonly number[];
  readonly tail: readonly number[];
  /** jsonParsed: even the header is inferred, so only a signature makes it exact. */
  readonly isParsed: boolean;
};

// Tries the combinations of originals until a signature verifies.
const choose = ({ parts, head, tail, isParsed }: Choice): Rebuilt => {
  const combinations = parts.reduce((product, { length }) => product * length, 1);
  const isLost = parts.some(([first]) => first?.data === lost);
  const tries = isLost || combinations > combinationsMax ? 1 : combinations;
  let first: Uint8Array<ArrayBuffer> | null = null;
  for (let number = 0; number < tries; number += 1) {
    let rest = number;
    const chosen = parts.map((originals) => {
      const part = originals[rest % originals.length];
      rest = Math.floor(rest / originals.length);
      return part === undefined ? [] : instructionBytes(part);
    });
    const wire = Uint8Array.from([...head, ...compactU16(parts.length), ...chosen.flat(), ...tail]);
    if (!isParsed) return { wire, kind: "exact" };
    if (!isLost && signatureVerifies(wire)) return { wire, kind: "exact" };
    first ??= wire;
  }
  return { wire: first ?? new Uint8Array(0), kind: "partial" };
};

const instructionBytes = ({ program, accounts, data }: Part): readonly number[] => [
  program,
  ...prefixed(accounts),
  ...prefixed([...data]),
];

const prefixed = (bytes: readonly number[]): readonly number[] => [
  ...compactU16(bytes.length),
  ...bytes,
];

const compactU16 = (value: number): readonly number[] => {
  if (value < 0x80) return [value];
  if (value < 0x4000) return [(value & 0x7f) | 0x80, value >> 7];
  return [(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, value >> 14];
};
