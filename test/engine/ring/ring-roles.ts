// What the threads of the ring tests do, by name. Each role checks what it can see by itself and returns
// counts; the test compares them with the allowed outcomes.
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { SlotRingReader } from "../../../engine/ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../../../engine/ring/slot-ring-writer.ts";

export type Task = {
  readonly role: keyof typeof roles;
  readonly memory: SharedArrayBuffer;
  /** Answers of a ping-pong; one Int32 that says "the writer has finished" in the overruns. */
  readonly other?: SharedArrayBuffer;
  readonly records: number;
  readonly seed: number;
};
export type Outcome = { readonly [name: string]: number };

/** Longer than any test: who still sleeps then was not woken. */
const lostMs = 200_000;
const spinsBeforePark = 2_000;
const batch = 128;

/** The next state of a 32-bit generator (Marsaglia's xorshift): cheap enough for ten million records. */
const following = (state: number): number => {
  let next = state;
  next ^= next << 13;
  next ^= next >>> 17;
  next ^= next << 5;
  return next | 0;
};
/** 8 to 64 bytes, never the same for long. */
const lengthOf = (state: number): number => 8 + (state & 56);
const wordOf = (sequence: number, word: number): number => Math.imul(sequence, 0x9e3779b1) + word;

const fill = (words: Int32Array, index: number, length: number, sequence: number): void => {
  words[index >> 2] = sequence;
  for (let word = 1; word < length >> 2; word += 1)
    words[(index >> 2) + word] = wordOf(sequence, word);
};
/** The sequence number of an undamaged payload, else -1. */
const sequenceOf = (words: Int32Array, index: number, length: number): number => {
  const sequence = words[index >> 2] ?? -1;
  for (let word = 1; word < length >> 2; word += 1)
    if (words[(index >> 2) + word] !== (wordOf(sequence, word) | 0)) return -1;
  return sequence;
};

const produceMessages = ({ memory, records, seed }: Task): Outcome => {
  const writer = new MessageRingWriter(memory);
  const words = new Int32Array(memory);
  let state = seed;
  let lost = 0;
  for (let sequence = 0; sequence < records; sequence += 1) {
    state = following(state);
    const length = lengthOf(state);
    let index = writer.claim(1 + (sequence & 7), length);
    while (index < 0) {
      if (!writer.waitForSpace(length, lostMs)) lost += 1;
      index = writer.claim(1 + (sequence & 7), length);
    }
    fill(words, index, length, sequence);
    writer.commit(index);
    if (sequence % batch === 0) writer.publish();
  }
  writer.publish();
  return { lost };
};

const consumeMessages = ({ memory, records, seed }: Task): Outcome => {
  const reader = new MessageRingReader(memory);
  const words = new Int32Array(memory);
  const wrong = { order: 0, type: 0, length: 0, torn: 0, lost: 0 };
  let state = seed;
  let expected = 0;
  const handler = (type: number, index: number, length: number): void => {
    state = following(state);
    const sequence = sequenceOf(words, index, length);
    if (sequence < 0) wrong.torn += 1;
    if (sequence !== expected) wrong.order += 1;
    if (type !== 1 + (expected & 7)) wrong.type += 1;
    if (length !== lengthOf(state)) wrong.length += 1;
    expected += 1;
  };
  let spins = 0;
  for (let got = 0; got < records;) {
    const drained = reader.drain(handler, 512);
    got += drained;
    spins = drained > 0 ? 0 : spins + 1;
    if (spins > spinsBeforePark && !reader.waitForMessages(lostMs)) wrong.lost += 1;
  }
  return wrong;
};

const produceSlots = ({ memory, records }: Task): Outcome => {
  const writer = new SlotRingWriter(memory);
  const { f64, slotBytes } = writer;
  let lost = 0;
  for (let sequence = 0; sequence < records;) {
    const granted = writer.claim(Math.min(batch, records - sequence));
    if (granted === 0 && !writer.waitForSpace(lostMs)) lost += 1;
    if (granted === 0) continue;
    let at = writer.slotBase(0) >> 3;
    for (const end = sequence + granted; sequence < end; sequence += 1, at += slotBytes >> 3)
      for (let word = 0; word < slotBytes >> 3; word += 1) f64[at + word] = sequence + word;
    writer.publish(granted);
  }
  return { lost };
};

const consumeSlots = ({ memory, records }: Task): Outcome => {
  const reader = new SlotRingReader(memory);
  const { f64, slotBytes } = reader;
  const wrong = { words: 0, lost: 0 };
  let spins = 0;
  let sum = 0;
  for (let expected = 0; expected < records;) {
    const run = Math.min(reader.available(), 512);
    spins = run > 0 ? 0 : spins + 1;
    if (spins > spinsBeforePark && !reader.waitForSlots(lostMs)) wrong.lost += 1;
    if (run === 0) continue;
    let at = reader.slotBase(0) >> 3;
    for (const end = expected + run; expected < end; expected += 1, at += slotBytes >> 3)
      for (let word = 0; word < slotBytes >> 3; word += 1) {
        sum += f64[at + word] ?? Number.NaN;
        if (f64[at + word] !== expected + word) wrong.words += 1;
      }
    reader.release(run);
  }
  return { ...wrong, sum };
};

