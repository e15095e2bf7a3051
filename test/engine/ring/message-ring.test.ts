import { describe, expect, it, vi } from "vitest";

import {
  lengthAt,
  recordBytes,
  tagAt,
  typeOfTag,
} from "../../../engine/ring/message-ring-layout.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import {
  controlBytes,
  publishedWord,
  readWord,
  ringPolicies,
} from "../../../engine/ring/ring-control-layout.ts";
import type { RingPolicy } from "../../../engine/ring/ring-control-layout.ts";
import { readRingStats } from "../../../engine/ring/ring-stats.ts";
import { PlainMessageRing } from "../../oracles/plain-message-ring.ts";
import type { Message } from "../../oracles/plain-message-ring.ts";
import { runSeed, seeded } from "../../random.ts";

const canary = 0xa5;
const canaryBytes = 4096;

/** A ring whose positions start where the caller likes, with canaries behind it. */
const ringAt = (capacityBytes: number, policy: RingPolicy, position: number): SharedArrayBuffer => {
  const made = createMessageRing({ capacityBytes, policy });
  const memory = new SharedArrayBuffer(made.byteLength + canaryBytes);
  const bytes = new Uint8Array(memory);
  bytes.set(new Uint8Array(made));
  bytes.fill(canary, made.byteLength);
  const words = new Int32Array(memory);
  words[publishedWord] = position;
  words[readWord] = position;
  return memory;
};

const small = 1024;
const ends = (policy: RingPolicy): [SharedArrayBuffer, MessageRingWriter, MessageRingReader] => {
  const memory = createMessageRing({ capacityBytes: small, policy });
  return [memory, new MessageRingWriter(memory), new MessageRingReader(memory)];
};

const texts = (reader: MessageRingReader, limit = Infinity): string[] => {
  const got: string[] = [];
  const decoder = new TextDecoder();
  for (;;) {
    const drained = reader.drain((_type, index, length) => {
      got.push(decoder.decode(reader.bytes.slice(index, index + length)));
    }, limit - got.length);
    if (drained === 0) return got;
  }
};
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Walks the published records as the layout page says and returns how many are messages. */
const walk = (memory: SharedArrayBuffer, capacity: number): number => {
  const words = new Int32Array(memory);
  const published = Atomics.load(words, publishedWord);
  let messages = 0;
  let position = Atomics.load(words, readWord);
  expect((published - position) | 0).toBeGreaterThanOrEqual(0);
  expect((published - position) | 0).toBeLessThanOrEqual(capacity);
  while (position !== published) {
    const at = controlBytes + (position & (capacity - 1));
    const size = recordBytes(lengthAt(words, at));
    expect(size).toBeGreaterThan(0);
    expect(((position & (capacity - 1)) + size) | 0).toBeLessThanOrEqual(capacity);
    if (typeOfTag(tagAt(words, at)) !== 0) messages += 1;
    position = (position + size) | 0;
  }
  return messages;
};

