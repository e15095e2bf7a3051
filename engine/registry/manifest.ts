// The manifest of a registry: who it is, and which registries it depends on. Both forms are read:
// v2 (`schema_url`) and v1 (`name`, `semconv_version`, `schema_base_url`), under both file names.
import { Fields, isYamlMap } from "./fields.ts";
import type { Place, Problems } from "./problem.ts";
import { parseSchemaUrl, type SchemaUrl } from "./schema-url.ts";
import type { SourceFile } from "./source-file.ts";

export const manifestName = "manifest.yaml";
export const legacyManifestName = "registry_manifest.yaml";

export type DependencySpec = {
  readonly place: Place;
  /** Null when declared by `name` alone, as v1 may. */
  readonly schemaUrl: SchemaUrl | null;
  /** As written; undefined when left out. */
  readonly path: string | undefined;
  /** What messages call it. */
  readonly label: string;
};

export type Manifest = {
  readonly place: Place;
  readonly schemaUrl: SchemaUrl | null;
  readonly dependencies: readonly DependencySpec[];
};

const manifestKeys = [
  "file_format",
  "schema_url",
  "name",
  "description",
  "stability",
  "semconv_version",
  "schema_base_url",
  "dependencies",
];

/** Reads a manifest file; null when it is no map. */
export const readManifest = (file: SourceFile, problems: Problems): Manifest | null => {
  const place = { file, path: [] };
  if (!isYamlMap(file.value)) {
    if (file.faults.length === 0) problems.error(place, "a manifest must be a map");
    return null;
  }
  const fields = new Fields(file.value, place, problems, "manifest");
  fields.onlyKnown(manifestKeys);
  const format = fields.string("file_format");
  if (format !== undefined && !/^definition_manifest\/2(?:\.\d+)*$/.test(format)) {
    fields.error("file_format", `file_format must be definition_manifest/2.0, found ${format}`);
  }
  const dependencies = fields
    .maps("dependencies", "dependency")
    .map(readDependency)
    .filter((dependency) => dependency !== null);
  return { place, schemaUrl: readIdentity(fields), dependencies };
};

const readIdentity = (fields: Fields): SchemaUrl | null => {
  if (fields.has("schema_url")) return readUrl(fields);
  const base = fields.string("schema_base_url");
  const version = fields.string("semconv_version");
  if (base === undefined || version === undefined) {
    const given = base === undefined && version === undefined && !fields.has("name");
    fields.error(
      "schema_url",
      given ? "schema_url is missing" : "v1 needs both schema_base_url and semconv_version",
    );
    return null;
  }
  const url = parseSchemaUrl(`${base.replace(/\/+$/, "")}/${version}`);
  if (url === null)
    fields.error("schema_base_url", `schema_base_url must be http[s]://server/path, found ${base}`);
  return url;
};

const readUrl = (fields: Fields): SchemaUrl | null => {
  const text = fields.string("schema_url");
  if (text === undefined) return null;
  const url = parseSchemaUrl(text);
  if (url === null) {
    fields.error(
      "schema_url",
      `schema_url must be http[s]://server[:port]/path/VERSION, found ${text}`,
    );
  }
  return url;
};

const readDependency = (fields: Fields): DependencySpec | null => {
  const name = fields.string("name");
  const dependency = fields.named(`dependency ${name ?? fields.string("schema_url") ?? ""}`);
  dependency.onlyKnown(["name", "schema_url", "registry_path"]);
  const path = dependency.string("registry_path");
  if (dependency.has("schema_url")) {
    const schemaUrl = readUrl(dependency);
    return { place: fields.place, schemaUrl, path, label: schemaUrl?.text ?? dependency.what };
  }
  if (name === undefined) {
    dependency.error("schema_url", "schema_url is missing");
    return null;
  }
  return { place: fields.place, schemaUrl: null, path, label: name };
};
