// Writes one match of the transaction just inspected as a candidate record, in place: into the
// memory of a ring or of a frame. The only writer of that format; candidate.ts reads it.
import { decodeKey } from "../../schemas/market/base58.ts";
import {
  candidateAt as at,
  candidateBytes,
  candidateDirections,
  candidateFlag as flag,
  candidateVersion,
} from "../../schemas/market/candidate-layout.ts";
import { type InstructionRule, wrappedSolMint } from "../../schemas/market/programs.ts";
import {
  type TransactionItem,
  transactionItemFlag as itemFlag,
} from "../../schemas/market/transaction-item.ts";
import { instructionField } from "../../schemas/market/transaction-layout.ts";
import { matchField, quoteIsSol, type Sniffer } from "./sniffer.ts";
import type { WatchList } from "./watch-list.ts";

/**
 * Where the transaction came from; reused, filled per record and item by the stage.
 * `offset` is an integer from 0 to 2^53 - 1.
 */
export type CandidateOrigin = {
  /** Index in `candidateTopics`. */
  topic: number;
  partition: number;
  offset: number;
  /** Index of the item in its frame. */
  frameIndex: number;
};

/** Where the match is read and the record written. */
export type CandidatePlace = {
  /** The view that was given to `inspect`. */
  readonly from: DataView;
  readonly to: DataView;
};

/** One for each sniffer and its thread; `write` allocates nothing. */
export class CandidateWriter {
  readonly #sniffer: Sniffer;
  readonly #rules: RuleBits;
  readonly #sol = new DataView((decodeKey(wrappedSolMint) ?? new Uint8Array(32)).buffer);

  constructor(sniffer: Sniffer) {
    this.#sniffer = sniffer;
    this.#rules = ruleBits(sniffer.watch);
  }

  /**
   * Writes `candidateBytes` at `offset` of `to` for match `index` of the last `inspect(from, ...)`.
   * `item` tells slot, index and receive time; `to` must have room.
   */
  write(place: CandidatePlace, offset: number, index: number, item: TransactionItem): void {
    const { from, to } = place;
    const sniffer = this.#sniffer;
    const { transaction } = sniffer;
    zeroReserved(to, offset);
    const rule = sniffer.match(index, matchField.rule);
    const instruction = sniffer.match(index, matchField.instruction);
    to.setUint8(offset + at.version, candidateVersion);
    copyWords(from, transaction.signaturesAt, to, offset + at.signature);
    copyWords(from, transaction.signaturesAt + 32, to, offset + at.signature + 32);
    const program = transaction.keyAt(
      transaction.instruction(instruction, instructionField.program),
    );
    copyWords(from, program, to, offset + at.program);
    const dataAt = transaction.instruction(instruction, instructionField.dataAt);
    to.setInt32(offset + at.discriminator, from.getInt32(dataAt, true), true);
    to.setInt32(offset + at.discriminator + 4, from.getInt32(dataAt + 4, true), true);
    to.setUint16(offset + at.match, index, true);
    to.setUint16(offset + at.instruction, instruction, true);
    to.setUint8(offset + at.direction, this.#rules.direction[rule] as number);
    const flags =
      this.#writeKeys(place, offset, index) |
      this.#writeAmounts(place, offset, index) |
      writeItem(item, to, offset);
    to.setUint16(offset + at.flags, flags, true);
  }

  /** Stamps the identity on a record that `write` wrote at `offset`. */
  stampOrigin(to: DataView, offset: number, origin: CandidateOrigin): void {
    to.setUint8(offset + at.topic, origin.topic);
    to.setUint32(offset + at.partition, origin.partition, true);
    to.setUint32(offset + at.offset, origin.offset >>> 0, true);
    to.setUint32(offset + at.offset + 4, Math.floor(origin.offset / 2 ** 32), true);
    to.setUint32(offset + at.frameIndex, origin.frameIndex, true);
  }

  #writeKeys({ from, to }: CandidatePlace, offset: number, index: number): number {
    const sniffer = this.#sniffer;
    const quoteMint = sniffer.match(index, matchField.quoteMintAt);
    const mint = sniffer.match(index, matchField.mintAt);
    const user = sniffer.match(index, matchField.userAt);
    const pool = sniffer.match(index, matchField.poolAt);
    if (quoteMint === quoteIsSol) copyWords(this.#sol, 0, to, offset + at.quoteMint);
    else copyOrZero(from, quoteMint, to, offset + at.quoteMint);
    copyOrZero(from, mint, to, offset + at.mint);
    copyOrZero(from, user, to, offset + at.user);
    copyOrZero(from, pool, to, offset + at.pool);
    return (
      (quoteMint >= 0 || quoteMint === quoteIsSol ? flag.quoteMint : 0) |
      (mint >= 0 ? flag.mint : 0) |
      (user >= 0 ? flag.user : 0) |
      (pool >= 0 ? flag.pool : 0)
    );
  }

  #writeAmounts({ from, to }: CandidatePlace, offset: number, index: number): number {
    const sniffer = this.#sniffer;
    const base = sniffer.match(index, matchField.baseAt);
    const quote = sniffer.match(index, matchField.quoteAt);
    copyU64OrZero(from, base, to, offset + at.baseAmount);
    copyU64OrZero(from, quote, to, offset + at.quoteAmount);
    const known = (base >= 0 ? flag.baseAmount : 0) | (quote >= 0 ? flag.quoteAmount : 0);
    const limits = this.#rules.limits[sniffer.match(index, matchField.rule)] as number;
    // The limit bits stand two above those that say the amount is there at all.
    return known | (limits & (known << 2));
  }
}