/** Words of `other` in the overruns. */
const finishedWord = 0;
const readyWord = 1;
/** Both ends start together, or there would be no race. */
const meet = (flags: Int32Array, arrives: boolean): void => {
  if (arrives) Atomics.store(flags, readyWord, 1);
  while (Atomics.load(flags, readyWord) === 0) continue;
};

/** Writes without ever waiting: the ring overruns the reader. */
const overrunMessages = ({ memory, other, records, seed }: Task): Outcome => {
  const writer = new MessageRingWriter(memory);
  const words = new Int32Array(memory);
  const flags = new Int32Array(other ?? memory);
  let state = seed;
  let refused = 0;
  meet(flags, false);
  for (let sequence = 0; sequence < records; sequence += 1) {
    state = following(state);
    const length = lengthOf(state);
    const index = writer.claim(1, length);
    if (index < 0) {
      refused += 1;
      continue;
    }
    fill(words, index, length, sequence);
    writer.commit(index);
    if ((state & 7) === 0) writer.publish();
  }
  writer.publish();
  Atomics.store(flags, finishedWord, 1);
  return { refused };
};

type Seen = { read: number; gaps: number; torn: number; backwards: number; last: number };
const note = (seen: Seen, sequence: number): void => {
  if (sequence < 0) seen.torn += 1;
  else if (sequence <= seen.last) seen.backwards += 1;
  else if (sequence > seen.last + 1) seen.gaps += 1;
  seen.read += 1;
  seen.last = Math.max(seen.last, sequence);
};

const followMessages = ({ memory, other }: Task): Outcome => {
  const reader = new MessageRingReader(memory);
  const words = new Int32Array(memory);
  const flags = new Int32Array(other ?? memory);
  const seen = { read: 0, gaps: 0, torn: 0, backwards: 0, last: -1 };
  const handler = (_type: number, index: number, length: number): void => {
    note(seen, sequenceOf(words, index, length));
  };
  meet(flags, true);
  for (;;) {
    const over = Atomics.load(flags, finishedWord) === 1;
    if (reader.drain(handler, 64) === 0 && over) return seen;
  }
};

const overrunSlots = ({ memory, other, records }: Task): Outcome => {
  const writer = new SlotRingWriter(memory);
  const flags = new Int32Array(other ?? memory);
  let refused = 0;
  meet(flags, false);
  for (let sequence = 0; sequence < records;) {
    const granted = writer.claim(Math.min(1 + (sequence % 5), records - sequence));
    if (granted === 0) refused += 1;
    for (let slot = 0; slot < granted; slot += 1, sequence += 1)
      fill(writer.i32, writer.slotBase(slot), writer.slotBytes, sequence);
    writer.publish(granted);
  }
  Atomics.store(flags, finishedWord, 1);
  return { refused };
};

const followSlots = ({ memory, other }: Task): Outcome => {
  const reader = new SlotRingReader(memory);
  const flags = new Int32Array(other ?? memory);
  const seen = { read: 0, gaps: 0, torn: 0, backwards: 0, last: -1 };
  meet(flags, true);
  for (;;) {
    const over = Atomics.load(flags, finishedWord) === 1;
    const run = reader.available();
    if (run === 0 && over) return seen;
    for (let slot = 0; slot < run; slot += 1)
      note(seen, sequenceOf(reader.i32, reader.slotBase(slot), reader.slotBytes));
    reader.release(run);
  }
};

/** Sends or returns one message at a time and parks at once, after delays that hit every instant. */
const pingPong = ({ memory, other, records, seed }: Task, first: boolean): Outcome => {
  const back = other ?? memory;
  const writer = new MessageRingWriter(first ? memory : back);
  const reader = new MessageRingReader(first ? back : memory);
  let state = seed;
  let lost = 0;
  let got = 0;
  for (let trip = 0; trip < records; trip += 1) {
    if (first) writer.commit(writer.claim(1, 8));
    writer.publish();
    while (reader.drain(() => (got += 1), 8) === 0) if (!reader.waitForMessages(lostMs)) lost += 1;
    state = following(state);
    for (let spin = state & 0xfff; spin > 0; spin -= 1) state ^= spin;
    if (!first) writer.commit(writer.claim(1, 8));
    if (!first) writer.publish();
  }
  return { lost, got };
};

/** Publishes `records` messages, commits one more, opens a claim, and then never does anything. */
const dieInClaim = ({ memory, other, records }: Task): Outcome => {
  const writer = new MessageRingWriter(memory);
  for (let i = 0; i < records; i += 1) writer.tryWrite(1, Uint8Array.of(i));
  writer.publish();
  writer.tryWrite(1, Uint8Array.of(255));
  writer.bytes.fill(0xff, writer.claim(1, 16), 8);
  const armed = new Int32Array(other ?? memory);
  Atomics.store(armed, 0, 1);
  Atomics.notify(armed, 0);
  Atomics.wait(armed, 1, 0);
  return {};
};

export const roles = {
  produceMessages,
  consumeMessages,
  produceSlots,
  consumeSlots,
  overrunMessages,
  followMessages,
  overrunSlots,
  followSlots,
  ping: (task: Task): Outcome => pingPong(task, true),
  pong: (task: Task): Outcome => pingPong(task, false),
  dieInClaim,
};
