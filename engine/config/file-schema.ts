// The JSON Schema of a file of settings, for editors. What it accepts is what the check accepts, as far
// as a field by itself goes: it knows nothing of what must hold between fields, nor of the finer points
// of an address.
import * as z from "zod";

import { aliases } from "./layers.ts";
import { idleFields } from "./retired-fields.ts";
import { configSchema, fieldByPath, sections } from "./schema.ts";

type Section = {
  properties: { [key: string]: object };
  required?: readonly string[];
  not?: object;
};

/** Of the whole document, a new one at each call. */
export const fileSchema = (): object => {
  const root = z.toJSONSchema(configSchema, { io: "input" }) as Section;
  // A file says what it wants otherwise, and leaves out the rest.
  for (const path of sections) delete sectionAt(root, path.split(".")).required;
  delete root.required;
  // Where the file is, it cannot say itself.
  delete sectionAt(root, ["sniffer"]).properties["config_file_path"];
  for (const [alias, path] of aliases) addAlias(root, alias.split("."), path);
  for (const [path, description] of idleFields) addIdle(root, path.split("."), description);
  return root;
};

const sectionAt = (root: Section, keys: readonly string[]): Section => {
  let section = root;
  for (const key of keys) section = section.properties[key] as Section;
  return section;
};

const addAlias = (root: Section, alias: readonly string[], path: string): void => {
  const section = sectionAt(root, alias.slice(0, -1));
  const name = alias.at(-1) ?? "";
  const field = fieldByPath.get(path)?.keys.at(-1) ?? "";
  section.properties[name] = { ...section.properties[field], deprecated: true };
  section.not = { required: [field, name] };
};

const addIdle = (root: Section, keys: readonly string[], description: string): void => {
  const section = sectionAt(root, keys.slice(0, -1));
  section.properties[keys.at(-1) ?? ""] = { type: "string", description, deprecated: true };
};