describe("a message ring", () => {
  it("hands out type, payload and stamp in the order of commits", () => {
    const [, writer, reader] = ends("block");
    writer.stamp(7);
    writer.tryWrite(3, utf8("one"));
    writer.stamp(-8);
    writer.tryWrite(32_767, utf8("two"));
    writer.publish();
    const got: unknown[] = [];
    reader.drain((type, index, length, stampUs) => {
      got.push([type, reader.view.getUint8(index), length, stampUs]);
    }, 10);
    expect(got).toEqual([
      [3, "o".charCodeAt(0), 3, 7],
      [32_767, "t".charCodeAt(0), 3, -8],
    ]);
  });

  it("shows nothing before it is published and nothing while a claim is open", () => {
    const [, writer, reader] = ends("block");
    writer.tryWrite(1, utf8("a"));
    expect(texts(reader)).toEqual([]);
    const first = writer.claim(1, 1);
    const second = writer.claim(1, 1);
    writer.bytes[first] = 98;
    writer.bytes[second] = 99;
    writer.commit(second);
    writer.publish();
    expect(texts(reader)).toEqual([]);
    writer.commit(first);
    writer.publish();
    expect(texts(reader)).toEqual(["a", "b", "c"]);
  });

  it("hands out payloads that start at multiples of eight", () => {
    const [, writer] = ends("block");
    for (const length of [1, 3, 8, 13, 0]) {
      const index = writer.claim(1, length);
      expect(index % 8).toBe(0);
      writer.commit(index);
    }
  });

  it("turns an aborted claim into padding", () => {
    const [memory, writer, reader] = ends("block");
    writer.tryWrite(1, utf8("kept"));
    writer.abort(writer.claim(1, 20));
    writer.tryWrite(1, utf8("also"));
    writer.publish();
    expect(texts(reader)).toEqual(["kept", "also"]);
    expect(readRingStats(memory)).toMatchObject({ written: 2, read: 2, aborted: 1, usedBytes: 0 });
  });

  it("refuses under block without counting, and accepts again when the reader has released", () => {
    const [memory, writer, reader] = ends("block");
    let written = 0;
    while (writer.tryWrite(1, new Uint8Array(112))) written += 1;
    expect(written).toBe(small / 128);
    writer.publish();
    expect(readRingStats(memory).dropped.full).toEqual({ low: 0, high: 0 });
    expect(reader.drain(() => {}, 1)).toBe(1);
    expect(writer.tryWrite(1, new Uint8Array(112))).toBe(true);
    expect(writer.tryWrite(1, new Uint8Array(112))).toBe(false);
  });

  it("drops the newest under drop-newest and counts it by priority", () => {
    const [memory, writer, reader] = ends("drop-newest");
    for (let i = 0; i < 12; i += 1) writer.tryWrite(1, utf8(`${i}`.padEnd(112)), 112, i % 2);
    writer.publish();
    expect(texts(reader).map(Number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(readRingStats(memory).dropped.full).toEqual({ low: 2, high: 2 });
  });

  it("drops the oldest under drop-oldest and counts it by priority", () => {
    const [memory, writer, reader] = ends("drop-oldest");
    for (let i = 0; i < 11; i += 1) writer.tryWrite(1, utf8(`${i}`.padEnd(112)), 112, i % 2);
    writer.publish();
    expect(texts(reader).map(Number)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    expect(readRingStats(memory).dropped.oldest).toEqual({ low: 2, high: 1 });
  });

  it("refuses a message longer than an eighth of the ring, whatever the policy", () => {
    for (const policy of ringPolicies) {
      const [memory, writer] = ends(policy);
      expect(writer.messageBytesMax).toBe(small / 8);
      expect(writer.claim(1, small / 8 + 1)).toBe(-1);
      expect(writer.claim(1, -1, 1)).toBe(-1);
      expect(writer.waitForSpace(small / 8 + 1, 60_000)).toBe(false);
      expect(readRingStats(memory).dropped.oversize).toEqual({ low: 1, high: 1 });
    }
  });

  it("releases the space of a handler that throws and goes on behind the message it threw at", () => {
    for (const policy of ringPolicies) {
      const [memory, writer, reader] = ends(policy);
      for (const text of ["a", "b", "c"]) writer.tryWrite(1, utf8(text));
      writer.publish();
      const thrower = (_type: number, index: number): void => {
        if (reader.bytes[index] === 98) throw new Error("handler");
      };
      expect(() => reader.drain(thrower, 10)).toThrow("handler");
      expect(texts(reader)).toEqual(["c"]);
      expect(readRingStats(memory)).toMatchObject({ read: 3, inFlight: 0, usedBytes: 0 });
    }
  });

  it("loses nothing published and shows nothing unpublished when a writer dies in mid-claim", () => {
    const [memory, writer, reader] = ends("block");
    writer.tryWrite(1, utf8("published"));
    writer.publish();
    writer.tryWrite(1, utf8("committed, never published"));
    writer.bytes.fill(0xff, writer.claim(1, 64), 64);
    const successor = new MessageRingWriter(memory);
    successor.tryWrite(1, utf8("successor"));
    successor.publish();
    expect(texts(reader)).toEqual(["published", "successor"]);
    expect(readRingStats(memory)).toMatchObject({ written: 2, read: 2 });
  });

  it("gives a new reader what the dead one had not released", () => {
    const [memory, writer, reader] = ends("block");
    for (const text of ["a", "b"]) writer.tryWrite(1, utf8(text));
    writer.publish();
    reader.drain(() => {}, 1);
    expect(texts(new MessageRingReader(memory))).toEqual(["b"]);
  });

  it("waits no longer than asked and says so", async () => {
    const [memory, writer, reader] = ends("block");
    expect(reader.waitForMessages(1)).toBe(false);
    expect(await reader.waitForMessagesAsync(1)).toBe(false);
    while (writer.tryWrite(1, new Uint8Array(112))) continue;
    expect(writer.waitForSpace(8, 1)).toBe(false);
    expect(await writer.waitForSpaceAsync(8, 1)).toBe(false);
    expect(reader.waitForMessages(1)).toBe(true);
    expect(readRingStats(memory).parks).toEqual({ reader: 2, writer: 2 });
  });

  it("wakes an event loop on either end", async () => {
    const [memory, writer, reader] = ends("block");
    const woken = reader.waitForMessagesAsync(60_000);
    writer.tryWrite(1, utf8("x"));
    writer.publish();
    expect(await woken).toBe(true);
    while (writer.tryWrite(1, new Uint8Array(112))) continue;
    const room = writer.waitForSpaceAsync(112, 60_000);
    reader.drain(() => {}, 2);
    expect(await room).toBe(true);
    expect(readRingStats(memory).wakes).toEqual({ reader: 1, writer: 1 });
  });

  it("notifies nobody while nobody sleeps", () => {
    const [memory, writer, reader] = ends("block");
    for (let i = 0; i < 100; i += 1) {
      writer.tryWrite(1, utf8("x"));
      writer.publish();
      reader.drain(() => {}, 10);
    }
    expect(readRingStats(memory).wakes).toEqual({ reader: 0, writer: 0 });
  });

  it("sleeps on when a notification is late and nothing has come", () => {
    const [memory, writer, reader] = ends("block");
    const sleeps: number[] = [];
    const wait = vi.spyOn(Atomics, "wait").mockImplementation((...[, , , timeoutMs]: unknown[]) => {
      sleeps.push(Number(timeoutMs));
      if (sleeps.length === 3) {
        writer.tryWrite(1, utf8("x"));
        writer.publish();
      }
      return "ok";
    });
    try {
      expect(reader.waitForMessages(60_000)).toBe(true);
    } finally {
      wait.mockRestore();
    }
    expect(sleeps.length).toBe(3);
    expect(Math.max(...sleeps)).toBe(60_000);
    expect(readRingStats(memory).parks).toEqual({ reader: 1, writer: 0 });
  });

  it("is refused where the memory or the options are wrong", () => {
    const make = (capacityBytes: number): unknown =>
      createMessageRing({ capacityBytes, policy: "block" });
    expect(() => make(1000)).toThrow("capacityBytes=1000 must be a power of two from 1024");
    expect(() => make(512)).toThrow("capacityBytes=512");
    expect(() => make(2 ** 31)).toThrow("to 1073741824");
    expect(() => new MessageRingWriter(new SharedArrayBuffer(4096))).toThrow("no message ring");
    expect(() => readRingStats(new SharedArrayBuffer(4096))).toThrow("no ring");
  });

  it("asserts its invariants under test", () => {
    const [, writer, reader] = ends("block");
    const index = writer.claim(1, 8);
    writer.commit(index);
    expect(() => writer.commit(index)).toThrow("no open claim");
    expect(() => writer.claim(0, 8)).toThrow("type=0");
    expect(() => writer.claim(32_768, 8)).toThrow("type=32768");
    const [, other, nested] = ends("block");
    other.tryWrite(1, utf8("x"));
    other.publish();
    expect(() => nested.drain(() => nested.drain(() => {}, 1), 1)).toThrow("from a handler");
    expect(reader.drain(() => {}, 1)).toBe(0);
  });
});

describe("a message ring and its plain twin", () => {
  const steps = 4_000;
  // Across zero, across the largest Int32, and in the ordinary middle.
  const starts = [-2048, 2 ** 31 - 2048, 0];
  for (const policy of ringPolicies)
    for (const start of starts)
      it(`agree at every step, ${policy}, positions from ${start}`, () => {
        const seed = runSeed(`message ring ${policy} ${start}`);
        const random = seeded(seed);
        const memory = ringAt(small, policy, start | 0);
        const end = memory.byteLength - canaryBytes;
        let writer = new MessageRingWriter(memory);
        let reader = new MessageRingReader(memory);
        const twin = new PlainMessageRing(small, policy, start | 0);
        const write = (): void => {
          const payload = random.bytes(random.below(random.below(8) === 0 ? 140 : 60));
          const message: Message = {
            type: 1 + random.below(32_767),
            stampUs: random.below(2 ** 32) | 0,
            priority: random.below(2),
            payload,
          };
          const keep = random.below(10) > 0;
          writer.stamp(message.stampUs);
          const index = writer.claim(message.type, payload.length, message.priority);
          expect(index >= 0).toBe(twin.write(message, keep));
          if (index < 0) return;
          writer.bytes.set(payload, index);
          if (keep) writer.commit(index);
          else writer.abort(index);
        };
        const words = new Int32Array(memory);
        const drain = (): void => {
          const before = Atomics.load(words, readWord);
          const drained = reader.drain(
            (type, index, length, stampUs) => {
              const message = twin.read();
              expect([type, stampUs, length]).toEqual([
                message?.type,
                message?.stampUs,
                message?.payload.length,
              ]);
              expect(reader.bytes.slice(index, index + length)).toEqual(message?.payload);
            },
            1 + random.below(6),
          );
          twin.release((Atomics.load(words, readWord) - before) | 0);
          if (drained === 0) expect(twin.published).toBe(0);
        };
        const publish = (): void => {
          writer.publish();
          twin.publish();
        };
        for (let step = 0; step < steps; step += 1) {
          const choice = random.below(20);
          if (choice < 11) write();
          else if (choice < 15) publish();
          else if (choice < 19) drain();
          else {
            publish();
            writer = new MessageRingWriter(memory);
            reader = new MessageRingReader(memory);
          }
          const { counts, oldest } = twin;
          const stats = readRingStats(memory);
          expect(stats).toMatchObject({
            read: counts.read,
            written: counts.written,
            aborted: counts.aborted,
            dropped: {
              full: { low: counts.full[0], high: counts.full[1] },
              oversize: { low: counts.oversize[0], high: counts.oversize[1] },
              oldest: { low: oldest[0], high: oldest[1] },
            },
          });
          // in = out + dropped + aborted + in flight, at every moment.
          const sum = (pair: readonly number[]): number => (pair[0] ?? 0) + (pair[1] ?? 0);
          expect(stats.inFlight).toBe(walk(memory, small));
          expect(counts.offered).toBe(
            counts.read +
              sum(oldest) +
              sum(counts.full) +
              sum(counts.oversize) +
              counts.aborted +
              twin.held,
          );
          expect(twin.published).toBe(stats.inFlight);
        }
        const behind = new Uint8Array(memory).subarray(end);
        expect(behind.every((byte) => byte === canary)).toBe(true);
      });
});
