// The limits of the windows, checked once where they are built.

/** All in ms but the key limits. */
export type WindowOptions = {
  readonly sizeMs: number;
  /** How far event times may lag behind the newest one and still be counted. */
  readonly latenessMs: number;
  /** A partition without records for so long has its windows closed. */
  readonly idleMs: number;
  /** How much longer than idleMs a live engine waits, see PartitionWindows.tick. */
  readonly idleGraceMs: number;
  /** Event times further ahead of their record's receive time are not counted in windows. */
  readonly futureMsMax: number;
  /** Keys per window; more are counted under the overflow key. */
  readonly keysMax: number;
  /** Bytes of all keys of a window together. */
  readonly keyBytesMax: number;
};

/** 10-s windows; a partition then holds at most two at a time, about 200 KiB each. */
export const windowDefaults: WindowOptions = {
  sizeMs: 10_000,
  latenessMs: 5000,
  idleMs: 15_000,
  idleGraceMs: 2000,
  futureMsMax: 60_000,
  keysMax: 1024,
  keyBytesMax: 1 << 17,
};

const ranges: { readonly [name in keyof WindowOptions]: readonly [min: number, max: number] } = {
  sizeMs: [1, 86_400_000],
  latenessMs: [0, 3_600_000],
  idleMs: [1, 86_400_000],
  idleGraceMs: [0, 86_400_000],
  futureMsMax: [0, 86_400_000],
  keysMax: [1, 1 << 20],
  keyBytesMax: [16, 1 << 28],
};

// The number of windows open at once follows from lateness / size; this bounds their memory.
const latenessWindowsMax = 64;

/** @throws RangeError naming the option, its value and its range. */
export const checkWindowOptions = (options: WindowOptions): void => {
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = options[name as keyof WindowOptions];
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new RangeError(`${name}=${value} must be an integer from ${min} to ${max}`);
    }
  }
  if (options.latenessMs / options.sizeMs > latenessWindowsMax) {
    throw new RangeError(
      `latenessMs=${options.latenessMs} must be at most ${latenessWindowsMax} x sizeMs=${options.sizeMs}`,
    );
  }
};
