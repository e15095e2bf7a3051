// A resolved registry to flat tables in one array of bytes (table-layout.ts). Tool time: it may
// allocate and take its time; the same registry gives the same bytes.
import type { AttributeIndex } from "./compile-attributes.ts";
import { compileAttributes } from "./compile-attributes.ts";
import type { SignalGroup } from "./compile-groups.ts";
import { compileGroups, signalGroups } from "./compile-groups.ts";
import { keyHash, slotCount, slotShift, valueHash } from "./key-hash.ts";
import type { ResolvedRegistry } from "./resolved.ts";
import { TableDraft } from "./table-draft.ts";
import type { SectionName } from "./table-layout.ts";
import { signalKind } from "./table-layout.ts";

export type CompileResult =
  | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Each problem names the group or attribute, what was found and what is expected. */
  | { readonly ok: false; readonly problems: readonly string[] };

type SlotSection = Extract<SectionName, `${string}Slots`>;
type Ranges = "attribute" | "groupName" | "groupId" | "namespace";

class SlotCompiler {
  readonly #draft: TableDraft;
  readonly #view: DataView;

  constructor(draft: TableDraft, text: Uint8Array<ArrayBuffer>) {
    this.#draft = draft;
    this.#view = new DataView(text.buffer);
  }

  /** Open addressing over the texts of these entries. */
  texts(section: SlotSection, ranges: Ranges, entries: readonly number[]): void {
    const at = this.#draft.list(`${ranges}At`);
    const bytes = this.#draft.list(`${ranges}Bytes`);
    const hash = (entry: number): number => keyHash(this.#view, at[entry] ?? 0, bytes[entry] ?? 0);
    this.#fill(section, entries, hash);
  }

  members(): void {
    const owners = this.#draft.list("memberOwner");
    const at = this.#draft.list("memberAt");
    const bytes = this.#draft.list("memberBytes");
    this.#fill("memberSlots", [...owners.keys()], (entry) =>
      valueHash(this.#view, at[entry] ?? 0, bytes[entry] ?? 0, owners[entry] ?? 0),
    );
  }

  #fill(section: SlotSection, entries: readonly number[], hash: (entry: number) => number): void {
    const slots = Array.from({ length: slotCount(entries.length) }, () => -1);
    const shift = slotShift(slots.length);
    for (const entry of entries) {
      let slot = hash(entry) >>> shift;
      while ((slots[slot] ?? 0) >= 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = entry;
    }
    this.#draft.pushAll(section, slots);
  }
}

const compileSlots = (
  slots: SlotCompiler,
  draft: TableDraft,
  index: AttributeIndex,
  groups: readonly SignalGroup[],
): void => {
  const ofSignal = (signal: number): number[] =>
    [...groups.keys()].filter((number) => groups[number]?.signal === signal);
  slots.texts("keySlots", "attribute", [...index.exact.values()]);
  slots.texts("templateSlots", "attribute", [...index.templates.values()]);
  slots.members();
  slots.texts("spanSlots", "groupName", ofSignal(signalKind.span));
  slots.texts("spanIdSlots", "groupId", ofSignal(signalKind.span));
  slots.texts("metricSlots", "groupName", ofSignal(signalKind.metric));
  slots.texts("eventSlots", "groupName", ofSignal(signalKind.event));
  slots.texts("entitySlots", "groupName", ofSignal(signalKind.entity));
  slots.texts("namespaceSlots", "namespace", [...draft.list("namespaceAt").keys()]);
};

/** The tables of a registry, or every problem of its annotations and sizes. */
export const compileRegistry = (registry: ResolvedRegistry): CompileResult => {
  const draft = new TableDraft();
  for (const text of [registry.version, registry.registry_url, registry.schema_url]) {
    draft.push("head", draft.texts.add(text));
  }
  const index = compileAttributes(draft, registry.groups);
  const groups = signalGroups(registry.groups);
  compileGroups(draft, index, groups);
  if (draft.problems.length > 0) return { ok: false, problems: draft.problems };
  const text = draft.placeTexts();
  compileSlots(new SlotCompiler(draft, text), draft, index, groups);
  const bytes = draft.packed();
  return draft.problems.length > 0 ? { ok: false, problems: draft.problems } : { ok: true, bytes };
};
