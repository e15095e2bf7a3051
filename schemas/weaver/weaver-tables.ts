// A registry's tables as Weaver's live-check looks keys up in them: a template covers every key that
// begins with its name, with a dot behind it or without, and a condition is prose, whatever
// `weir.condition` says. Views into the same bytes; one per plan of profile weaver.
import { Tables, viaTemplate } from "./tables.ts";

/** To Weaver no span is bound, so none is named by its attributes. */
const namedBytesMax = 0;

export class WeaverTables extends Tables {
  /** Bytes of the longest name of a template. */
  readonly #longest: number;

  constructor({ sections }: Tables) {
    const rowCondition = new Uint16Array(sections.rowCondition.length);
    super({ ...sections, rowCondition }, namedBytesMax);
    let longest = 0;
    for (const template of sections.templateSlots)
      if (template >= 0) longest = Math.max(longest, sections.attributeBytes[template] as number);
    this.#longest = longest;
  }

  protected override findTemplate(view: DataView, at: number, length: number): number {
    for (let end = Math.min(length, this.#longest); end > 0; end -= 1) {
      const found = this.templates.find(view, at, end);
      if (found >= 0) return found | viaTemplate;
    }
    return -1;
  }
}
