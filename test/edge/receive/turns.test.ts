import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { readConfig } from "../../../edge/config.ts";
import { BodyReader } from "../../../edge/receive/body.ts";
import { type Turn, Turns } from "../../../edge/receive/turns.ts";

const kibibyte = 1024;
const json = "application/json";
const { body: defaults } = readConfig({ KAFKA_BROKERS: "a:1" });

/** Room for two JSON bodies of 100 KiB; two more may wait. */
const setUp = () => {
  const limits = {
    ...defaults,
    heldBytesMax: 1300 * kibibyte,
    bodiesBytesMax: 200 * kibibyte,
    bodyMsMax: 1000,
  };
  const bodies = new BodyReader(limits);
  const turns = new Turns({ limits, answerMsMax: 3000, bodies, nowMs: Date.now });
  const size = 100 * kibibyte;
  const wait = (bodyBytesMax = size, keptBytes = bodyBytesMax) =>
    turns.wait({ keptBytes, bodyBytesMax, mediaType: json });
  return { bodies, turns, size, wait };
};

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const taken = (found: unknown): Turn => {
  expect(found).toHaveProperty("bytes");
  return found as Turn;
};

describe("large requests", () => {
  test("are taken while their estimates fit; JSON counts six times, protobuf eight", () => {
    const { turns, size } = setUp();
    expect(turns.hasRoomFor(size, json)).toBe(true);
    turns.take(size, json);
    expect(turns.heldBytes).toBe(6 * size);
    expect(turns.hasRoomFor(size, "application/x-protobuf")).toBe(false);
    expect(turns.hasRoomFor(size, json)).toBe(true);
    turns.take(size, json);
    expect(turns.hasRoomFor(size, json)).toBe(false);
  });

  test("of any size are taken when nobody else has a turn", () => {
    const { turns, size } = setUp();
    expect(turns.hasRoomFor(100 * size, json)).toBe(true);
    const turn = turns.take(100 * size, json);
    expect(turns.hasRoomFor(size, json)).toBe(false);
    turns.leave(turn);
    expect([turns.heldBytes, turns.hasRoomFor(size, json)]).toEqual([0, true]);
  });

  test("get their turns in order of arrival, also small behind large ones", async () => {
    const { turns, size, wait, bodies } = setUp();
    const first = turns.take(size, json);
    const second = turns.take(size, json);
    const order: string[] = [];
    const large = wait(2 * size, size).then((turn) => (order.push("large"), turn));
    const small = wait(size / 2).then((turn) => (order.push("small"), turn));
    expect([turns.waiting, bodies.arrivingBytes]).toEqual([2, 1.5 * size]);
    turns.leave(first);
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual([]);
    turns.leave(second);
    turns.leave(taken(await large));
    turns.leave(taken(await small));
    expect(order).toEqual(["large", "small"]);
    expect([turns.waiting, turns.heldBytes, bodies.arrivingBytes]).toEqual([0, 0, 0]);
  });

  test("that are smaller than they were thought to be let others in", async () => {
    const { turns, size, wait } = setUp();
    const turn = turns.take(2 * size, json);
    const other = wait();
    turns.shrink(turn, size, json);
    taken(await other);
    expect(turns.heldBytes).toBe(12 * size);
    turns.shrink(turn, 2 * size, json);
    expect(turns.heldBytes).toBe(12 * size);
  });

  test("are refused when as many wait as may arrive, and after bodyMsMax", async () => {
    const { turns, size, wait, bodies } = setUp();
    turns.take(2 * size, json);
    const waiting = [wait(), wait()];
    expect(await wait()).toMatchObject({ code: "overloaded" });
    await vi.advanceTimersByTimeAsync(1000);
    for (const one of await Promise.all(waiting)) expect(one).toMatchObject({ code: "overloaded" });
    expect([turns.waiting, bodies.arrivingBytes]).toEqual([0, 0]);
    expect(turns.heldBytes).toBe(12 * size);
  });

  test("that ended without a word do not keep their turns and places for ever", async () => {
    const { turns, size, bodies } = setUp();
    const turn = turns.take(2 * size, json);
    // As workerd ends a request: its timer never rings.
    const lost = vi.spyOn(globalThis, "setTimeout").mockReturnValueOnce(0 as never);
    void turns.wait({ keptBytes: size, bodyBytesMax: size, mediaType: json });
    lost.mockRestore();
    vi.advanceTimersByTime(7999);
    expect([turns.hasRoomFor(size, json), turns.waiting]).toEqual([false, 0]);
    vi.advanceTimersByTime(2);
    expect(turns.hasRoomFor(size, json)).toBe(true);
    expect([turns.heldBytes, bodies.arrivingBytes]).toEqual([0, 0]);
    turns.leave(turn);
    expect(turns.heldBytes).toBe(0);
  });
});
