// One clock for all threads of the process. performance.now() starts at zero in each thread;
// hrtime is the same everywhere but makes a BigInt. So each thread measures the distance between
// the two once, and reads performance.now() (39 ns) afterwards.

const offsetUs = Number(process.hrtime.bigint() / 1_000n) - Math.floor(performance.now() * 1_000);

/** Microseconds since an arbitrary start that all threads of this process share. */
export const nowUs = (): number => performance.now() * 1_000 + offsetUs;

/** The same as an Int32 that wraps every 71 minutes: the form of enqueue stamps. */
export const stampNowUs = (): number => nowUs() | 0;

/** Microseconds from one stamp to another; right for distances below 35 minutes, never negative. */
export const stampDistanceUs = (fromUs: number, toUs: number): number =>
  Math.max(0, (toUs - fromUs) | 0);
