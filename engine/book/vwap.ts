// The volume-weighted average price of trades, exact until the last division. Not for the hot
// path: it sums in bigint.
import { decimalScaleMax, decimalValueMax, formatDecimal } from "../../schemas/market/decimal.ts";

/** Decimals of the result; it is rounded half up there. */
const vwapScale = 12;

const sizeScale = BigInt(decimalScaleMax);
const notionalScale = 2n * sizeScale;

/** A trade in integers at its own scales. */
export type ScaledTrade = {
  readonly price: number;
  readonly priceScale: number;
  readonly size: number;
  readonly sizeScale: number;
};

const checkTrade = (trade: ScaledTrade): void => {
  for (const field of ["price", "size"] as const)
    if (!Number.isSafeInteger(trade[field]) || trade[field] < 0)
      throw new RangeError(`${field}=${trade[field]}, integers from 0 to ${decimalValueMax}`);
  for (const field of ["priceScale", "sizeScale"] as const)
    if (!Number.isInteger(trade[field]) || trade[field] < 0 || trade[field] > decimalScaleMax)
      throw new RangeError(`${field}=${trade[field]}, limits 0 to ${decimalScaleMax}`);
};

/** Sums trades whose scales may differ from one to the next. */
export class Vwap {
  #notional = 0n;
  #size = 0n;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @throws RangeError for a price or size below 0 or no integer, or a scale that is not 0 to 18. */
  add(trade: ScaledTrade): void {
    checkTrade(trade);
    const size = BigInt(trade.size);
    const scale = BigInt(trade.sizeScale);
    this.#size += size * 10n ** (sizeScale - scale);
    const missing = notionalScale - scale - BigInt(trade.priceScale);
    this.#notional += BigInt(trade.price) * size * 10n ** missing;
    this.#count += 1;
  }

  /** With 12 decimals, rounded half up; null when nothing was traded. */
  value(): string | null {
    if (this.#size === 0n) return null;
    const divisor = this.#size * 10n ** (sizeScale - BigInt(vwapScale));
    return formatDecimal((2n * this.#notional + divisor) / (2n * divisor), vwapScale);
  }
}
