// Writes one match of the transaction just inspected as a candidate record, in place: into the
// memory of a ring or of a frame. The only writer of that format; candidate.ts reads it.
import {
  candidateAccountsMax as candidateAccountsMaxShared,
  candidateAt,
  candidateBytes as candidateBytesShared,
  candidateFlag,
  candidateVersion as candidateVersionShared,
} from "../../schemas/market/candidate-layout.ts";
import { copyKey } from "../../schemas/market/key-words.ts";
import {
  type InstructionForm,
  wrappedSolKey as wrappedSolKeyShared,
} from "../../schemas/market/programs.ts";
import {
  type TransactionItem,
  transactionItemFlag,
} from "../../schemas/market/transaction-item.ts";
import { keyBytes as keyBytesShared } from "../../schemas/market/transaction-layout.ts";
import {
  matchField as matchFieldShared,
  type MatchTable,
  quoteIsSol as quoteIsSolShared,
} from "./match-table.ts";

// Own constants, because an imported binding is loaded at each use.
const candidateAccountsMax: number = candidateAccountsMaxShared;
const at = candidateAt;
const candidateBytes: number = candidateBytesShared;
const flag = candidateFlag;
const candidateVersion: number = candidateVersionShared;
const itemFlag = transactionItemFlag;
const keyBytes: number = keyBytesShared;
const matchField = matchFieldShared;
const quoteIsSol: number = quoteIsSolShared;
const wrappedSolKey = wrappedSolKeyShared;

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

/** One for each match table and its thread; `write` allocates nothing. */
export class CandidateWriter {
  readonly #table: MatchTable;
  readonly #limits: Uint16Array;

  constructor(table: MatchTable) {
    this.#table = table;
    this.#limits = Uint16Array.from(table.rules.flatMap(limitFlags));
  }

  /**
   * Writes `candidateBytes` at `offset` of `to` for match `index` of the transaction in `from`.
   * `item` tells slot, index and receive time; `to` must have room.
   */
  write(place: CandidatePlace, offset: number, index: number, item: TransactionItem): void {
    const { from, to } = place;
    const table = this.#table;
    zeroReserved(to, offset);
    const instruction = table.match(index, matchField.instruction);
    to.setUint8(offset + at.version, candidateVersion);
    copyKey(from, table.signaturesAt, to, offset + at.signature);
    copyKey(from, table.signaturesAt + keyBytes, to, offset + at.signature + keyBytes);
    copyKey(from, table.match(index, matchField.programAt), to, offset + at.program);
    const dataAt = table.match(index, matchField.dataAt);
    to.setInt32(offset + at.discriminator, from.getInt32(dataAt, true), true);
    to.setInt32(offset + at.discriminator + 4, from.getInt32(dataAt + 4, true), true);
    to.setUint16(offset + at.match, index, true);
    to.setUint16(offset + at.instruction, instruction, true);
    to.setUint8(offset + at.direction, table.match(index, matchField.direction));
    const flags =
      this.#writeKeys(place, offset, index) |
      this.#writeAmounts(place, offset, index) |
      writeItem(item, to, offset);
    to.setUint16(offset + at.flags, flags, true);
  }

  /**
   * Appends the first `candidateAccountsMax` accounts of the instruction behind a record that
   * `write` wrote at `offset`, and returns the record's whole length.
   */
  writeAccounts({ from, to }: CandidatePlace, offset: number, index: number): number {
    const table = this.#table;
    const listed = table.match(index, matchField.accountCount);
    const count = listed < candidateAccountsMax ? listed : candidateAccountsMax;
    let known = 0;
    for (let i = 0; i < count; i += 1) {
      const keyAt = table.accountKeyAt(from, index, i);
      if (keyAt >= 0) known |= 1 << i;
      copyOrZero(from, keyAt, to, offset + candidateBytes + i * keyBytes);
    }
    to.setUint8(offset + at.accountCount, count);
    to.setUint8(offset + at.accountsKnown, known);
    return candidateBytes + count * keyBytes;
  }

  #writeKeys({ from, to }: CandidatePlace, offset: number, index: number): number {
    const table = this.#table;
    const quoteMint = table.match(index, matchField.quoteMintAt);
    const mint = table.match(index, matchField.mintAt);
    const user = table.match(index, matchField.userAt);
    const pool = table.match(index, matchField.poolAt);
    if (quoteMint === quoteIsSol) copyKey(wrappedSolKey, 0, to, offset + at.quoteMint);
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
    const table = this.#table;
    const base = table.match(index, matchField.baseAt);
    const quote = table.match(index, matchField.quoteAt);
    copyU64OrZero(from, base, to, offset + at.baseAmount);
    copyU64OrZero(from, quote, to, offset + at.quoteAmount);
    const known = (base >= 0 ? flag.baseAmount : 0) | (quote >= 0 ? flag.quoteAmount : 0);
    const rule = table.match(index, matchField.rule);
    const limits = this.#limits[rule * 2 + table.match(index, matchField.isTurned)] as number;
    // The limit bits stand two above those that say the amount is there at all.
    const amounts = known | (limits & (known << 2));
    if (base < 0 || quote < 0) return amounts;
    const units = u64Near(from, base);
    const price = u64Near(from, quote);
    // No price: 0 and the largest u64 are what senders write who set no limit.
    if (units === 0 || price === 0 || price === u64MaxNear) return amounts;
    to.setFloat64(offset + at.priceHint, price / units, true);
    return amounts | flag.priceHint;
  }
}

/** Stamps the identity on a record that was written at `offset`. */
export const stampOrigin = (to: DataView, offset: number, origin: CandidateOrigin): void => {
  to.setUint8(offset + at.topic, origin.topic);
  to.setUint32(offset + at.partition, origin.partition, true);
  to.setUint32(offset + at.offset, origin.offset >>> 0, true);
  to.setUint32(offset + at.offset + 4, Math.floor(origin.offset / 2 ** 32), true);
  to.setUint32(offset + at.frameIndex, origin.frameIndex, true);
};

const u64MaxNear = 2 ** 64;

/** A u64 as the nearest double: for ratios, never for amounts. */
const u64Near = (view: DataView, offset: number): number =>
  view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;

/** Of a match as its rule says, and of one that is turned. */
const limitFlags = ({ base, quote }: InstructionForm): readonly number[] => [
  (base?.kind === "limit" ? flag.baseIsLimit : 0) |
    (quote?.kind === "limit" ? flag.quoteIsLimit : 0),
  (quote?.kind === "limit" ? flag.baseIsLimit : 0) |
    (base?.kind === "limit" ? flag.quoteIsLimit : 0),
];

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

// What no field of a match fills: origin, the price hint, and from the match number on.
const zeroReserved = (to: DataView, offset: number): void => {
  for (let i = at.version; i < at.index; i += 4) to.setInt32(offset + i, 0, true);
  to.setFloat64(offset + at.priceHint, 0, true);
  for (let i = at.match; i < candidateBytes; i += 4) to.setInt32(offset + i, 0, true);
};

const zeros = new DataView(new ArrayBuffer(keyBytes));

const copyOrZero = (from: DataView, fromAt: number, to: DataView, toAt: number): void => {
  if (fromAt >= 0) copyKey(from, fromAt, to, toAt);
  else copyKey(zeros, 0, to, toAt);
};

const copyU64OrZero = (from: DataView, fromAt: number, to: DataView, toAt: number): void => {
  if (fromAt >= 0) to.setBigInt64(toAt, from.getBigInt64(fromAt, true), true);
  else to.setFloat64(toAt, 0, true);
};
