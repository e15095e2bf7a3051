// Matches as `weir sniff` prints them: those that the sniffer found among the outer instructions,
// those of inner instructions when there is a meta, and what events and balances add to both.
import { encodeBase58 } from "../../schemas/market/base58.ts";
import {
  type Direction,
  type InstructionForm,
  programIds,
  wrappedSolMint,
} from "../../schemas/market/programs.ts";
import { instructionField as field } from "../../schemas/market/transaction-layout.ts";
import { tradeAmounts } from "./rpc-balances.ts";
import { decodeEvent, isEvent, type TradeEvent } from "./rpc-events.ts";
import { type Flows, flowsOf } from "./rpc-flows.ts";
import type { InnerInstruction, RpcMeta } from "./rpc-meta.ts";
import { matchField } from "./match-table.ts";
import { type MatchPlaces, placesOf } from "./rpc-places.ts";
import type { Sniffer } from "./sniffer.ts";
import type { WatchedProgram, WatchList } from "./watch-list.ts";

/** One match of a line; keys are the contract of the command line, absent amounts absent keys. */
export type MatchLine = {
  readonly program: string;
  readonly programName: string;
  readonly instruction: string;
  readonly level: "outer" | "inner";
  readonly path: string;
  readonly mint: string | null;
  readonly quoteMint: string | null;
  readonly user: string | null;
  /** The instruction's own list; null for an account of a table that is not resolved. */
  readonly accounts: readonly (string | null)[];
  readonly direction: Direction | null;
  readonly baseAmount?: string;
  readonly quoteAmount?: string;
  /** What the arguments ask for: an amount, or the worst that the sender accepts. */
  readonly requested?: Requested;
  /** Of the instruction alone: a file has no clock for the averages that raise a trade. */
  readonly priority: "HIGH" | "LOW";
};

type Requested = {
  readonly base?: string;
  readonly baseLimit?: string;
  readonly quote?: string;
  readonly quoteLimit?: string;
};

type Found = {
  readonly program: WatchedProgram;
  readonly rule: InstructionForm;
  readonly places: MatchPlaces;
  readonly outer: number;
  /** -1 for the outer instruction itself. */
  readonly inner: number;
  readonly accounts: readonly (string | null)[];
  readonly data: Uint8Array;
  event: TradeEvent | null;
};

/** All matches of the transaction that `sniffer` inspected last, in order of execution. */
export const matchLines = (
  sniffer: Sniffer,
  view: DataView,
  meta: RpcMeta | null,
): readonly MatchLine[] => {
  const found = outerMatches(sniffer, view, meta);
  if (meta !== null) {
    found.push(...innerMatches(sniffer, meta));
    attachEvents(found, meta);
  }
  found.sort((a, b) => a.outer - b.outer || a.inner - b.inner);
  const flows = meta === null ? null : flowsOf(outerInstructions(sniffer, view, meta), meta);
  return found.map((one) => matchLine(one, found, meta, flows));
};

const outerMatches = (sniffer: Sniffer, view: DataView, meta: RpcMeta | null): Found[] => {
  const { transaction, watch } = sniffer;
  const keyText = (at: number): string => encodeBase58(bytesOf(view, at, 32));
  return Array.from({ length: sniffer.matchCount }, (_, i) => {
    const outer = sniffer.match(i, matchField.instruction);
    const accounts = Array.from(
      { length: transaction.instruction(outer, field.accountCount) },
      (_, position) => {
        const at = transaction.accountKeyAt(view, outer, position);
        if (at >= 0) return keyText(at);
        return meta?.keys[transaction.accountIndex(view, outer, position)] ?? null;
      },
    );
    const dataAt = transaction.instruction(outer, field.dataAt);
    const data = bytesOf(view, dataAt, transaction.instruction(outer, field.dataBytes));
    const number = sniffer.match(i, matchField.rule);
    const rule = watch.rules[number];
    const program = watch.programOfRule(number);
    if (rule === undefined || program === undefined) throw new Error("a match without a rule");
    const places = placesOf(rule, accounts, data);
    return { program, rule, places, outer, inner: -1, accounts, data, event: null };
  });
};

const outerInstructions = (
  { transaction }: Sniffer,
  view: DataView,
  { keys }: RpcMeta,
): readonly InnerInstruction[] =>
  Array.from({ length: transaction.instructionCount }, (_, i) => {
    const accounts = transaction.instruction(i, field.accountCount);
    const dataAt = transaction.instruction(i, field.dataAt);
    return {
      program: keys[transaction.instruction(i, field.program)] ?? null,
      accounts: Array.from(
        { length: accounts },
        (_, place) => keys[transaction.accountIndex(view, i, place)] ?? null,
      ),
      data: bytesOf(view, dataAt, transaction.instruction(i, field.dataBytes)),
    };
  });

const bytesOf = (view: DataView, at: number, length: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + at, length);

/** Number of the program's rule whose discriminator `data`, of 8 bytes at least, begins with; -1 for none. */
const ruleOf = (watch: WatchList, program: number, data: Uint8Array): number => {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return watch.ruleOf(program, view.getInt32(0, true), view.getInt32(4, true));
};

const innerMatches = ({ watch }: Sniffer, meta: RpcMeta): Found[] => {
  const found: Found[] = [];
  for (const [outer, instructions] of meta.inner) {
    instructions.forEach(({ program: called, accounts, data }, inner) => {
      if (data === null || data.length < 8 || isEvent(data)) return;
      const number = watch.programs.findIndex(({ id }) => id === called);
      const program = watch.programs[number];
      if (program === undefined) return;
      const rule = watch.rules[ruleOf(watch, number, data)];
      if (rule === undefined || rule.mint >= accounts.length) return;
      const places = placesOf(rule, accounts, data);
      found.push({ program, rule, places, outer, inner, accounts, data, event: null });
    });
  }
  return found;
};

