// What can be said of an attribute by its key and the type of its value alone. Known keys carry
// most of it as flags from the compiler; unknown ones, and those under a template, are read.
import { attributeFlag } from "../weaver/table-layout.ts";
import type { Tables } from "../weaver/tables.ts";
import { viaTemplate } from "../weaver/tables.ts";
import { finding } from "./finding-table.ts";
import type { Found } from "./found.ts";

// Names of this module's own: an imported one is loaded and looked at anew at each use.
const code = finding;
const flag = attributeFlag;
const templateBit = viaTemplate;
/** Flags that are findings. */
const toldFlags =
  flag.deprecated | flag.unstable | flag.noNamespace | flag.badFormat | flag.badNamespace;

const dot = 46;
const underscore = 95;

const isLower = (byte: number): boolean => byte >= 97 && byte <= 122;
const isWord = (byte: number): boolean => isLower(byte) || (byte >= 48 && byte <= 57);

/** `^[a-z][a-z0-9]*([._][a-z0-9]+)*$` over bytes. */
export const isNameFormat = (view: DataView, at: number, length: number): boolean => {
  if (length === 0 || !isLower(view.getUint8(at))) return false;
  let wasWord = true;
  for (let i = at + 1; i < at + length; i += 1) {
    const byte = view.getUint8(i);
    const isSeparator = byte === dot || byte === underscore;
    if (isSeparator ? !wasWord : !isWord(byte)) return false;
    wasWord = !isSeparator;
  }
  return wasWord;
};

const hasDot = (view: DataView, at: number, length: number): boolean => {
  for (let i = at; i < at + length; i += 1) if (view.getUint8(i) === dot) return true;
  return false;
};

/** The registry's number of a key that a check has looked up; below 0 = unknown. */
export const attributeOf = (found: number): number => (found < 0 ? -1 : found & ~templateBit);

/** One per thread, reused. */
export class KeyCheck {
  readonly #found: Found;

  constructor(found: Found) {
    this.#found = found;
  }

  /** Findings of the key at `at`; returns what `findKey` returned. */
  check(tables: Tables, view: DataView, at: number, length: number): number {
    const found = tables.findKey(view, at, length);
    if (found < 0) {
      this.#found.add(code.missingAttribute, -1);
      if (tables.sharesNamespace(view, at, length)) this.#found.add(code.extendsNamespace, -1);
      this.#spelling(tables, { view, at, length }, -1);
      return found;
    }
    const attribute = attributeOf(found);
    const flags = tables.sections.attributeFlags[attribute] as number;
    const isTemplate = (found & templateBit) !== 0;
    if (isTemplate) {
      this.#found.add(code.templateAttribute, attribute);
      this.#spelling(tables, { view, at, length }, attribute);
    }
    if ((flags & toldFlags) === 0) return found;
    this.#flags(attribute, flags, isTemplate);
    const isBelow = !isTemplate && (flags & flag.badNamespace) !== 0;
    if (isBelow) this.#namespaces(tables, { view, at, length }, attribute);
    return found;
  }

  #flags(attribute: number, flags: number, isTemplate: boolean): void {
    const found = this.#found;
    if ((flags & flag.deprecated) !== 0) found.add(code.deprecated, attribute);
    if ((flags & flag.unstable) !== 0) found.add(code.notStable, attribute);
    if (isTemplate) return;
    if ((flags & flag.noNamespace) !== 0) found.add(code.missingNamespace, attribute);
    if ((flags & flag.badFormat) !== 0) found.add(code.invalidFormat, attribute);
  }

  #spelling(tables: Tables, key: Key, attribute: number): void {
    const { view, at, length } = key;
    const found = this.#found;
    if (!hasDot(view, at, length)) found.add(code.missingNamespace, attribute);
    if (!isNameFormat(view, at, length)) found.add(code.invalidFormat, attribute);
    this.#namespaces(tables, key, attribute);
  }

  /** One finding for each prefix that is an attribute itself, as live-check has. */
  #namespaces(tables: Tables, { view, at, length }: Key, attribute: number): void {
    const taken = tables.countPrefixes(view, at, length);
    for (let i = 0; i < taken; i += 1) this.#found.add(code.illegalNamespace, attribute);
  }
}

type Key = { readonly view: DataView; readonly at: number; readonly length: number };
