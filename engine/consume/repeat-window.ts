// Records that the edge sent twice: a send without an answer is sent again, under the same producer
// and sequence (schemas/record-headers.ts). Remembers which of the latest sequences of each producer
// came, one bit each. They are counted and not taken out: a bound is a bound, and what lies behind
// it cannot be told.
import { recordHeaders } from "../../schemas/record-headers.ts";

/** Bounds of what is remembered. */
export const repeatLimits = {
  /** Sequences of one producer; one further back counts as new. A power of two. */
  sequences: 1 << 16,
  /** Producers; one more forgets the one that was quiet for longest. */
  producers: 64,
} as const;

type Headers = { readonly [name: string]: Uint8Array };
type Producer = { readonly id: Buffer; readonly bits: Uint32Array; highest: number };

const zero = 48;
const digitsMax = 15;
const mask = repeatLimits.sequences - 1;

/** Decimal text, or -1. */
const sequenceOf = (text: Uint8Array): number => {
  if (text.length === 0 || text.length > digitsMax) return -1;
  let value = 0;
  for (const code of text) {
    const digit = code - zero;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
};

/** One per ingest. */
export class RepeatWindow {
  readonly #producers = new Map<string, Producer>();
  /** Most records come from the producer of the one before: its name is not made again. */
  #last: Producer | undefined;

  /** Whether a record with these ids came before; takes note of it. Without ids it never did. */
  see(headers: Headers): boolean {
    const id = headers[recordHeaders.producer];
    const text = headers[recordHeaders.sequence];
    if (id === undefined || text === undefined) return false;
    const sequence = sequenceOf(text);
    if (sequence < 0) return false;
    const producer = this.#last?.id.equals(id) === true ? this.#last : this.#producer(id);
    this.#last = producer;
    if (sequence > producer.highest) advance(producer, sequence);
    else if (sequence <= producer.highest - repeatLimits.sequences) return false;
    const at = sequence & mask;
    const word = at >>> 5;
    const bit = 1 << (at & 31);
    const before = producer.bits[word] ?? 0;
    producer.bits[word] = before | bit;
    return (before & bit) !== 0;
  }

  #producer(id: Uint8Array): Producer {
    const name = Buffer.from(id).toString("latin1");
    const known = this.#producers.get(name);
    const producer = known ?? {
      id: Buffer.from(id),
      bits: new Uint32Array(repeatLimits.sequences / 32),
      highest: -1,
    };
    this.#producers.delete(name);
    this.#producers.set(name, producer);
    const [oldest] = this.#producers.keys();
    if (this.#producers.size > repeatLimits.producers && oldest !== undefined)
      this.#producers.delete(oldest);
    return producer;
  }
}

/** Makes room for the sequences up to this one. */
const advance = (producer: Producer, sequence: number): void => {
  const { bits, highest } = producer;
  if (sequence - highest >= repeatLimits.sequences) bits.fill(0);
  else
    for (let next = highest + 1; next <= sequence; next += 1) {
      const at = next & mask;
      bits[at >>> 5] = (bits[at >>> 5] ?? 0) & ~(1 << (at & 31));
    }
  producer.highest = sequence;
};
