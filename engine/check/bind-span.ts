// Which span definition a span is held to; Weaver binds none. In order: a `weir.match` glob that the
// name matches, the definition's own name, the pattern of names it declares, and last the kind
// together with telling attributes: of the definitions that require one of those present, the one
// that lacks least, then the one that names most (what it requires counts twice). The compiled tables decide the same way.
import { attributeKey } from "../../schemas/weaver/attribute-type.ts";
import { globBytesMax, globMatches } from "../../schemas/weaver/glob.ts";
import type { ByteRange } from "../../schemas/weaver/glob.ts";
import type { RequirementLevel, ResolvedGroup } from "../../schemas/weaver/resolved.ts";

export const isOptIn = (level: RequirementLevel): boolean =>
  level === "opt_in" || (typeof level === "object" && "opt_in" in level);

export const isConditional = (level: RequirementLevel): boolean =>
  typeof level === "object" && "conditionally_required" in level;

const encoder = new TextEncoder();

const rangeOf = (text: string): ByteRange => {
  const bytes = encoder.encode(text);
  return { view: new DataView(bytes.buffer), at: 0, end: bytes.length };
};

/** `span.http.client` is called `http.client`, or by its id where no other is called so. */
const byName = (spans: readonly ResolvedGroup[]): ReadonlyMap<string, ResolvedGroup> => {
  const called = spans.map((group) => [group.id.replace(/^span\./, ""), group] as const);
  const ids = spans.map((group) => [group.id, group] as const);
  // The last one stays in a map, but the first of a name is meant.
  return new Map([...called, ...ids].toReversed());
};

const textsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((item) => typeof item === "string");

const literalCharactersMin = 3;

/** `send {destination}` as the glob `send *`; none for prose or when hardly anything is fixed. */
const namePatterns = ({ name, span_name: declared }: ResolvedGroup): string[] =>
  [name, declared?.note].flatMap((text) => {
    if (text === undefined || text.includes("\n")) return [];
    const fixed = text.replaceAll(/\{[^{}]*\}/g, "").replaceAll(/[^a-zA-Z0-9]/g, "");
    return fixed.length < literalCharactersMin ? [] : [text.replaceAll(/\{[^{}]*\}/g, "*")];
  });

type Glob = { readonly glob: ByteRange; readonly group: ResolvedGroup };

const globsOf = (
  groups: readonly ResolvedGroup[],
  textsOfGroup: (group: ResolvedGroup) => readonly string[],
): readonly Glob[] =>
  groups.flatMap((group) =>
    textsOfGroup(group)
      .map((text) => ({ glob: rangeOf(text), group }))
      .filter(({ glob }) => glob.end <= globBytesMax),
  );

/** What a definition says of attributes, by key; opt-in ones say nothing. */
type Wanted = {
  readonly group: ResolvedGroup;
  readonly named: readonly string[];
  readonly required: readonly string[];
};

const wantedOf = (group: ResolvedGroup): Wanted => ({
  group,
  named: group.attributes
    .filter(({ requirement_level: level }) => !isOptIn(level))
    .map(attributeKey),
  required: group.attributes
    .filter(({ requirement_level: level }) => level === "required")
    .map(attributeKey),
});

/** Keys that tell definitions apart: more of them require the key than merely name it. */
const tellingKeys = (all: readonly Wanted[]): ReadonlySet<string> => {
  const balance = new Map<string, number>();
  for (const { named, required } of all) {
    for (const key of named) {
      balance.set(key, (balance.get(key) ?? 0) + (required.includes(key) ? 1 : -1));
    }
  }
  return new Set([...balance].filter(([, count]) => count > 0).map(([key]) => key));
};

/** One per registry; read-only after construction. */
export class SpanBinder {
  readonly #matches: readonly Glob[];
  readonly #patterns: readonly Glob[];
  readonly #names: ReadonlyMap<string, ResolvedGroup>;
  readonly #wanted: readonly Wanted[];
  readonly #telling: ReadonlySet<string>;

  constructor(groups: readonly ResolvedGroup[]) {
    const spans = groups.filter(({ type }) => type === "span");
    this.#matches = globsOf(spans, ({ annotations }) => textsOf(annotations?.["weir.match"]));
    this.#patterns = globsOf(spans, namePatterns);
    this.#names = byName(spans);
    this.#wanted = spans.map(wantedOf);
    this.#telling = tellingKeys(this.#wanted);
  }

  /** `keys` are the definitions that the span's attributes fall under, by `attributeKey`. */
  bind(name: string, kind: string, keys: ReadonlySet<string>): ResolvedGroup | null {
    const range = rangeOf(name);
    const match = this.#matches.find(({ glob }) => globMatches(glob, range));
    if (match !== undefined) return match.group;
    const named = this.#names.get(name);
    if (named !== undefined) return named;
    const pattern = this.#patterns.find(({ glob }) => globMatches(glob, range));
    return pattern === undefined ? this.#byAttributes(kind, keys) : pattern.group;
  }

  #byAttributes(kind: string, keys: ReadonlySet<string>): ResolvedGroup | null {
    let best: ResolvedGroup | null = null;
    let least = 0;
    let most = 0;
    for (const { group, named, required } of this.#wanted) {
      if (group.span_kind !== undefined && group.span_kind !== kind) continue;
      if (!required.some((key) => keys.has(key) && this.#telling.has(key))) continue;
      const missing = required.filter((key) => !keys.has(key)).length;
      // Required ones count twice: they are in `named` as well.
      const votes = [...named, ...required].filter((key) => keys.has(key)).length;
      const isBetter = missing < least || (missing === least && votes > most);
      if (best !== null && !isBetter) continue;
      best = group;
      least = missing;
      most = votes;
    }
    return best;
  }
}
