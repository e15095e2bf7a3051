// The clock of enqueue stamps: microseconds of the machine's monotonic clock, cut to 32 bits, the
// same in all threads of a process. For sojourn times below 35 minutes; it is not the time of day.

// performance.now() starts at zero in each thread; hrtime does not. The first use of `performance`
// loads its module, which takes milliseconds: it must not fall between the two readings.
performance.now();
const originUs = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000;

/** Microseconds of the monotonic clock, not cut: for events and timers. Any thread. */
export const monotonicUs = (): number => originUs + performance.now() * 1000;

/** Now, as an Int32 that wraps. About 40 ns: call it once per batch. */
export const stampNowUs = (): number => (originUs + performance.now() * 1000) | 0;

/** Microseconds from `stampUs` to `nowUs`; right up to 2^31 us. */
export const sojournUs = (stampUs: number, nowUs: number): number => (nowUs - stampUs) | 0;
