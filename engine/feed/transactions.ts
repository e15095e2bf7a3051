// Makes signed Solana transactions for the feed: launches, trades, votes, transfers, lookup
// tables and broken ones, in a declared mix, each with the verdict that the sniffer must give.
// Making one costs more than posting it, so a pool is made once and sent in turns, signed again.
import type { KeyObject } from "node:crypto";

import {
  AccountRole,
  type Address,
  appendTransactionMessageInstructions,
  type Blockhash,
  compileTransaction,
  compressTransactionMessageUsingAddressLookupTables,
  createKeyPairSignerFromPrivateKeyBytes,
  createTransactionMessage,
  getAddressDecoder,
  getTransactionEncoder,
  type Instruction,
  type KeyPairSigner,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransaction,
} from "@solana/kit";

import { breakages } from "./malformed.ts";
import {
  computeBudget,
  otherSwap,
  type Parties,
  pumpCreate,
  pumpCreateV2,
  pumpTrade,
  swapCreatePool,
  swapTrade,
  transfer,
  vote,
} from "./market-instructions.ts";
import { Seeded } from "./seeded.ts";
import { signingKey } from "./sign-again.ts";

/** What the sniffer must say: its verdict, or for a rejection the first word of its reason. */
type ExpectedVerdict =
  | "candidate"
  | "needs-resolve"
  | "vote"
  | "not-watched"
  | "malformed"
  | "size"
  | "duplicate-key";

export type FeedTransaction = {
  readonly wire: Uint8Array<ArrayBuffer>;
  readonly kind: FeedKind;
  readonly expected: ExpectedVerdict;
  /** Of its signatures, in their order; none for a broken one, which nobody can sign. */
  readonly keys: readonly KeyObject[];
};

type Recipe = {
  /** Share of the mix, relative to the other shares. */
  readonly share: number;
  readonly expected: ExpectedVerdict;
  readonly version: "legacy" | 0;
  readonly instructions: (parties: Parties) => readonly Instruction[];
  /** The mint signs beside the user. */
  readonly mintSigns?: true;
  /** Which accounts go to a lookup table: some without the mint, or the mint too. */
  readonly lookup?: "others" | "mint";
};

const priced = (parties: Parties, instruction: Instruction): readonly Instruction[] => [
  ...computeBudget(parties.random),
  instruction,
];

/** The mix: about what the programs see, with fewer votes than the chain has. */
const recipes = {
  "pump-create": {
    share: 3,
    expected: "candidate",
    version: "legacy",
    mintSigns: true,
    instructions: (p) => priced(p, pumpCreate(p)),
  },
  "pump-create-v2": {
    share: 5,
    expected: "candidate",
    version: 0,
    mintSigns: true,
    instructions: (p) => priced(p, pumpCreateV2(p)),
  },
  "pump-buy": {
    share: 18,
    expected: "candidate",
    version: "legacy",
    instructions: (p) => priced(p, pumpTrade("buy", p)),
  },
  "pump-sell": {
    share: 14,
    expected: "candidate",
    version: 0,
    instructions: (p) => priced(p, pumpTrade("sell", p)),
  },
  "swap-buy": {
    share: 10,
    expected: "candidate",
    version: 0,
    lookup: "others",
    instructions: (p) => priced(p, swapTrade("buy", p)),
  },
  "swap-sell": {
    share: 8,
    expected: "candidate",
    version: "legacy",
    instructions: (p) => priced(p, swapTrade("sell", p)),
  },
  "swap-create-pool": {
    share: 1,
    expected: "candidate",
    version: "legacy",
    instructions: (p) => [swapCreatePool(p)],
  },
  "mint-in-lookup": {
    share: 2,
    expected: "needs-resolve",
    version: 0,
    lookup: "mint",
    instructions: (p) => priced(p, pumpTrade("buy", p)),
  },
  vote: {
    share: 20,
    expected: "vote",
    version: "legacy",
    instructions: (p) => [vote(p)],
  },
  transfer: {
    share: 12,
    expected: "not-watched",
    version: "legacy",
    instructions: (p) => [transfer(p)],
  },
  "other-swap": {
    share: 5,
    expected: "not-watched",
    version: 0,
    lookup: "others",
    instructions: (p) => priced(p, otherSwap(p)),
  },
} as const satisfies { readonly [kind: string]: Recipe };

/** Share of broken transactions, on the same scale. */
const brokenShare = 2;

type FeedKind = keyof typeof recipes | `broken-${string}`;

/** Kinds of valid transactions; broken ones are "broken-" and what is wrong. */
export const feedKinds = Object.keys(recipes) as readonly (keyof typeof recipes)[];

export type TransactionMixOptions = {
  readonly seed: number;
  /** Transactions in the pool, 1 to `mixCountMax`. */
  readonly count?: number;
  /** Wallets that pay and sign, 1 to 256. */
  readonly wallets?: number;
};

