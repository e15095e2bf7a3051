// What each source says, as a list of fields with values. A source that names something unknown is
// told the nearest known name.
import { distance, nearest } from "../cli/arguments.ts";
import { type ConfigProblem, shown } from "./problem.ts";
import { type Profile, profiles } from "./profiles.ts";
import { type ConfigTree, depthMax, isDeeperThan } from "./read-file.ts";
import { idleFields, retiredFields } from "./retired-fields.ts";
import { type Field, fieldByPath, fields, sections } from "./schema.ts";

/** In the order in which they win: the last one that names a field decides. */
type Source = "default" | "profile" | "file" | "environment" | "flag";

/** Where a value is from: `place` is a profile, `weir.toml:12`, a variable or an option. */
export type Origin = {
  readonly source: Source;
  readonly place: string;
  /** Of a list of sections in a file: the place of each. */
  readonly parts?: readonly string[];
};

/** A field and the value that one source has for it, not yet checked. */
export type Given = {
  readonly field: Field;
  readonly value: unknown;
  readonly origin: Origin;
  /** Place of something inside the value, where a source knows it. */
  readonly placeOf?: (inside: readonly (string | number)[]) => string;
};

export type Layer = {
  readonly given: readonly Given[];
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
};

/** A layer while it is read. */
class Reading implements Layer {
  readonly given: Given[] = [];
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  /** How each field was written first, by path. */
  readonly #names = new Map<string, string>();

  /** `name` as it was written: of the field, or another spelling of it. */
  add(one: Given, name: string): void {
    const { field, origin } = one;
    const first = this.#names.get(field.path) ?? name;
    this.#names.set(field.path, first);
    // An option given again under its own name is no slip: the last one wins.
    if (first !== name) {
      const message = `given twice, also as ${name === field.path ? first : name}`;
      this.problems.push({ place: origin.place, field: field.path, message });
    }
    if (name !== field.path) {
      const message = `taken as ${field.path}; write that`;
      this.warnings.push({ place: origin.place, field: name, message });
    }
    this.given.push(one);
  }

  /** What is no field. */
  addOther(place: string, name: string, value: unknown): void {
    const message = idleFields.get(name);
    if (message === undefined) this.problems.push(unknown(place, name));
    else if (typeof value === "string") this.warnings.push({ place, field: name, message });
    else {
      const expected = `found ${shown(value)}, expected text`;
      this.problems.push({ place, field: name, message: expected });
    }
  }
}

/** Names and values of the environment. */
export type Variables = { readonly [name: string]: string | undefined };

/** A field set by an option; `option` as the user wrote it. */
export type Flag = { readonly path: string; readonly text: string; readonly option: string };

const paths = fields.map(({ path }) => path);
const variables = fields.map(({ variable }) => variable);

/** Other spellings of a field, with what it is called here. */
export const aliases: ReadonlyMap<string, string> = new Map([
  ["sniffer.stream_buffer_capacity", "sniffer.stream_buffer_size"],
]);

const variableOf = (path: string): string => `WEIR_${path.replaceAll(".", "_").toUpperCase()}`;
const fieldOf = (name: string): Field | undefined => fieldByPath.get(aliases.get(name) ?? name);
const otherNames = new Set([...idleFields.keys(), ...retiredFields.keys()]);
/** Names of fields, other spellings and those that are none any more too, by variable. */
const nameByVariable = new Map(
  [...paths, ...aliases.keys(), ...otherNames].map((name) => [variableOf(name), name]),
);

/** Values of a profile; an unknown name gives none, the field `profile` tells it. */
export const profileLayer = (name: string): Layer => {
  const profile: Profile = Object.hasOwn(profiles, name)
    ? profiles[name as keyof typeof profiles]
    : {};
  const given = fields
    .filter(({ path }) => Object.hasOwn(profile, path))
    .map((field): Given => {
      return { field, value: profile[field.path], origin: { source: "profile", place: name } };
    });
  return { given, problems: [], warnings: [] };
};

/** Values of a file. Keys of sections are checked here, those inside a field by its schema. */
export const fileLayer = (path: string, { value, lineOf }: ConfigTree): Layer => {
  const reading = new Reading();
  const walk = (tree: object, keys: readonly string[]): void => {
    for (const [key, child] of Object.entries(tree)) {
      const at = [...keys, key];
      const name = at.join(".");
      const place = `${path}:${lineOf(at)}`;
      const field = fieldOf(name);
      if (field !== undefined) {
        const placeOf = (inside: readonly (string | number)[]): string =>
          `${path}:${lineOf([...at, ...inside])}`;
        const parts = isTreeList(child) ? { parts: child.map((_, i) => placeOf([i])) } : {};
        reading.add(
          { field, value: child, origin: { source: "file", place, ...parts }, placeOf },
          name,
        );
      } else if (!sections.includes(name)) reading.addOther(place, name, child);
      else if (isTree(child)) walk(child, at);
      else {
        const message = `found ${shown(child)}, expected a section`;
        reading.problems.push({ place, field: name, message });
      }
    }
  };
  walk(value, []);
  return reading;
};

