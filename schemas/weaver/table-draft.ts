// What the compiler fills: every section as a list of numbers, texts by their number in the pool,
// and the problems that were met. `packed` turns it into the blob. Tool time only.
import type { Element, SectionName } from "./table-layout.ts";
import {
  directoryAt,
  elementBytes,
  headerBytes,
  sectionNames,
  sections,
  tableBytesMax,
  tableChecksum,
  tableMagic,
  tableVersion,
} from "./table-layout.ts";
import { TextPool } from "./text-pool.ts";

/** A text's offset and length go into the sections `…At` and `…Bytes`. */
type TextSection =
  | "attribute"
  | "member"
  | "atom"
  | "glob"
  | "deprecation"
  | "namespace"
  | "pattern";
type GroupTextSection = "groupId" | "groupName" | "groupUnit";

const elementMax: { readonly [element in Element]: number } = {
  u8: 255,
  u16: 65_535,
  i16: 32_767,
  u32: 4_294_967_295,
  f64: Infinity,
};

export class TableDraft {
  readonly problems: string[] = [];
  readonly texts = new TextPool();
  readonly #lists = new Map<SectionName, number[]>(sectionNames.map((name) => [name, []]));
  readonly #textual = new Map<SectionName, SectionName>();

  list(name: SectionName): number[] {
    return this.#lists.get(name) ?? [];
  }

  push(name: SectionName, value: number): void {
    this.list(name).push(value);
  }

  /** Any number of them: as many arguments as a large registry has entries end the stack. */
  pushAll(name: SectionName, values: readonly number[]): void {
    for (const value of values) this.push(name, value);
  }

  /** Adds one text to a pair of sections. */
  pushText(name: TextSection | GroupTextSection, text: string): void {
    this.#textual.set(`${name}At`, `${name}Bytes`);
    this.push(`${name}At`, this.texts.add(text));
  }

  /** Turns numbers of texts into offsets and lengths; the bytes are then known. */
  placeTexts(): Uint8Array<ArrayBuffer> {
    this.#lists.set("text", this.texts.pack());
    for (const [at, bytes] of this.#textual) {
      const numbers = this.list(at);
      this.pushAll(
        bytes,
        numbers.map((number) => this.texts.bytes(number)),
      );
      this.#lists.set(
        at,
        numbers.map((number) => this.texts.offset(number)),
      );
    }
    const head = this.list("head");
    this.#lists.set(
      "head",
      head.flatMap((number) => [this.texts.offset(number), this.texts.bytes(number)]),
    );
    return Uint8Array.from(this.list("text"));
  }

  /** The blob. A number that does not fit its section is a problem. */
  packed(): Uint8Array<ArrayBuffer> {
    let end = headerBytes;
    const places = sectionNames.map((name) => {
      const at = (end + 7) & ~7;
      end = at + this.list(name).length * elementBytes[sections[name]];
      return { name, at };
    });
    const bytes = new Uint8Array((end + 7) & ~7);
    if (bytes.length > tableBytesMax) {
      this.problems.push(`tables: ${bytes.length} bytes, limit tableBytesMax=${tableBytesMax}`);
      return bytes;
    }
    const view = new DataView(bytes.buffer);
    view.setUint32(0, tableMagic, true);
    view.setUint32(4, tableVersion, true);
    view.setUint32(8, bytes.length, true);
    places.forEach(({ name, at }, index) => {
      view.setUint32(directoryAt + index * 8, at, true);
      view.setUint32(directoryAt + index * 8 + 4, this.list(name).length, true);
      this.#write(view, at, name);
    });
    view.setUint32(12, tableChecksum(bytes), true);
    return bytes;
  }

  #write(view: DataView, at: number, name: SectionName): void {
    const element = sections[name];
    const size = elementBytes[element];
    this.list(name).forEach((value, index) => {
      if (value > elementMax[element]) {
        this.problems.push(`${name}: ${value} at entry ${index}, limit ${elementMax[element]}`);
      }
      const to = at + index * size;
      if (size === 1) view.setUint8(to, value);
      else if (size === 2) view.setUint16(to, value, true);
      else if (size === 4) view.setUint32(to, value, true);
      else view.setFloat64(to, value, true);
    });
  }
}
