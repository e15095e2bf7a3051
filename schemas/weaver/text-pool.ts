// All texts of a compiled registry in one array of bytes: each once, and none that stands inside
// another (a metric's name is the end of its group's id). Tool time only.

const encoder = new TextEncoder();

/** One character per byte, so that bytes can be searched like text. */
const byteText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

/** Texts are added under numbers; their places are known when all are there. */
export class TextPool {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  #offsets: readonly number[] = [];

  /** The number of a text. */
  add(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#texts.push(byteText(encoder.encode(text))) - 1;
    this.#numbers.set(text, number);
    return number;
  }

  /** The bytes of all texts; from now on `offset` knows. Nothing can be added any more. */
  pack(): number[] {
    const longestFirst = this.#texts
      .map((text, number) => ({ text, number }))
      .sort((a, b) => b.text.length - a.text.length || a.number - b.number);
    const offsets: number[] = [];
    let all = "";
    for (const { text, number } of longestFirst) {
      const found = all.indexOf(text);
      offsets[number] = found < 0 ? all.length : found;
      if (found < 0) all += text;
    }
    this.#offsets = offsets;
    return Array.from(all, (character) => character.charCodeAt(0));
  }

  offset(number: number): number {
    return this.#offsets[number] ?? 0;
  }

  /** Length in bytes. */
  bytes(number: number): number {
    return this.#texts[number]?.length ?? 0;
  }
}
