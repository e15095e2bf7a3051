// Puts the sources together, defaults < profile < file < environment < flags, checks every value
// that any of them gives, also one that another overrides, and then what must hold between fields.
// Pure: nothing is read here.
import { issuePlace } from "../../schemas/issue-place.ts";
import { SecretError, readSecret } from "../send/secret.ts";
import { frozen, valueAt } from "./change-config.ts";
import {
  environmentLayer,
  fileLayer,
  type Flag,
  flagLayer,
  type Given,
  type Layer,
  type Origin,
  profileLayer,
  secretVariables,
  type Variables,
} from "./layers.ts";
import { type ConfigProblem, shown } from "./problem.ts";
import { type ConfigFile, readTree } from "./read-file.ts";
import { relations } from "./relations.ts";
import { type Config, type Field, fieldByPath, fields } from "./schema.ts";

export type ConfigSources = {
  /** Null: none. */
  readonly file: ConfigFile | null;
  readonly variables: Variables;
  readonly flags: readonly Flag[];
};

/** A configuration that can be used, with the origin of each field's value by path. Plain data. */
export type EffectiveConfig = {
  readonly config: Config;
  readonly origins: { readonly [path: string]: Origin };
  /** What is accepted but should be written otherwise. */
  readonly warnings: readonly ConfigProblem[];
};

export type Resolution =
  | ({ readonly ok: true } & EffectiveConfig)
  | {
      readonly ok: false;
      readonly problems: readonly ConfigProblem[];
      readonly warnings: readonly ConfigProblem[];
    };

/** All problems at once, or the configuration, frozen. */
export const resolveConfig = (from: ConfigSources): Resolution => {
  const tree = from.file === null ? null : readTree(from.file);
  const problems: ConfigProblem[] = [];
  const layers: Layer[] = [];
  if (tree !== null && "message" in tree) problems.push(tree);
  else if (tree !== null) layers.push(fileLayer(from.file?.path ?? "", tree));
  layers.push(environmentLayer(from.variables), flagLayer(from.flags));
  layers.unshift(profileLayer(profileName(layers)));
  for (const layer of layers) problems.push(...layer.problems);
  const given = layers.flatMap((layer) => layer.given);
  const warnings = layers.flatMap((layer) => layer.warnings);
  problems.push(...placeProblems(given));
  const { chosen, bad } = choose(given, problems);
  const config = assemble(chosen);
  const origins = originsOf(chosen);
  problems.push(...relationProblems(config, origins, bad), ...secretProblems(config, from));
  warnings.push(...idleWarnings(config, origins));
  if (problems.length > 0) return { ok: false, problems: inOrder(problems), warnings };
  return { ok: true, config: frozen(config), origins, warnings };
};

// By file and line, then the other sources by name.
const inOrder = (problems: readonly ConfigProblem[]): ConfigProblem[] => {
  const { compare } = new Intl.Collator("en", { numeric: true });
  return [...problems].sort((a, b) => compare(a.place, b.place));
};

// The last one that names a profile decides, as for any field.
const profileName = (layers: readonly Layer[]): string => {
  const named = layers
    .flatMap(({ given }) => given)
    .findLast(({ field }) => field.path === "profile");
  return typeof named?.value === "string" ? named.value : "standard";
};

type Chosen = ReadonlyMap<string, { readonly value: unknown; readonly origin: Origin }>;

const choose = (
  given: readonly Given[],
  problems: ConfigProblem[],
): { readonly chosen: Chosen; readonly bad: ReadonlySet<string> } => {
  const chosen = new Map<string, { readonly value: unknown; readonly origin: Origin }>();
  const bad = new Set<string>();
  for (const one of given) {
    const { field, value, origin } = one;
    const parsed = field.schema.safeParse(value);
    if (parsed.success) chosen.set(field.path, { value: parsed.data, origin });
    else {
      bad.add(field.path);
      problems.push(...valueProblems(one, parsed.error.issues));
    }
  }
  return { chosen, bad };
};

type Issue = { readonly path: readonly PropertyKey[]; readonly message: string };