/** Largest pool; more would be held in memory for nothing. */
export const mixCountMax = 100_000;
const countDefault = 2_000;
const walletsDefault = 32;
/** Promises signed at once: enough for the crypto threads, little memory. */
const signedAtOnce = 64;

/**
 * Makes and signs a pool. The same seed gives the same bytes.
 * @throws RangeError for a count outside its range.
 */
export const createTransactionMix = async ({
  seed,
  count = countDefault,
  wallets = walletsDefault,
}: TransactionMixOptions): Promise<readonly FeedTransaction[]> => {
  if (!(count >= 1 && count <= mixCountMax)) {
    throw new RangeError(`count must be from 1 to mixCountMax=${mixCountMax}, found ${count}`);
  }
  const random = new Seeded(seed);
  const signers = await Promise.all(
    Array.from({ length: wallets }, () => createSigner(random.bytes(32))),
  );
  const pool: FeedTransaction[] = [];
  while (pool.length < count) {
    const next: Promise<FeedTransaction>[] = [];
    for (let i = Math.min(signedAtOnce, count - pool.length); i > 0; i -= 1) {
      // Each has its own generator: the order in which promises settle changes nothing.
      next.push(makeOne(new Seeded(random.below(2 ** 32)), random.pick(signers)));
    }
    pool.push(...(await Promise.all(next)));
  }
  return pool;
};

type Signer = { readonly pair: KeyPairSigner; readonly key: KeyObject };

const createSigner = async (seed: Uint8Array): Promise<Signer> => ({
  pair: await createKeyPairSignerFromPrivateKeyBytes(seed),
  key: signingKey(seed),
});

const makeOne = async (random: Seeded, user: Signer): Promise<FeedTransaction> => {
  const total = feedKinds.reduce((sum, kind) => sum + recipes[kind].share, brokenShare);
  let drawn = random.below(total);
  for (const kind of feedKinds) {
    const recipe = recipes[kind];
    if (drawn < recipe.share) {
      return { kind, expected: recipe.expected, ...(await signed(recipe, random, user)) };
    }
    drawn -= recipe.share;
  }
  const breakage = random.pick(breakages);
  const { wire } = await signed(recipes["pump-buy"], random, user);
  const kind: FeedKind = `broken-${breakage.kind}`;
  return { kind, expected: breakage.expected, wire: breakage.apply(wire, random), keys: [] };
};

const addresses = getAddressDecoder();
const encoder = getTransactionEncoder();

const signed = async (
  recipe: Recipe,
  random: Seeded,
  user: Signer,
): Promise<Pick<FeedTransaction, "wire" | "keys">> => {
  const randomAddress = (): Address => addresses.decode(random.bytes(32));
  const mintSigner = recipe.mintSigns === true ? await createSigner(random.bytes(32)) : null;
  const mint = mintSigner?.pair.address ?? randomAddress();
  const instructions = recipe.instructions({
    user: user.pair.address,
    mint,
    random,
    randomAddress,
  });
  const content = { instructions, payer: user.pair.address, blockhash: randomAddress() };
  const compiled =
    recipe.version === "legacy"
      ? compileLegacy(content)
      : compileV0(content, { [randomAddress()]: loadable(recipe, instructions, mint) });
  const signers = mintSigner === null ? [user] : [user, mintSigner];
  const pairs = signers.map(({ pair }) => pair.keyPair);
  return {
    wire: Uint8Array.from(encoder.encode(await signTransaction(pairs, compiled))),
    keys: signers.map(({ key }) => key),
  };
};

type Content = {
  readonly instructions: readonly Instruction[];
  readonly payer: Address;
  readonly blockhash: string;
};

const lifetime = ({ blockhash }: Content) => ({
  blockhash: blockhash as Blockhash,
  lastValidBlockHeight: 0n,
});

const compileLegacy = (content: Content) =>
  compileTransaction(
    appendTransactionMessageInstructions(
      content.instructions,
      setTransactionMessageLifetimeUsingBlockhash(
        lifetime(content),
        setTransactionMessageFeePayer(
          content.payer,
          createTransactionMessage({ version: "legacy" }),
        ),
      ),
    ),
  );

const compileV0 = (content: Content, tables: { readonly [table: Address]: Address[] }) =>
  compileTransaction(
    compressTransactionMessageUsingAddressLookupTables(
      appendTransactionMessageInstructions(
        content.instructions,
        setTransactionMessageLifetimeUsingBlockhash(
          lifetime(content),
          setTransactionMessageFeePayer(content.payer, createTransactionMessage({ version: 0 })),
        ),
      ),
      tables,
    ),
  );

/** What a lookup table holds: nothing, the mint, or the writable accounts that do not sign. */
const loadable = (
  recipe: Recipe,
  instructions: readonly Instruction[],
  mint: Address,
): Address[] => {
  if (recipe.lookup === undefined) return [];
  if (recipe.lookup === "mint") return [mint];
  const metas = instructions.flatMap(({ accounts = [] }) => accounts);
  return metas.filter(({ role }) => role === AccountRole.WRITABLE).map((meta) => meta.address);
};
