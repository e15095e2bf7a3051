// Which candidates are HIGH: launches and migrations always; a trade when the SOL that it moves is
// above the long average times a threshold that follows the market. Averages are drained in fixed
// intervals of time; an interval without trades changes nothing. The threshold approaches a
// target instead of adding up differences, so it always comes back:
//
//   ratio = short EMA / long EMA (1 while there is none)
//   threshold += rate x (clamp(initial x ratio, 0.5, 5) - threshold)
import {
  candidateAt,
  candidateDirections,
  candidateFlag,
} from "../../schemas/market/candidate-layout.ts";
import { isSameKey } from "../../schemas/market/key-words.ts";
import { wrappedSolKey } from "../../schemas/market/programs.ts";
import { priorityHigh, priorityLow } from "../ring/ring-control-layout.ts";
import { recordHeaderBytes } from "../../schemas/market/stage-message.ts";

/** Bounds of the threshold. */
export const thresholdMin = 0.5;
export const thresholdMax = 5;

/** Weights, bounds and interval of the averages. */
export type VolumeOptions = {
  /** Weights of a new average, 0 to 1; the short one is the larger. */
  readonly emaAlphaShort: number;
  readonly emaAlphaLong: number;
  /** 0.5 to 5. */
  readonly initialThreshold: number;
  /** 0 to 1: how much of the way to its target the threshold goes in one interval. */
  readonly thresholdUpdateRate: number;
  /** 1 to 3,600,000. */
  readonly emaUpdateIntervalMs: number;
};

/** The end of the interval, and the volume above which an event is high. */
const nextUsCell = 0;
const highAboveCell = 1;
/** Sums of an interval, taken in turn: an addition to one would wait for the one before it. */
const sumCount = 4;

/** Defaults as in the original. */
export const volumeDefaults: VolumeOptions = {
  emaAlphaShort: 0.2,
  emaAlphaLong: 0.05,
  initialThreshold: 1.5,
  thresholdUpdateRate: 0.1,
  emaUpdateIntervalMs: 200,
};

/** The averages by themselves; volumes are any unit, always the same. One thread. */
export class VolumeAverages {
  /** 0 until the first interval with a volume. */
  shortEma = 0;
  longEma = 0;
  threshold: number;
  /** Intervals that changed the averages. */
  updates = 0;
  #options: VolumeOptions;
  // What each event touches, in memory: numbers in fields may be objects.
  readonly #cells = Float64Array.of(0, Number.POSITIVE_INFINITY);
  readonly #sums = new Float64Array(sumCount);
  readonly #count = new Int32Array(1);

  /** @throws RangeError naming the field. */
  constructor(options: VolumeOptions = volumeDefaults) {
    checkOptions(options);
    this.#options = options;
    this.threshold = options.initialThreshold;
  }

  /**
   * Other options from the next interval on; averages stay, and the threshold moves from where it is.
   *
   * @throws RangeError naming the field; the old ones then go on.
   */
  configure(options: VolumeOptions): void {
    checkOptions(options);
    this.#options = options;
  }

  /** Begins the first interval. */
  start(nowUs: number): void {
    this.#cells[nextUsCell] = nowUs + this.#options.emaUpdateIntervalMs * 1000;
  }

  /** Adds a volume to the current interval; not finite or negative ones are ignored. */
  add(volume: number): void {
    if (!(volume >= 0 && volume < Number.POSITIVE_INFINITY)) return;
    const before = this.#count[0] as number;
    this.#count[0] = before + 1;
    const sum = before & (sumCount - 1);
    this.#sums[sum] = (this.#sums[sum] as number) + volume;
  }

  /** Short by long average: above 1 volumes grow. */
  acceleration(): number {
    return this.longEma === 0 ? 1 : this.shortEma / this.longEma;
  }

