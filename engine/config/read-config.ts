// Reads the sources from the outside: which file it is, its text, the process's environment. The one
// reader of settings; what is said about them is resolve-config.ts.
import { readFile, stat } from "node:fs/promises";

import type { Flag, Variables } from "./layers.ts";
import type { ConfigProblem } from "./problem.ts";
import type { ConfigFile } from "./read-file.ts";
import { fileCharsMax } from "./read-file.ts";
import { type Resolution, resolveConfig } from "./resolve-config.ts";
import { fieldByPath } from "./schema.ts";

export type ConfigPlace = {
  /** What `--config` names; null: the variable's or the default's file. `--set` wins over it. */
  readonly path: string | null;
  readonly flags: readonly Flag[];
  /** The process's by default. */
  readonly variables?: Variables;
};

const pathField = "sniffer.config_file_path";
const pathVariable = fieldByPath.get(pathField)?.variable ?? "";
const defaultPath = String(fieldByPath.get(pathField)?.schema.parse(undefined));

/** The file that is meant, and whether it has to exist. */
export const configPathOf = ({
  path,
  flags,
  variables = process.env,
}: ConfigPlace): { readonly path: string; readonly isNamed: boolean } => {
  const set = flags.findLast((flag) => flag.path === pathField)?.text;
  const named = set ?? path ?? (variables[pathVariable] ?? "").trim();
  return named === "" ? { path: defaultPath, isNamed: false } : { path: named, isNamed: true };
};

/** Largest file in bytes, whatever characters it is of. */
export const fileBytesMax: number = 4 * fileCharsMax;

/** The file of these bytes, or why they are no text. */
export const configFileOf = (path: string, bytes: Uint8Array): ConfigFile | ConfigProblem => {
  if (bytes.length > fileBytesMax) {
    const message = `found ${bytes.length} bytes, expected up to ${fileCharsMax} characters`;
    return { place: path, field: "", message };
  }
  try {
    return { path, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { place: path, field: "", message: "found bytes that are no UTF-8" };
  }
};

/** The text of a file; null when there is none, else why it cannot be read. */
const readConfigFile = async (
  path: string,
  isAgain: boolean,
): Promise<ConfigFile | ConfigProblem | null> => {
  try {
    // A pipe gives its text once; after that there is nothing in it, or reading it never ends.
    if (isAgain && !(await stat(path)).isFile()) {
      return { place: path, field: "", message: "is no regular file: it cannot be read again" };
    }
    return configFileOf(path, await readFile(path));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    if (code === "ENOENT") return null;
    return { place: path, field: "", message: `cannot be read: ${code}` };
  }
};

/** The configuration of `file` and the other sources; `path` is told as `sniffer.config_file_path`. */
export const resolveFile = (
  place: ConfigPlace,
  file: ConfigFile | ConfigProblem | null,
): Resolution => {
  if (file !== null && "message" in file) return failed(file);
  const { path, flags, variables = process.env } = place;
  const named: readonly Flag[] =
    path === null ? [] : [{ path: pathField, text: path, option: "--config" }];
  return resolveConfig({ file, variables, flags: [...named, ...flags] });
};

/**
 * Reads and resolves everything. A file that is named must exist; the default's need not. `isAgain`:
 * it was read before, so it must be one that can be.
 */
export const readConfig = async (place: ConfigPlace, isAgain = false): Promise<Resolution> => {
  const { path, isNamed } = configPathOf(place);
  const file = await readConfigFile(path, isAgain);
  if (file === null && isNamed) return failed({ place: path, field: "", message: "no such file" });
  return resolveFile(place, file);
};

const failed = (problem: ConfigProblem): Resolution => ({
  ok: false,
  problems: [problem],
  warnings: [],
});