/**
 * Whether an inner instruction may be a watched one of which nobody can say: its program is behind a
 * lookup table that the meta leaves out, its discriminator is watched.
 */
export const hasUnresolvedProgram = ({ watch }: Sniffer, meta: RpcMeta): boolean => {
  const isWatched = ({ program, data }: InnerInstruction): boolean => {
    if (program !== null || data === null || data.length < 8) return false;
    return watch.programs.some((_, number) => ruleOf(watch, number, data) >= 0);
  };
  return [...meta.inner.values()].some((instructions) => instructions.some(isWatched));
};

// An event belongs to the nearest match before it, of the same program, that it fits; the rest of a
// trade to the nearest that has its event.
const attachEvents = (found: readonly Found[], meta: RpcMeta): void => {
  for (const [outer, instructions] of meta.inner) {
    instructions.forEach((instruction, position) => {
      const event = eventOf(instruction);
      if (event === null) return;
      const owner = found.findLast(
        (one) =>
          one.outer === outer &&
          one.inner < position &&
          (one.event !== null) === event.isRest &&
          one.program.id === instruction.program &&
          one.rule.direction === event.direction &&
          fits(event.mint, one.accounts[one.rule.mint]),
      );
      if (owner === undefined) return;
      const told = owner.places.isTurned ? turned(event) : event;
      owner.event = owner.event === null ? told : sum(owner.event, told);
    });
  }
};

/** The event of a pool whose base is SOL, as what it says of the other mint. */
const turned = ({ base, quote, ...event }: TradeEvent): TradeEvent => ({
  ...event,
  base: quote,
  quote: base,
  mint: null,
});

const sum = (event: TradeEvent, rest: TradeEvent): TradeEvent => ({
  ...event,
  base: event.base + rest.base,
  quote: event.quote + rest.quote,
});

const fits = (told: string | null, known: string | null | undefined): boolean =>
  told === null || known === null || known === undefined || told === known;

const eventOf = ({ program, data }: InnerInstruction): TradeEvent | null => {
  if (data === null || program === null) return null;
  const name = Object.entries(programIds).find(([, id]) => id === program)?.[0];
  return name === undefined ? null : decodeEvent(name, data);
};

const matchLine = (
  one: Found,
  all: readonly Found[],
  meta: RpcMeta | null,
  flows: Flows | null,
): MatchLine => {
  const { program, rule, places, accounts, event } = one;
  const mint = accounts[places.mint] ?? event?.mint ?? null;
  const user = accounts[rule.user] ?? event?.user ?? null;
  const quoteMint = quoteMintOf(one);
  const requested = requestedOf(one);
  const amounts = amountsOf({ one, all, meta, flows, mint, user, quoteMint });
  return {
    program: program.id,
    programName: program.name,
    instruction: rule.instruction,
    level: one.inner < 0 ? "outer" : "inner",
    path: one.inner < 0 ? `${one.outer}` : `${one.outer}.${one.inner}`,
    mint,
    quoteMint,
    user,
    accounts,
    direction: places.direction,
    ...(amounts.base !== null && { baseAmount: amounts.base.toString() }),
    ...(amounts.quote !== null && { quoteAmount: amounts.quote.toString() }),
    ...(requested !== null && { requested }),
    priority: isLaunch(places.direction) ? "HIGH" : "LOW",
  };
};

const isLaunch = (direction: Direction | null): boolean =>
  direction === "create" || direction === "migrate";

const quoteMintOf = ({ rule, places, accounts }: Found): string | null => {
  if (places.quoteMint === "sol") return wrappedSolMint;
  if (places.quoteMint >= accounts.length && rule.quoteMintOrSol) return wrappedSolMint;
  return accounts[places.quoteMint] ?? null;
};

const requestedOf = ({ places: rule, data }: Found): Requested | null => {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const read = (at: number): string | null =>
    data.length < at + 8 ? null : view.getBigUint64(at, true).toString();
  const base = rule.base === null ? null : read(rule.base.at);
  const quote = rule.quote === null ? null : read(rule.quote.at);
  if (base === null && quote === null) return null;
  return {
    ...(base !== null && (rule.base?.kind === "limit" ? { baseLimit: base } : { base })),
    ...(quote !== null && (rule.quote?.kind === "limit" ? { quoteLimit: quote } : { quote })),
  };
};

type AmountInput = {
  readonly one: Found;
  readonly all: readonly Found[];
  readonly meta: RpcMeta | null;
  readonly flows: Flows | null;
  readonly mint: string | null;
  readonly user: string | null;
  readonly quoteMint: string | null;
};

type Amounts = { readonly base: bigint | null; readonly quote: bigint | null };

const unknown: Amounts = { base: null, quote: null };

// The event's amounts; else the change of the user's balances, if it can only be this match's.
const amountsOf = (input: AmountInput): Amounts => {
  const { one, all, meta, flows, mint, user, quoteMint } = input;
  // A failed transaction traded nothing.
  if (meta === null || flows === null || meta.failed === true) return unknown;
  if (one.event !== null) return one.event;
  const { direction } = one.places;
  if (direction !== "buy" && direction !== "sell") return unknown;
  if (all.length > 1 || mint === null || user === null || quoteMint === null) return unknown;
  return tradeAmounts(meta, { direction, user, mint, quoteMint }, flows);
};