type RuleBits = { readonly direction: Uint8Array; readonly limits: Uint16Array };

const ruleBits = (watch: WatchList): RuleBits => ({
  direction: Uint8Array.from(watch.rules, (rule) => candidateDirections.indexOf(rule.direction)),
  limits: Uint16Array.from(watch.rules, limitFlags),
});

const limitFlags = ({ base, quote }: InstructionRule): number =>
  (base?.kind === "limit" ? flag.baseIsLimit : 0) |
  (quote?.kind === "limit" ? flag.quoteIsLimit : 0);

const writeItem = (item: TransactionItem, to: DataView, offset: number): number => {
  const known = item.flags;
  to.setUint32(offset + at.index, item.index, true);
  to.setUint32(offset + at.slot, item.slotLow, true);
  to.setUint32(offset + at.slot + 4, item.slotHigh, true);
  to.setUint32(offset + at.receiveTime, item.receiveTimeLow, true);
  to.setUint32(offset + at.receiveTime + 4, item.receiveTimeHigh, true);
  return (
    ((known & itemFlag.slot) === 0 ? 0 : flag.slot) |
    ((known & itemFlag.index) === 0 ? 0 : flag.index) |
    ((known & itemFlag.receiveTime) === 0 ? 0 : flag.receiveTime)
  );
};

// What no field of a match fills: origin, the reserved word, and from the match number on.
const zeroReserved = (to: DataView, offset: number): void => {
  for (let i = at.version; i < at.index; i += 4) to.setInt32(offset + i, 0, true);
  to.setInt32(offset + at.reservedWord, 0, true);
  to.setInt32(offset + at.reservedWord + 4, 0, true);
  for (let i = at.match; i < candidateBytes; i += 4) to.setInt32(offset + i, 0, true);
};

// One key, eight words, written out: a loop costs as much again, Uint8Array.set 20 ns by itself.
const copyWords = (from: DataView, fromAt: number, to: DataView, toAt: number): void => {
  to.setInt32(toAt, from.getInt32(fromAt, true), true);
  to.setInt32(toAt + 4, from.getInt32(fromAt + 4, true), true);
  to.setInt32(toAt + 8, from.getInt32(fromAt + 8, true), true);
  to.setInt32(toAt + 12, from.getInt32(fromAt + 12, true), true);
  to.setInt32(toAt + 16, from.getInt32(fromAt + 16, true), true);
  to.setInt32(toAt + 20, from.getInt32(fromAt + 20, true), true);
  to.setInt32(toAt + 24, from.getInt32(fromAt + 24, true), true);
  to.setInt32(toAt + 28, from.getInt32(fromAt + 28, true), true);
};

const zeros = new DataView(new ArrayBuffer(32));

const copyOrZero = (from: DataView, fromAt: number, to: DataView, toAt: number): void => {
  if (fromAt >= 0) copyWords(from, fromAt, to, toAt);
  else copyWords(zeros, 0, to, toAt);
};

const copyU64OrZero = (from: DataView, fromAt: number, to: DataView, toAt: number): void => {
  if (fromAt >= 0) copyU64(from, fromAt, to, toAt);
  else copyU64(zeros, 0, to, toAt);
};

const copyU64 = (from: DataView, fromAt: number, to: DataView, toAt: number): void => {
  to.setInt32(toAt, from.getInt32(fromAt, true), true);
  to.setInt32(toAt + 4, from.getInt32(fromAt + 4, true), true);
};
