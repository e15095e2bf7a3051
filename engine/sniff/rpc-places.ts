// Where mint, quote mint and amounts of one instruction are: as its rule says, but for a swap whose
// side is a byte of the data, and for pools and orders that have SOL as their base: SOL is never the
// mint. The plain form of what match-table.ts does on the hot path.
import {
  type Direction,
  type InstructionForm,
  wrappedSolMint,
} from "../../schemas/market/programs.ts";

/** The parts of a rule that depend on data and accounts. */
export type MatchPlaces = Pick<InstructionForm, "mint" | "quoteMint" | "base" | "quote"> & {
  readonly direction: Direction | null;
  /** Base and quote have changed places with those of the rule. */
  readonly isTurned: boolean;
};

/** `accounts` are the instruction's own, null for one that is not resolved. */
export const placesOf = (
  rule: InstructionForm,
  accounts: readonly (string | null)[],
  data: Uint8Array,
): MatchPlaces => {
  const sided = sidedOf(rule, data);
  if (accounts[rule.mint] !== wrappedSolMint || rule.quoteMint === "sol") return sided;
  if (rule.quoteMint >= accounts.length) return sided;
  return {
    mint: rule.quoteMint,
    quoteMint: rule.mint,
    base: sided.quote,
    quote: sided.base,
    direction: opposite(sided.direction),
    isTurned: true,
  };
};

const sidedOf = (rule: InstructionForm, data: Uint8Array): MatchPlaces => {
  if (rule.sideAt === null) return { ...rule, isTurned: false };
  const side = data[rule.sideAt];
  const sided = { ...rule, isTurned: false };
  if (side === undefined) return { ...sided, base: null, quote: null, direction: null };
  return side === 1
    ? { ...sided, quote: null, direction: "sell" }
    : { ...sided, base: null, direction: "buy" };
};

const opposite = (direction: Direction | null): Direction | null => {
  if (direction === "buy") return "sell";
  return direction === "sell" ? "buy" : direction;
};
