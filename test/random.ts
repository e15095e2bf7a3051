// Seeded randomness for tests: every random test prints its seed and accepts one by WEIR_SEED.

export type Random = {
  /** A float in [0, 1). */
  readonly next: () => number;
  /** An integer in [0, below). */
  readonly below: (below: number) => number;
  readonly bytes: (count: number) => Uint8Array<ArrayBuffer>;
  readonly pick: <T>(from: readonly T[]) => T;
};

/** Mulberry32 (Tommy Ettinger, public domain): small, fast, good enough for tests. */
export const seeded = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    bytes: (count) => Uint8Array.from({ length: count }, () => below(256)),
    pick: <T>(from: readonly T[]): T => {
      if (from.length === 0) throw new Error("pick from nothing");
      return from[below(from.length)] as T;
    },
  };
};

/** The seed of this run, printed so that a failure can be repeated. */
export const runSeed = (label: string): number => {
  const seed = Number(process.env["WEIR_SEED"] ?? Date.now() % 2 ** 31);
  process.stderr.write(`${label}: WEIR_SEED=${seed}\n`);
  return seed;
};
