// A wait ends with the work, or when its time is over.
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { orLate } from "../../schemas/or-late.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("what is done in time is the answer, and no timer is left", async () => {
  expect(await orLate(Promise.resolve("done"), 100, () => "late")).toBe("done");
  await expect(orLate(Promise.reject(new Error("broken")), 100, () => "late")).rejects.toThrow(
    "broken",
  );
  expect(vi.getTimerCount()).toBe(0);
});

test("what takes longer than its time is late, by a value or by a rejection", async () => {
  const never = new Promise<string>(() => undefined);
  const value = orLate(never, 100, () => "late");
  const rejection = orLate(never, 100, () => Promise.reject(new Error("no answer")));
  const refused = expect(rejection).rejects.toThrow("no answer");
  await vi.advanceTimersByTimeAsync(99);
  expect(await Promise.race([value, Promise.resolve("waits")])).toBe("waits");
  await vi.advanceTimersByTimeAsync(1);
  expect(await value).toBe("late");
  await refused;
});
