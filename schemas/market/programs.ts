// Program ids and instructions that Weir knows: which account is the mint, which arguments are
// amounts. Discriminators are the first 8 bytes of sha256("global:<instruction>"); a test
// recomputes them. Several programs share discriminators (buy, sell): only the pair of program
// and discriminator means something. Positions follow the programs' published IDLs.
import { decodeKey } from "./base58.ts";
import { keyBytes } from "./transaction-layout.ts";

/** Base58 ids by the name that `weir sniff` prints. */
export const programIds = {
  "pump.fun": "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P",
  PumpSwap: "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA",
  "pump fees": "pfeeUxB6jkeY1Hxd7CsFCAjcbHA9rWtchMGdZ6VojVZ",
  Mayhem: "MAyhSmzXzV1pTf7LsNkrNwkWKTo4ougAJ1PPg47MD4e",
  LaunchLab: "LanMV9sAd7wArD4vJFi2qDdfnVhFxYSUg6eADduJ3uj",
  BonkSwap: "BSwp6bEBihVLdqJRKGgzjcGLHkcTuzmSo1TQkHepzH8p",
  Moonshot: "MoonCVVNZFSYkqNXP6bxHLPL6QQJiMagDL3qcqUQTrG",
  "Jupiter DCA": "DCA265Vj8a9CEuX1eb1LWRnDT7uK6q1xMipnNyatn23M",
  "Jupiter v6": "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4",
  "Raydium AMM v4": "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8",
  "Raydium CPMM": "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C",
  "Raydium CLMM": "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK",
  "Meteora DLMM": "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo",
  "Meteora DBC": "dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN",
  "Meteora DAMM v2": "cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG",
  "Orca Whirlpool": "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc",
  boop: "boop8hVGQGqehUK2iVEMEnMrL5RbjywRzHKBmBE7ry4",
  heaven: "HEAVENoP2qxoeuF8Dj2oT1GHEnu49U5mJYkdeC8BAX2o",
  "SPL Token": "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
  "Token-2022": "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
  "Associated Token": "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
  "Metaplex metadata": "metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s",
  "Address lookup table": "AddressLookupTab1e1111111111111111111111111",
  "Compute budget": "ComputeBudget111111111111111111111111111111",
  System: "11111111111111111111111111111111",
  Vote: "Vote111111111111111111111111111111111111111",
} as const;

/** A program that Weir knows by name. */
export type ProgramName = keyof typeof programIds;

/** Mint of wrapped SOL: the quote mint of a coin that is priced in SOL. */
export const wrappedSolMint = "So11111111111111111111111111111111111111112";

/** The same as 32 bytes; read only. */
export const wrappedSolKey: DataView = new DataView(
  (decodeKey(wrappedSolMint) ?? new Uint8Array(keyBytes)).buffer,
);

/** The 8 bytes in front of an event that a program tells itself: sha256("anchor:event") reversed. */
export const eventTag = "e445a52e51cb9a1d";

export type Direction = "buy" | "sell" | "create" | "migrate";

/** An amount among the arguments: a u64 at a byte of the data, after the discriminator. */
type AmountArgument = {
  readonly at: number;
  /** `limit`: the worst that the sender accepts, or an estimate, not what is traded. */
  readonly kind: "exact" | "limit";
};

/**
 * How one instruction of a program is known, and where its accounts and amounts are. Positions count
 * in the instruction's own account list.
 */
export type InstructionForm = {
  readonly instruction: string;
  /** 16 hex digits. */
  readonly discriminator: string;
  /** Null for an order that trades later (DCA). With `sideAt` that of a clear byte. */
  readonly direction: Direction | null;
  /**
   * Byte of the data that is 1 for a sell of `mint` and 0 for a buy, or null. The amount paid in is
   * then the only exact one: `base` is that of a sell, `quote` that of a buy.
   */
  readonly sideAt: number | null;
  /** SOL that stands here changes places with the quote mint, and purchases with sales. */
  readonly mint: number;
  readonly user: number;
  /** Bonding curve, pool or order account. */
  readonly pool: number;
  /**
   * A position, or "sol": priced in SOL. With `quoteMintOrSol` an instruction whose list ends
   * before the position is priced in SOL too.
   */
  readonly quoteMint: number | "sol";
  readonly quoteMintOrSol: boolean;
  readonly base: AmountArgument | null;
  readonly quote: AmountArgument | null;
};

/** One instruction of a program that Weir knows by name. */
export type InstructionRule = InstructionForm & { readonly program: ProgramName };

type Places = Pick<InstructionRule, "program" | "mint" | "user" | "pool" | "quoteMint">;

const exact = (at: number): AmountArgument => ({ at, kind: "exact" });
const limit = (at: number): AmountArgument => ({ at, kind: "limit" });
const none = { base: null, quote: null, quoteMintOrSol: false } as const;
const estimates = { base: limit(8), quote: limit(16), quoteMintOrSol: false } as const;

// Arguments of a trade: two u64, the exact one first.
const exactBase = { base: exact(8), quote: limit(16), quoteMintOrSol: false } as const;
const exactQuote = { base: limit(16), quote: exact(8), quoteMintOrSol: false } as const;

