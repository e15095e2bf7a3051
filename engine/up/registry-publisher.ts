// Puts a registry folder in front of the local edge as Cloudflare's KV would hold it, and a new
// version of it whenever a file of the folder changes: the edge takes it up within a minute. A
// folder with an error is named and the last good version stays.
import { watch } from "node:fs";
import { stat } from "node:fs/promises";

import { compileFolder } from "../registry/compile-folder.ts";
import type { KeyValueServer } from "./key-value-server.ts";
import { startKeyValueServer } from "./key-value-server.ts";

/** What to publish, and where to say what became of it. */
export type PublisherOptions = {
  /** Folder or archive. */
  readonly path: string;
  readonly note: (line: string) => void;
};

/** Files are often written in several steps: a folder is read when it was quiet this long. */
const quietMs = 300;
/** Old versions that an edge may still be asked for: the current one and the one before. */
const versionsMax = 2;
const problemsShown = 5;

/** @throws Error with the first problems when the registry cannot be used at the start. */
export const publishRegistry = async (options: PublisherOptions): Promise<KeyValueServer> => {
  const { path, note } = options;
  const versions = new Map<string, Uint8Array>();
  let current = "";
  const publish = (): string => {
    const compiled = compileFolder(path);
    if (!compiled.ok) return shown(compiled.problems);
    const { version, groups, bytes } = compiled;
    if (version === current) return "";
    versions.set(version, bytes);
    for (const old of [...versions.keys()].slice(0, -versionsMax)) versions.delete(old);
    current = version;
    note(`registry ${path}: version ${version.slice(0, 12)}, ${groups} groups`);
    return "";
  };
  const problem = publish();
  if (problem !== "") throw new Error(`registry ${path}: ${problem}`);
  const server = await startKeyValueServer((key) =>
    key === "registry" ? pointerTo(current) : versions.get(key.replace(/^registry:/, "")),
  );
  const stopWatching = (await stat(path)).isDirectory()
    ? watchQuietly(path, () => {
        const fault = publish();
        if (fault !== "") note(`registry ${path}: the last good version stays: ${fault}`);
      })
    : () => undefined;
  return {
    address: server.address,
    close: async () => {
      stopWatching();
      await server.close();
    },
  };
};

const pointerTo = (version: string): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ current: version }));

const shown = (problems: readonly string[]): string => {
  const more = problems.length - problemsShown;
  return problems.slice(0, problemsShown).join("; ") + (more > 0 ? `; ${more} more` : "");
};

const watchQuietly = (path: string, onQuiet: () => void): (() => void) => {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(path, { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(onQuiet, quietMs);
  });
  // A folder that goes away is not an end of the system.
  watcher.on("error", () => undefined);
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
};
