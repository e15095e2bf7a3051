// Events that the launch programs tell themselves: exact amounts of what happened. Layouts are
// prefixes; programs append fields, so longer payloads are accepted, and what is needed of them is
// found where it is there. Offsets count from the start of the self-call's data: 8 bytes event tag,
// 8 bytes event discriminator, payload.
import { encodeBase58 } from "../../schemas/market/base58.ts";
import { type Direction, eventTag, type ProgramName } from "../../schemas/market/programs.ts";
import { keyBytes } from "../../schemas/market/transaction-layout.ts";

export type TradeEvent = {
  readonly direction: Direction;
  readonly base: bigint;
  readonly quote: bigint;
  /** Absent where the event names only the pool. */
  readonly mint: string | null;
  readonly user: string | null;
  /** More of the trade that the event before it told of: its amounts come on top. */
  readonly isRest: boolean;
};

type Layout = {
  readonly program: ProgramName;
  /** 16 hex digits: first 8 bytes of sha256("event:<name>"). */
  readonly discriminator: string;
  readonly event: string;
  /** Least bytes of the whole data. */
  readonly bytesMin: number;
  /** Of a byte that is 1 for a buy; else `direction` says it. */
  readonly isBuyAt: number | null;
  readonly direction: Direction;
  /**
   * Of a u64 before and after: one that grew is a buy. `base` is then what came out and `quote`
   * what went in; the other way round for a sell.
   */
  readonly growth: { readonly before: number; readonly after: number } | null;
  readonly base: number;
  readonly quote: number;
  /** Of the name with which those fields begin that tell another quote than SOL (`otherQuote`). */
  readonly nameAt: number | null;
  readonly mint: number | null;
  readonly user: number | null;
  /** As `TradeEvent.isRest`; left out is no. */
  readonly isRest?: true;
};

const swapEvent = {
  program: "PumpSwap",
  bytesMin: 192,
  isBuyAt: null,
  growth: null,
  nameAt: null,
  mint: null,
} as const;

/** Known events; discriminators are recomputed by a test. */
export const eventLayouts: readonly Layout[] = [
  {
    program: "pump.fun",
    event: "TradeEvent",
    discriminator: "bddb7fd34ee661ee",
    bytesMin: 97,
    isBuyAt: 64,
    growth: null,
    direction: "buy",
    mint: 16,
    quote: 48,
    nameAt: 266,
    base: 56,
    user: 65,
  },
  {
    // What the purchase that completes a curve buys of the pool to be.
    program: "pump.fun",
    event: "PostCompleteBuyEvent",
    discriminator: "6fb06d8b316cd5fb",
    bytesMin: 168,
    isBuyAt: null,
    growth: null,
    nameAt: null,
    direction: "buy",
    mint: 48,
    quote: 160,
    base: 152,
    user: 16,
    isRest: true,
  },
  {
    ...swapEvent,
    event: "BuyEvent",
    discriminator: "67f4521f2cf57777",
    direction: "buy",
    base: 24,
    quote: 72,
    user: 160,
  },
  {
    ...swapEvent,
    event: "SellEvent",
    discriminator: "3e2f370aa503dc2a",
    direction: "sell",
    base: 24,
    quote: 72,
    user: 160,
  },
  {
    program: "PumpSwap",
    event: "CreatePoolEvent",
    discriminator: "b1310cd2a076a774",
    bytesMin: 140,
    isBuyAt: null,
    growth: null,
    nameAt: null,
    direction: "create",
    user: 26,
    mint: 58,
    base: 124,
    quote: 132,
  },
  {
    // Fields behind the amounts differ between versions of the program, the direction among them;
    // the pool's quote reserve tells it in all.
    program: "LaunchLab",
    event: "TradeEvent",
    discriminator: "bddb7fd34ee661ee",
    bytesMin: 120,
    isBuyAt: null,
    growth: { before: 80, after: 96 },
    nameAt: null,
    direction: "buy",
    mint: null,
    user: null,
    base: 112,
    quote: 104,
  },
];

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Whether data is an event's self-call, known or not: data of a match, never a match. */
export const isEvent = (data: Uint8Array): boolean => hex(data.subarray(0, 8)) === eventTag;

/** The event in the data of a self-call of `program`; null when it is none that is known. */
export const decodeEvent = (program: string, data: Uint8Array): TradeEvent | null => {
  if (!isEvent(data)) return null;
  const discriminator = hex(data.subarray(8, 16));
  const layout = eventLayouts.find(
    (one) => one.program === program && one.discriminator === discriminator,
  );
  if (layout === undefined || data.length < layout.bytesMin) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const key = (at: number): string => encodeBase58(data, at, at + 32);
  const u64 = (at: number): bigint => view.getBigUint64(at, true);
  const { growth, nameAt } = layout;
  const other = nameAt === null ? null : otherQuote(view, nameAt);
  const shrank = growth !== null && u64(growth.after) < u64(growth.before);
  const isSell = shrank || (layout.isBuyAt !== null && data[layout.isBuyAt] !== 1);
  return {
    direction: isSell ? "sell" : layout.direction,
    base: u64(shrank ? layout.quote : layout.base),
    quote: other ?? u64(shrank ? layout.base : layout.quote),
    mint: layout.mint === null ? null : key(layout.mint),
    user: layout.user === null ? null : key(layout.user),
    isRest: layout.isRest === true,
  };
};

const shareholderBytes = 34;
// A flag and four u64, which stand between the name and the list of shareholders.
const betweenBytes = 33;

/**
 * The amount in another mint than SOL, which newer events of pump.fun tell behind a name and a list:
 * what older ones have as the amount of SOL is 0 then. Null where SOL is the quote.
 */
const otherQuote = (view: DataView, nameAt: number): bigint | null => {
  const end = view.byteLength;
  if (nameAt + 4 > end) return null;
  const listAt = nameAt + 4 + view.getUint32(nameAt, true) + betweenBytes;
  if (listAt + 4 > end) return null;
  const mintAt = listAt + 4 + view.getUint32(listAt, true) * shareholderBytes;
  const amountAt = mintAt + keyBytes;
  if (amountAt + 8 > end) return null;
  for (let at = mintAt; at < amountAt; at += 1) {
    if (view.getUint8(at) !== 0) return view.getBigUint64(amountAt, true);
  }
  return null;
};
