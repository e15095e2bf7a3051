// What an event makes of the levels that a row of LOBSTER's book showed, and whether the next row
// says so: the row-exact check. A file of N levels tells of no event below them, so what comes into
// sight at the bottom can only be taken from the row.
import { formatDecimal } from "../../schemas/market/decimal.ts";
import { malformed, type VenueFault } from "../../schemas/market/venue-fields.ts";
import { type LobsterBook, type LobsterLevel, lobsterPriceScale } from "./lobster-row.ts";

/** Size that a level changes by. */
export type LobsterChange = {
  readonly isBid: boolean;
  readonly price: number;
  /** Below 0: taken off. */
  readonly added: number;
};

const sideNames = ["asks", "bids"] as const;
type SideName = (typeof sideNames)[number];

/** The book after the change as far as it can be told, or the fault of a level that cannot give so much. */
export const expectedBook = (
  before: LobsterBook,
  change: LobsterChange,
): { readonly book: LobsterBook; readonly fault: VenueFault | null } => {
  const name: SideName = change.isBid ? "bids" : "asks";
  const levels = [...before[name]];
  const { price, added } = change;
  const isWorse = (level: LobsterLevel): boolean =>
    change.isBid ? level.price <= price : level.price >= price;
  const found = levels.findIndex(isWorse);
  const index = found < 0 ? levels.length : found;
  const here = levels[index]?.price === price ? (levels[index]?.size ?? 0) : 0;
  const size = Math.max(here + added, 0);
  const next = size > 0 ? [{ price, size }] : [];
  levels.splice(index, here > 0 ? 1 : 0, ...next);
  const isHidden = index >= before.levelsMax;
  const isTooMuch = here + added < 0 && !isHidden;
  const fault = isTooMuch
    ? malformed(`size of the level ${text(price)}`, here, `at least ${-added}, which an event took`)
    : null;
  return { book: { ...before, [name]: levels.slice(0, before.levelsMax) }, fault };
};

/** The fault that names side and level where `row` is not what was expected, or null. */
export const differenceOf = (
  before: LobsterBook,
  expected: LobsterBook,
  row: LobsterBook,
): VenueFault | null => {
  for (const name of sideNames) {
    // Only below a side that was full may be more than it showed.
    const isFull = before[name].length === before.levelsMax;
    const count = Math.max(expected[name].length, isFull ? 0 : row[name].length);
    for (let i = 0; i < count; i += 1) {
      const [found, wanted] = [row[name][i], expected[name][i]];
      if (found?.price !== wanted?.price || found?.size !== wanted?.size)
        return malformed(`book, ${name}, level ${i + 1}`, levelText(found), levelText(wanted));
    }
  }
  return null;
};

const text = (price: number): string => formatDecimal(price, lobsterPriceScale);

const levelText = (level: LobsterLevel | undefined): string =>
  level === undefined ? "nothing" : `${level.size} at ${text(level.price)}`;