// A value can break several rules of its field, which all have the same text: told once.
const valueProblems = (one: Given, issues: readonly Issue[]): ConfigProblem[] => {
  const { field, value, origin, placeOf } = one;
  const told = new Map<string, ConfigProblem>();
  for (const { path, message } of issues) {
    const inside = path.map((key) => (typeof key === "number" ? key : String(key)));
    const name = issuePlace([field.path, ...inside]);
    if (told.has(name)) continue;
    const found = shown(inside.reduce(childOf, value));
    const text = message.startsWith("expected") ? `found ${found}, ${message}` : message;
    const place = inside.length > 0 ? placeOf?.(inside) : undefined;
    told.set(name, { place: place ?? origin.place, field: name, message: text });
  }
  return [...told.values()];
};

const childOf = (value: unknown, key: PropertyKey): unknown =>
  typeof value === "object" && value !== null
    ? (value as { readonly [key: PropertyKey]: unknown })[key]
    : undefined;

type Tree = { [key: string]: unknown };

const assemble = (chosen: Chosen): Config => {
  const root: Tree = {};
  for (const { path, keys, schema } of fields) {
    let section = root;
    for (const key of keys.slice(0, -1)) section = (section[key] ??= {}) as Tree;
    const value = chosen.has(path) ? chosen.get(path)?.value : schema.parse(undefined);
    section[keys.at(-1) ?? ""] = value;
  }
  return root as Config;
};

const byDefault: Origin = { source: "default", place: "" };

const originsOf = (chosen: Chosen): EffectiveConfig["origins"] =>
  Object.fromEntries(fields.map(({ path }) => [path, chosen.get(path)?.origin ?? byDefault]));

/** "sniffer.batch_size=20 (weir.toml:12)". */
const sourced = (config: Config, field: Field, { source, place }: Origin): string =>
  `${field.path}=${shown(valueAt(config, field))} (${place === "" ? source : place})`;

/** What does not hold between fields; relations about a field in `bad` are not asked. */
export const relationProblems = (
  config: Config,
  origins: EffectiveConfig["origins"],
  bad: ReadonlySet<string> = new Set(),
): ConfigProblem[] => {
  const broken = relations.filter(
    ({ paths, isGood }) => !paths.some((path) => bad.has(path)) && !isGood(config),
  );
  return broken.map(({ paths, expected }) => {
    const about = paths.flatMap((path) => fieldByPath.get(path) ?? []);
    const values = about.map((field) => sourced(config, field, origins[field.path] ?? byDefault));
    const places = about.map(({ path }) => origins[path]?.place ?? "");
    const place = places.find((one) => one !== "") ?? "";
    return { place, field: "", message: `found ${values.join(" and ")}, ${expected}` };
  });
};

const placeProblems = (given: readonly Given[]): ConfigProblem[] =>
  given
    .filter(({ field, origin }) => field.path === pathField && origin.source === "file")
    .map(({ origin: { place } }) => ({
      place,
      field: pathField,
      message: "a file cannot name itself; use --config or the variable",
    }));

const dropFields = ["sniffer.drop_policy", "sniffer.adaptive_policy"];

// Set by the user, and without effect.
const idleWarnings = (config: Config, origins: EffectiveConfig["origins"]): ConfigProblem[] =>
  dropFields
    .filter((path) => config.sniffer.lossless && origins[path]?.source !== "default")
    .map((field) => {
      const message = "has no effect while sniffer.lossless is true";
      return { place: origins[field]?.place ?? "", field, message };
    });

const pathField = "sniffer.config_file_path";

// A key that cannot be read is a problem now, not at the first send.
const secretProblems = (config: Config, { variables }: ConfigSources): ConfigProblem[] => {
  const { solana, jito } = config.senders;
  const tables = config.lookup_tables;
  const files = [solana.key_file, jito.key_file, jito.tip_key_file, tables.key_file];
  // Sending for real takes two steps: dry_run, and a key.
  const isNeeded = [
    !solana.dry_run && solana.url !== "",
    false,
    !jito.dry_run && jito.regions.length > 0,
    false,
  ];
  return secretVariables.flatMap((name, i): ConfigProblem[] => {
    try {
      const secret = readSecret({ [name]: variables[name], [`${name}_FILE`]: files[i] }, name);
      if (secret !== null || isNeeded[i] !== true) return [];
      throw new SecretError(`${name}: expected a key in it or in a file when dry_run is false`);
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      return [{ place: "", field: "", message: error.message }];
    }
  });
};
