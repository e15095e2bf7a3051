// Where mint, quote mint and amounts of one instruction are: as its rule says, but for a swap of
// two tokens the side is a byte of the data, and SOL is never the mint. The plain form of what
// match-table.ts does on the hot path.
import {
  type Direction,
  type InstructionRule,
  wrappedSolMint,
} from "../../schemas/market/programs.ts";

/** The parts of a rule that depend on data and accounts. */
export type MatchPlaces = Pick<InstructionRule, "mint" | "quoteMint" | "base" | "quote"> & {
  readonly direction: Direction | null;
};

/** `accounts` are the instruction's own, null for one that is not resolved. */
export const placesOf = (
  rule: InstructionRule,
  accounts: readonly (string | null)[],
  data: Uint8Array,
): MatchPlaces => {
  const sided = sidedOf(rule, data);
  const isTwoSided = rule.sideAt !== null || rule.direction === null;
  if (!isTwoSided || rule.quoteMint === "sol" || accounts[rule.mint] !== wrappedSolMint) {
    return sided;
  }
  return {
    mint: rule.quoteMint,
    quoteMint: rule.mint,
    base: sided.quote,
    quote: sided.base,
    direction: opposite(sided.direction),
  };
};

const sidedOf = (rule: InstructionRule, data: Uint8Array): MatchPlaces => {
  if (rule.sideAt === null) return rule;
  const side = data[rule.sideAt];
  if (side === undefined) return { ...rule, base: null, quote: null, direction: null };
  return side === 1
    ? { ...rule, quote: null, direction: "sell" }
    : { ...rule, base: null, direction: "buy" };
};

const opposite = (direction: Direction | null): Direction | null => {
  if (direction === "buy") return "sell";
  return direction === "sell" ? "buy" : direction;
};
