import fc from "fast-check";
import { expect, it } from "vitest";

import { TokenBucket } from "../../../engine/send/token-bucket.ts";
import { runSeed } from "../../random.ts";

const seed = runSeed("token-bucket");

it("JB5: lets one request a second through", () => {
  let ms = 5000;
  const bucket = new TokenBucket({ perSecond: 1, burst: 1, nowMs: () => ms });
  expect([bucket.tryTake(), bucket.tryTake(), bucket.waitMs()]).toEqual([true, false, 1000]);
  ms += 999;
  expect([bucket.tryTake(), bucket.waitMs()]).toEqual([false, 1]);
  ms += 1;
  expect([bucket.tryTake(), bucket.tryTake()]).toEqual([true, false]);
  ms += 60_000;
  expect([bucket.tryTake(), bucket.tryTake()]).toEqual([true, false]);
});

it("never lets more through than burst and rate allow, and never waits for nothing", () => {
  const steps = fc.array(fc.nat(700), { maxLength: 200 });
  fc.assert(
    fc.property(
      steps,
      fc.double({ min: 0.1, max: 50, noNaN: true }),
      fc.nat(4),
      (all, rate, more) => {
        let ms = 0;
        let taken = 0;
        const burst = 1 + more;
        const bucket = new TokenBucket({ perSecond: rate, burst, nowMs: () => ms });
        for (const step of all) {
          ms += step;
          const isFree = bucket.waitMs() === 0;
          expect(bucket.tryTake()).toBe(isFree);
          taken += isFree ? 1 : 0;
          expect(taken).toBeLessThanOrEqual(burst + (ms * rate) / 1000 + 1e-6);
        }
        ms += bucket.waitMs() + 1;
        expect(bucket.tryTake()).toBe(true);
      },
    ),
    { seed },
  );
});

it("refuses rates and bursts that are none", () => {
  const nowMs = (): number => 0;
  expect(() => new TokenBucket({ perSecond: 0, burst: 1, nowMs })).toThrow("perSecond=0");
  expect(() => new TokenBucket({ perSecond: 1, burst: 0.5, nowMs })).toThrow("burst=0.5");
});