const pump: Places = { program: "pump.fun", mint: 2, user: 6, pool: 3, quoteMint: "sol" };
const pumpV2: Places = { program: "pump.fun", mint: 1, user: 13, pool: 10, quoteMint: 2 };
const pumpV3: Places = { program: "pump.fun", mint: 1, user: 8, pool: 5, quoteMint: 2 };
const swap: Places = { program: "PumpSwap", mint: 3, user: 1, pool: 0, quoteMint: 4 };
const moonshot: Places = { program: "Moonshot", mint: 6, user: 0, pool: 2, quoteMint: "sol" };
const launchLab: Places = { program: "LaunchLab", mint: 6, user: 0, pool: 5, quoteMint: 7 };
const launchTrade: Places = { program: "LaunchLab", mint: 9, user: 0, pool: 4, quoteMint: 10 };
const bonkSwap: Places = { program: "BonkSwap", mint: 2, user: 8, pool: 1, quoteMint: 3 };
const dca: Places = { program: "Jupiter DCA", mint: 3, user: 1, pool: 0, quoteMint: 2 };
// Behind an order id: the whole amount paid in.
const dcaAmount = { base: null, quote: exact(16), quoteMintOrSol: false } as const;

const named = (instruction: string, discriminator: string, direction: Direction | null) => ({
  instruction,
  discriminator,
  direction,
  sideAt: null,
});

const buy = named("buy", "66063d1201daebea", "buy");
const sell = named("sell", "33e685a4017f83ad", "sell");
const buyV2 = named("buy_v2", "b817ee6167c5d33d", "buy");
const sellV2 = named("sell_v2", "5df6823ce7e940b2", "sell");
const buyExactQuoteV2 = named("buy_exact_quote_in_v2", "c2ab1c46684d5b2f", "buy");

/** Every instruction whose accounts Weir can read; a watch list chooses among them. */
export const instructionRules: readonly InstructionRule[] = [
  { ...pump, mint: 0, user: 7, pool: 2, ...none, ...named("create", "181ec828051c0777", "create") },
  {
    ...pump,
    mint: 0,
    user: 5,
    pool: 2,
    quoteMint: 16,
    ...none,
    quoteMintOrSol: true,
    ...named("create_v2", "d6904cec5f8b31b4", "create"),
  },
  { ...pump, ...exactBase, ...buy },
  { ...pump, ...exactBase, ...sell },
  { ...pump, ...exactQuote, ...named("buy_exact_sol_in", "38fc74089edfcd5f", "buy") },
  { ...pumpV2, ...exactBase, ...buyV2 },
  { ...pumpV2, ...exactBase, ...sellV2 },
  { ...pumpV2, ...exactQuote, ...buyExactQuoteV2 },
  { ...pumpV3, ...exactBase, ...named("buy_v3", "07051dc4f5176550", "buy") },
  { ...pumpV3, ...exactBase, ...named("sell_v3", "1c92de7726c469d5", "sell") },
  {
    ...pumpV3,
    ...exactQuote,
    ...named("buy_exact_quote_in_v3", "e1f7501ed5b38488", "buy"),
  },
  { ...pump, user: 5, ...none, ...named("migrate", "9beae792ec9ea21e", "migrate") },
  {
    ...pump,
    user: 7,
    pool: 4,
    quoteMint: 3,
    ...none,
    ...named("migrate_v2", "bbcb121fceedfe29", "migrate"),
  },
  { ...swap, ...exactBase, ...buy },
  { ...swap, ...exactBase, ...sell },
  { ...swap, ...exactQuote, ...named("buy_exact_quote_in", "c62e1552b4d9e870", "buy") },
  { ...swap, ...exactBase, ...buyV2 },
  { ...swap, ...exactBase, ...sellV2 },
  { ...swap, ...exactQuote, ...buyExactQuoteV2 },
  {
    ...swap,
    user: 2,
    // A u16 pool index stands before the two amounts.
    base: exact(10),
    quote: exact(18),
    quoteMintOrSol: false,
    ...named("create_pool", "e992d18ecf6840bc", "create"),
  },
  { ...moonshot, mint: 3, ...none, ...named("token_mint", "032ca4b87b0df5b3", "create") },
  // Which of the two is exact, a byte behind them tells; the other is the curve's estimate.
  { ...moonshot, ...estimates, ...buy },
  { ...moonshot, ...estimates, ...sell },
  { ...launchLab, ...none, ...named("initialize", "afaf6d1f0d989bed", "create") },
  { ...launchLab, ...none, ...named("initialize_v2", "4399af27da102620", "create") },
  {
    ...launchLab,
    ...none,
    ...named("initialize_with_token_2022", "25be7ede2c9aab11", "create"),
  },
  { ...launchTrade, ...exactQuote, ...named("buy_exact_in", "faea0d7bd59c13ec", "buy") },
  { ...launchTrade, ...exactBase, ...named("buy_exact_out", "18d3742869039938", "buy") },
  { ...launchTrade, ...exactBase, ...named("sell_exact_in", "9527de9bd37c981a", "sell") },
  { ...launchTrade, ...exactQuote, ...named("sell_exact_out", "5fc8472208090ba6", "sell") },
  {
    ...bonkSwap,
    base: exact(8),
    quote: exact(8),
    quoteMintOrSol: false,
    ...named("swap", "f8c69e91e17587c8", "buy"),
    // Behind a u64 and a price limit of 16 bytes.
    sideAt: 32,
  },
  { ...dca, ...dcaAmount, ...named("open_dca", "2441b93601d264a3", null) },
  {
    ...dca,
    mint: 4,
    quoteMint: 3,
    ...dcaAmount,
    ...named("open_dca_v2", "8e772b6da2340bb1", null),
  },
];
