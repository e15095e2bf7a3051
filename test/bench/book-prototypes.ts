// The prototypes' books as rivals of the book benchmark: the one in JavaScript, and the C++ control
// that its figures were measured against. They take differences and indexes of 16 ticks, so the
// stream is converted beforehand; they know no other prices than those of their window.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { compileControl } from "./compile-control.ts";

/** Changes of levels in their form: 16 times the index in the window, difference, side. */
export type PrototypeStream = { readonly changes: Int32Array; readonly count: number };

type Prototype = {
  updateBid(price: number, delta: number, time: number): number;
  updateAsk(price: number, delta: number, time: number): number;
  reset(): void;
};
type PrototypeClass = { new (memory: SharedArrayBuffer): Prototype; bytes(): number };

const stride = 3;
const windowTop = 1023;
/** What the control reads, no more and no fewer. */
const controlCount = 1 << 20;
const controlStride = 4;

const fileOf = (name: string): string | null => {
  const url = new URL(`../../../shared/prototypes/book/${name}`, import.meta.url);
  return existsSync(url) ? fileURLToPath(url) : null;
};

/** `updates` are price, size, side (0 for bids); best prices at most are the touch. */
export const prototypeStream = (
  updates: Float64Array,
  { bidTop, askTop }: { readonly bidTop: number; readonly askTop: number },
): PrototypeStream => {
  const sizes = new Map<number, number>();
  const changes = new Int32Array(updates.length);
  for (let at = 0; at < updates.length; at += stride) {
    const [price = 0, size = 0, side = 0] = updates.subarray(at, at + stride);
    const level = side === 0 ? windowTop - (bidTop - price) : price - askTop;
    const key = level * 2 + side;
    changes.set([level * 16, size - (sizes.get(key) ?? 0), side], at);
    sizes.set(key, size);
  }
  return { changes, count: updates.length / stride };
};

const change = (book: Prototype, changes: Int32Array, from: number, to: number): void => {
  for (let at = from; at < to; at += stride) {
    const price = changes[at] as number;
    const delta = changes[at + 1] as number;
    if (changes[at + 2] === 0) book.updateBid(price, delta, at);
    else book.updateAsk(price, delta, at);
  }
};

/** Applies part number `part` of `partUpdates`; null without the prototypes. */
export const prototypeBook = (
  { changes }: PrototypeStream,
  partUpdates: number,
): ((part: number) => void) | null => {
  const file = fileOf("book.cjs");
  if (file === null) return null;
  const { BookSW } = createRequire(import.meta.url)(file) as { BookSW: PrototypeClass };
  const book = new BookSW(new SharedArrayBuffer(BookSW.bytes()));
  return (part) => {
    if (part === 0) book.reset();
    change(book, changes, part * partUpdates * stride, (part + 1) * partUpdates * stride);
  };
};

export type ControlFigures = { readonly medianNs: number; readonly minNs: number };

/** The C++ control as `binary`; null without it or a compiler. */
export const compiledPrototype = (binary: string): string | null => {
  const source = fileOf("book.cpp");
  return source !== null && compileControl(source, binary) === null ? binary : null;
};

/** That control over the whole stream, beside which it is written; null where the stream is shorter. */
export const prototypeControl = (
  { changes, count }: PrototypeStream,
  binary: string,
): ControlFigures | null => {
  if (count !== controlCount) return null;
  const rows = new Int32Array(count * controlStride);
  for (let i = 0; i < count; i += 1) {
    const [price = 0, delta = 0, side = 0] = changes.subarray(i * stride, (i + 1) * stride);
    rows.set([side, price, delta, i], i * controlStride);
  }
  const folder = dirname(binary);
  writeFileSync(join(folder, "stream.bin"), rows);
  const lines = execFileSync(binary, { cwd: folder }).toString().split("\n");
  const line = lines.find((text) => text.includes("single-writer bitmap"));
  if (line === undefined) throw new Error("the prototypes' control printed no figure of its book");
  const { nsUpd, min } = JSON.parse(line) as { nsUpd: number; min: number };
  return { medianNs: nsUpd, minNs: min };
};
