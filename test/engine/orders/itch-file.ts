// Writes ITCH 5.0 files for tests, field by field after Nasdaq's specification.
const text = (value: string, bytes: number): number[] =>
  Array.from(Buffer.from(value.padEnd(bytes), "latin1"));

const big = (value: number | bigint, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) =>
    Number((BigInt(value) >> BigInt(8 * (bytes - 1 - i))) & 255n),
  );

/** A message with its length before it. */
export const framed = (message: readonly number[]): number[] => [
  ...big(message.length, 2),
  ...message,
];

const ns = 34_200_000_000_000n;

/** Messages of one stock; prices in units of 10^-4. */
export class ItchStock {
  readonly #stock: string;
  readonly #locate: number;

  constructor(stock: string, locate: number) {
    this.#stock = stock;
    this.#locate = locate;
  }

  directory(): number[] {
    return this.#message("R", [...text(this.#stock, 8), ...text("", 20)]);
  }

  add(id: number | bigint, side: string, shares: number, price: number): number[] {
    return this.#message("A", this.#order(id, side, shares, price));
  }

  addNamed(id: number | bigint, side: string, shares: number, price: number): number[] {
    return this.#message("F", [...this.#order(id, side, shares, price), ...text("WEIR", 4)]);
  }

  execute(id: number | bigint, shares: number): number[] {
    return this.#message("E", [...big(id, 8), ...big(shares, 4), ...big(77, 8)]);
  }

  executeAt(id: number, shares: number, printable: "Y" | "N", price: number): number[] {
    const more = [...big(77, 8), ...text(printable, 1), ...big(price, 4)];
    return this.#message("C", [...big(id, 8), ...big(shares, 4), ...more]);
  }

  cancel(id: number | bigint, shares: number): number[] {
    return this.#message("X", [...big(id, 8), ...big(shares, 4)]);
  }

  remove(id: number | bigint): number[] {
    return this.#message("D", big(id, 8));
  }

  replace(id: number, newId: number, shares: number, price: number): number[] {
    const more = [...big(shares, 4), ...big(price, 4)];
    return this.#message("U", [...big(id, 8), ...big(newId, 8), ...more]);
  }

  hidden(shares: number, price: number): number[] {
    return this.#message("P", [...this.#order(0, "B", shares, price), ...big(77, 8)]);
  }

  cross(shares: number | bigint, price: number): number[] {
    const head = [...big(shares, 8), ...text(this.#stock, 8), ...big(price, 4)];
    return this.#message("Q", [...head, ...big(77, 8), ...text("O", 1)]);
  }

  broken(): number[] {
    return this.#message("B", big(77, 8));
  }

  event(): number[] {
    return this.#message("S", text("O", 1));
  }

  #order(id: number | bigint, side: string, shares: number, price: number): number[] {
    return [
      ...big(id, 8),
      ...text(side, 1),
      ...big(shares, 4),
      ...text(this.#stock, 8),
      ...big(price, 4),
    ];
  }

  #message(type: string, rest: readonly number[]): number[] {
    return framed([...text(type, 1), ...big(this.#locate, 2), 0, 0, ...big(ns, 6), ...rest]);
  }
}
