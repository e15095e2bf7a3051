// Turns instructions that an RPC node has parsed (encoding jsonParsed) back into accounts and
// data, for the programs whose parsed form keeps everything. Some forms have several originals
// (an empty or a zero byte of data, with or without the rent sysvar): all are returned, likeliest
// first, and the transaction's signature decides between them.
import { decodeKey } from "../../schemas/market/base58.ts";
import { byteOf, isObject, type JsonObject, textOf, u64Of, wrong } from "./rpc-value.ts";

export type PlainInstruction = {
  readonly programId: string;
  readonly accounts: readonly string[];
  readonly data: Uint8Array;
};

const rent = "SysvarRent111111111111111111111111111111111";

/** The possible originals of a parsed instruction; [] when its parsed form loses something. */
export const unparsed = (instruction: JsonObject, name: string): readonly PlainInstruction[] => {
  const programId = textOf(instruction["programId"], `${name}.programId`);
  const { parsed } = instruction;
  if (typeof parsed === "string") {
    // A memo is its text; signers, if any, are lost, and the signature will tell.
    return [{ programId, accounts: [], data: new TextEncoder().encode(parsed) }];
  }
  if (!isObject(parsed) || !isObject(parsed["info"])) return [];
  const type = textOf(parsed["type"], `${name}.parsed.type`);
  const program = textOf(instruction["program"], `${name}.program`);
  const forms = Object.hasOwn(programs, program) ? programs[program] : undefined;
  const form = forms !== undefined && Object.hasOwn(forms, type) ? forms[type] : undefined;
  if (form === undefined) return [];
  return form(new Fields(parsed["info"], `${name}.parsed.info`)).map((plain) => ({
    programId,
    accounts: plain.accounts,
    data: Uint8Array.from(plain.data),
  }));
};

type Original = { readonly accounts: readonly string[]; readonly data: readonly number[] };
type Form = (info: Fields) => readonly Original[];

class Fields {
  readonly #info: JsonObject;
  readonly #name: string;

  constructor(info: JsonObject, name: string) {
    this.#info = info;
    this.#name = name;
  }

  has(field: string): boolean {
    return this.#info[field] !== undefined;
  }

  account(field: string): string {
    return textOf(this.#info[field], `${this.#name}.${field}`);
  }

  key(field: string): readonly number[] {
    const text = this.account(field);
    const bytes = decodeKey(text);
    if (bytes === null) throw wrong(`${this.#name}.${field}`, "a base58 key", text);
    return [...bytes];
  }

  u64(field: string): readonly number[] {
    return littleEndian(u64Of(this.#info[field], `${this.#name}.${field}`), 8);
  }

  /** A u64 inside `tokenAmount`, with its decimals: what the checked token instructions carry. */
  checkedAmount(): readonly number[] {
    const amount = this.#info["tokenAmount"];
    const name = `${this.#name}.tokenAmount`;
    if (!isObject(amount)) throw wrong(name, "an object", amount);
    return [
      ...littleEndian(u64Of(amount["amount"], `${name}.amount`), 8),
      byteOf(amount["decimals"], `${name}.decimals`),
    ];
  }

  /** A Rust string: u64 length and UTF-8. */
  text(field: string): readonly number[] {
    const bytes = new TextEncoder().encode(this.account(field));
    return [...littleEndian(BigInt(bytes.length), 8), ...bytes];
  }
}

const littleEndian = (value: bigint, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));

const u32 = (value: number): number[] => littleEndian(BigInt(value), 4);

const one = (accounts: readonly string[], data: readonly number[]): readonly Original[] => [
  { accounts, data },
];

const system: { readonly [type: string]: Form } = {
  createAccount: (i) =>
    one(
      [i.account("source"), i.account("newAccount")],
      [...u32(0), ...i.u64("lamports"), ...i.u64("space"), ...i.key("owner")],
    ),
  assign: (i) => one([i.account("account")], [...u32(1), ...i.key("owner")]),
  transfer: (i) =>
    one([i.account("source"), i.account("destination")], [...u32(2), ...i.u64("lamports")]),
  createAccountWithSeed: (i) => {
    const accounts = [i.account("source"), i.account("newAccount")];
    const created = [...i.u64("lamports"), ...i.u64("space"), ...i.key("owner")];
    const data = [...u32(3), ...i.key("base"), ...i.text("seed"), ...created];
    // The base is listed when it is not the payer, and by some libraries always.
    const withBase = { accounts: [...accounts, i.account("base")], data };
    return i.account("base") === i.account("source") ? [{ accounts, data }, withBase] : [withBase];
  },
  advanceNonce: (i) =>
    one(
      [
        i.account("nonceAccount"),
        i.account("recentBlockhashesSysvar"),
        i.account("nonceAuthority"),
      ],
      u32(4),
    ),
  allocate: (i) => one([i.account("account")], [...u32(8), ...i.u64("space")]),
};

// The single-owner forms; a multisignature has `multisigOwner` or `multisigAuthority` instead, and
// asking for the missing field is refused by `singleOwner`.
const singleOwner =
  (owner: "authority" | "owner", form: Form): Form =>
  (info) =>
    info.has(owner) ? form(info) : [];

const token: { readonly [type: string]: Form } = {
  initializeAccount: (i) =>
    one(
      [i.account("account"), i.account("mint"), i.account("owner"), i.account("rentSysvar")],
      [1],
    ),
  transfer: singleOwner("authority", (i) =>
    one(
      [i.account("source"), i.account("destination"), i.account("authority")],
      [3, ...i.u64("amount")],
    ),
  ),
  approve: singleOwner("owner", (i) =>
    one([i.account("source"), i.account("delegate"), i.account("owner")], [4, ...i.u64("amount")]),
  ),
  revoke: singleOwner("owner", (i) => one([i.account("source"), i.account("owner")], [5])),
  mintTo: (i) =>
    i.has("mintAuthority")
      ? one(
          [i.account("mint"), i.account("account"), i.account("mintAuthority")],
          [7, ...i.u64("amount")],
        )
      : [],
  burn: singleOwner("authority", (i) =>
    one([i.account("account"), i.account("mint"), i.account("authority")], [8, ...i.u64("amount")]),
  ),
  closeAccount: singleOwner("owner", (i) =>
    one([i.account("account"), i.account("destination"), i.account("owner")], [9]),
  ),
  transferChecked: singleOwner("authority", (i) =>
    one(
      [i.account("source"), i.account("mint"), i.account("destination"), i.account("authority")],
      [12, ...i.checkedAmount()],
    ),
  ),
  syncNative: (i) => one([i.account("account")], [17]),
  initializeAccount3: (i) =>
    one([i.account("account"), i.account("mint")], [18, ...i.key("owner")]),
  initializeImmutableOwner: (i) => one([i.account("account")], [22]),
};

const associatedAccounts = (i: Fields): string[] =>
  ["source", "account", "wallet", "mint", "systemProgram", "tokenProgram"].map((field) =>
    i.account(field),
  );

const associated: { readonly [type: string]: Form } = {
  create: (i) => {
    const accounts = associatedAccounts(i);
    const lists = [accounts, [...accounts, rent]];
    return lists.flatMap((list) => [
      { accounts: list, data: [] },
      { accounts: list, data: [0] },
    ]);
  },
  createIdempotent: (i) => one(associatedAccounts(i), [1]),
};

const programs: { readonly [program: string]: { readonly [type: string]: Form } | undefined } = {
  system,
  "spl-token": token,
  "spl-token-2022": token,
  "spl-associated-token-account": associated,
};