const isTree = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

const isTreeList = (value: unknown): value is readonly object[] =>
  Array.isArray(value) && value.length > 0 && value.every(isTree);

const unknown = (place: string, name: string): ConfigProblem => {
  if (sections.includes(name)) {
    return { place, field: name, message: "expected a field, found a section" };
  }
  const instead = retiredFields.get(name);
  if (instead !== undefined) return { place, field: name, message: instead };
  const known = [...paths, ...sections];
  const dot = name.lastIndexOf(".") + 1;
  const beside = known.filter((path) => path.lastIndexOf(".") + 1 === dot && isBeside(path, name));
  // A right name in the wrong section is nearer than a wrong one in the right section.
  const moved = known.find((path) => path.endsWith(`.${name.slice(dot)}`));
  const near = moved ?? nearest(name, beside.length > 0 ? beside : known);
  return { place, field: name, message: `unknown; did you mean ${near}?` };
};

const isBeside = (path: string, name: string): boolean =>
  path.slice(0, path.lastIndexOf(".")) === name.slice(0, name.lastIndexOf("."));

/** Secrets, which are no fields: engine/send/secret.ts reads them. */
export const secretVariables = [
  "WEIR_SENDERS_SOLANA_KEY",
  "WEIR_SENDERS_JITO_KEY",
  "WEIR_SENDERS_JITO_TIP_KEY",
  "WEIR_LOOKUP_TABLES_KEY",
] as const;

/** Values of the variables `WEIR_*`; one that is set to nothing is not set. */
export const environmentLayer = (environment: Variables): Layer => {
  const reading = new Reading();
  for (const [variable, text = ""] of Object.entries(environment)) {
    if (!variable.startsWith("WEIR_") || text.trim() === "" || isOfService(variable, text))
      continue;
    const name = nameByVariable.get(variable) ?? "";
    const field = fieldOf(name);
    if (field !== undefined) {
      const origin: Origin = { source: "environment", place: variable };
      reading.add({ field, value: valueOf(field, text.trim()), origin }, name);
    } else if (otherNames.has(name)) reading.addOther(variable, name, text);
    else if (isMeant(variable)) {
      const message = `unknown; did you mean ${nearest(variable, variables)}?`;
      reading.problems.push({ place: variable, field: "", message });
    }
  }
  return reading;
};

/** Edits up to which a variable of ours is taken for one that is written wrongly. */
const slipMax = 3;
// What Kubernetes sets in each container for a service of that name: weir-control gives, beside others,
// WEIR_CONTROL_PORT=tcp://10.0.0.1:9464.
const serviceForm = /_(?:SERVICE_(?:HOST|PORT)|PORT_\d+_)/;
const servicePort = /^(?:tcp|udp|sctp):\/\//;
const isOfService = (name: string, text: string): boolean =>
  serviceForm.test(name) || (name.endsWith("_PORT") && servicePort.test(text));

const sectionStarts = sections.map((path) => `${variableOf(path)}_`);

// Variables that begin with WEIR_ are not all settings: tests and Kafka's login have their own.
const isMeant = (name: string): boolean => {
  if (secretVariables.some((secret) => secret === name)) return false;
  if (sectionStarts.some((start) => name.startsWith(start))) return true;
  return distance(name, nearest(name, variables)) <= slipMax;
};

/** Values of options. */
export const flagLayer = (flags: readonly Flag[]): Layer => {
  const reading = new Reading();
  for (const { path, text, option } of flags) {
    const field = fieldOf(path);
    if (field === undefined) reading.addOther(option, path, text);
    else {
      const origin: Origin = { source: "flag", place: option };
      reading.add({ field, value: valueOf(field, text), origin }, path);
    }
  }
  return reading;
};

const numberForm = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

// Text that is no value of the field's kind stays text: its schema then says what it expected.
const valueOf = ({ kind }: Field, text: string): unknown => {
  if (kind === "number") return numberForm.test(text) ? Number(text) : text;
  if (kind === "boolean" && /^(?:true|false)$/.test(text)) return text === "true";
  if (kind === "list" && !text.startsWith("[")) {
    return text.split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
  }
  return kind === "list" || kind === "json" ? jsonOf(text) : text;
};

const jsonOf = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text);
    return isDeeperThan(depthMax, value) ? text : value;
  } catch {
    return text;
  }
};