  /** Whether a volume is high against the averages so far; never before there are any. */
  isHigh(volume: number): boolean {
    return volume > (this.#cells[highAboveCell] as number);
  }

  /**
   * How much a volume is of what it would have to be, as a share: 0.5 at the bound above which it is
   * high, towards 1 beyond; 0 before there are averages.
   */
  confidence(volume: number): number {
    return volume > 0 ? volume / (volume + (this.#cells[highAboveCell] as number)) : 0;
  }

  /** Drains the interval when its time is over; call it at each turn of work. */
  update(nowUs: number): void {
    if (nowUs >= (this.#cells[nextUsCell] as number)) this.#drain(nowUs);
  }

  #drain(nowUs: number): void {
    this.start(nowUs);
    const count = this.#count[0] as number;
    if (count === 0) return;
    const average = this.#takeTotal() / count;
    this.#count[0] = 0;
    this.updates += 1;
    const { emaAlphaShort, emaAlphaLong, initialThreshold, thresholdUpdateRate } = this.#options;
    const isFirst = this.updates === 1;
    this.shortEma = isFirst ? average : this.shortEma + emaAlphaShort * (average - this.shortEma);
    this.longEma = isFirst ? average : this.longEma + emaAlphaLong * (average - this.longEma);
    const wanted = initialThreshold * this.acceleration();
    const target = Math.min(Math.max(wanted, thresholdMin), thresholdMax);
    this.threshold += thresholdUpdateRate * (target - this.threshold);
    const { longEma } = this;
    this.#cells[highAboveCell] = longEma > 0 ? longEma * this.threshold : Number.POSITIVE_INFINITY;
  }

  #takeTotal(): number {
    let total = 0;
    for (let sum = 0; sum < sumCount; sum += 1) {
      total += this.#sums[sum] as number;
      this.#sums[sum] = 0;
    }
    return total;
  }
}

const checkOptions = (options: VolumeOptions): void => {
  const { emaAlphaShort, emaAlphaLong } = options;
  const inRange = (name: keyof VolumeOptions, min: number, max: number): void => {
    const value = options[name];
    if (value >= min && value <= max) return;
    throw new RangeError(`${name}=${value}, limits ${min} to ${max}`);
  };
  inRange("emaAlphaShort", 0, 1);
  inRange("emaAlphaLong", 0, 1);
  inRange("thresholdUpdateRate", 0, 1);
  inRange("initialThreshold", thresholdMin, thresholdMax);
  inRange("emaUpdateIntervalMs", 1, 3_600_000);
  if (emaAlphaShort >= emaAlphaLong) return;
  throw new RangeError(
    `emaAlphaShort=${emaAlphaShort} must not be below emaAlphaLong=${emaAlphaLong}`,
  );
};

const create = candidateDirections.indexOf("create");
const migrate = candidateDirections.indexOf("migrate");

/** Priority of extracted records. One thread: the extract stage's. */
export class VolumePriority {
  readonly averages: VolumeAverages;
  high = 0;
  low = 0;
  // Of the latest transaction, in memory as above.
  readonly #latest = new Float64Array(1);

  constructor(options: VolumeOptions = volumeDefaults) {
    this.averages = new VolumeAverages(options);
  }

  start(nowUs: number): void {
    this.averages.start(nowUs);
  }

  update(nowUs: number): void {
    this.averages.update(nowUs);
  }

  /**
   * How sure the latest answer of `of` is to be HIGH, 0 to 1: 1 for a launch or migration, 0 where no
   * volume is told, else that of the averages, above 0.5 for HIGH.
   */
  confidence(): number {
    return this.#latest[0] as number;
  }

  /**
   * Priority of a transaction with `count` records in the first `bytes` of `records`, each behind
   * its length. Its volume is the largest SOL amount among them; other quotes do not compare and
   * are LOW.
   */
  of(records: DataView, bytes: number, count: number): number {
    let volume = -1;
    let isLaunch = false;
    for (let i = 0, at = 0; i < count && at < bytes; i += 1) {
      const record = at + recordHeaderBytes;
      const direction = records.getUint8(record + candidateAt.direction);
      if (direction === create || direction === migrate) isLaunch = true;
      else volume = Math.max(volume, solVolume(records, record));
      at = record + records.getUint32(at, true);
    }
    this.#latest[0] = isLaunch ? 1 : this.averages.confidence(volume);
    const isHigh = isLaunch || (volume >= 0 && this.averages.isHigh(volume));
    if (volume >= 0) this.averages.add(volume);
    if (isHigh) this.high += 1;
    else this.low += 1;
    return isHigh ? priorityHigh : priorityLow;
  }
}

/**
 * Lamports above this (10,000 SOL) are no volume, and neither are 0: senders write the largest u64,
 * and for a sale 0, where they set no limit. The one would spoil the averages for minutes, and many
 * of the other would make every purchase look large.
 */
const volumeLamportsMax = 10_000e9;

/** Lamports of a record as a double, -1 when it tells none or has another quote. */
const solVolume = (records: DataView, record: number): number => {
  const flags = records.getUint16(record + candidateAt.flags, true);
  if ((flags & candidateFlag.quoteAmount) === 0) return -1;
  if (!isSameKey(records, record + candidateAt.quoteMint, wrappedSolKey, 0)) return -1;
  const at = record + candidateAt.quoteAmount;
  const lamports = records.getUint32(at, true) + records.getUint32(at + 4, true) * 2 ** 32;
  return lamports === 0 || lamports > volumeLamportsMax ? -1 : lamports;
};
