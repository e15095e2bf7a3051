import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { unlimited } from "../../../edge/authenticate/tenant-document.ts";
import { TenantMeter, TokenBucket } from "../../../edge/authenticate/token-bucket.ts";

describe("the bucket", () => {
  test("starts full and says when it will have enough", () => {
    const bucket = new TokenBucket(10, 20, 0);
    expect(bucket.waitMs(20, 0)).toBe(0);
    bucket.take(20, 0);
    expect(bucket.waitMs(1, 0)).toBe(100);
    expect(bucket.waitMs(1, 100)).toBe(0);
    expect(bucket.waitMs(20, 100)).toBe(1900);
  });

  test("asks for no more than it holds", () => {
    const bucket = new TokenBucket(10, 5, 0);
    expect(bucket.waitMs(1000, 0)).toBe(0);
  });

  test("goes into debt and repays it", () => {
    const bucket = new TokenBucket(100, 100, 0);
    bucket.take(600, 0);
    expect(bucket.waitMs(1, 0)).toBe(5010);
    expect(bucket.waitMs(1, 5010)).toBe(0);
  });

  test("is not filled by a clock that runs backwards", () => {
    const bucket = new TokenBucket(10, 10, 1000);
    bucket.take(10, 1000);
    expect(bucket.waitMs(1, 500)).toBe(100);
    expect(bucket.waitMs(1, 1000)).toBe(100);
  });

  test("is filled on by a clock that was set back", () => {
    const bucket = new TokenBucket(10, 10, 3_600_000);
    bucket.take(10, 3_600_000);
    expect(bucket.waitMs(1, 0)).toBe(100);
    expect(bucket.waitMs(1, 100)).toBe(0);
  });

  test("never lets through more than burst and rate allow, whatever comes when", () => {
    const steps = fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 30 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (moves) => {
        const bucket = new TokenBucket(50, 20, 0);
        let nowMs = 0;
        let taken = 0;
        let last = 0;
        for (const [ms, tokens] of moves) {
          nowMs += ms;
          if (bucket.waitMs(1, nowMs) > 0) continue;
          bucket.take(tokens, nowMs);
          taken += tokens;
          last = tokens;
        }
        return taken - last <= 20 + (nowMs / 1000) * 50;
      }),
    );
  });
});

describe("the meter", () => {
  test("without rates lets everything in", () => {
    const meter = new TenantMeter(unlimited, 0);
    meter.charge(1e12, 0);
    expect(meter.admit(0)).toBeUndefined();
  });

  test("refuses by requests, with the time to come again", () => {
    const meter = new TenantMeter({ ...unlimited, requestsPerS: 2, requestsBurst: 3 }, 0);
    for (let i = 0; i < 3; i += 1) expect(meter.admit(0)).toBeUndefined();
    expect(meter.admit(0)).toMatchObject({ code: "rate-limited", retryAfterS: 1 });
    expect(meter.admit(500)).toBeUndefined();
  });

  test("takes a request larger than the burst and is shut until it is repaid", () => {
    const meter = new TenantMeter({ ...unlimited, itemsPerS: 10, itemsBurst: 10 }, 0);
    expect(meter.admit(0)).toBeUndefined();
    meter.charge(100, 0);
    expect(meter.admit(0)).toMatchObject({ code: "rate-limited", retryAfterS: 10 });
    expect(meter.admit(9100)).toBeUndefined();
  });

  test("refuses for the rest of the day when the quota is used up", () => {
    const dayMs = 86_400_000;
    const meter = new TenantMeter({ ...unlimited, itemsPerDay: 100 }, dayMs);
    meter.charge(100, dayMs + 1000);
    const refused = meter.admit(2 * dayMs - 60_000);
    expect(refused).toMatchObject({ code: "quota-exceeded", retryAfterS: 60 });
    expect(meter.admit(2 * dayMs)).toBeUndefined();
  });
});
