// One file of a registry or one entry of an archive, and what of them may be read.
import { fileBytesMax, registryBytesMax, registryFilesMax } from "./limits.ts";

export type TreeFile = {
  /** Below the registry's top, with `/`. */
  readonly path: string;
  /** As shown to people. */
  readonly name: string;
  readonly bytes: Uint8Array;
};

/** One entry; `bytes` unpacks it. */
export type ArchiveEntry = {
  /** As written in the archive, not yet trusted. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link" | "other";
  readonly size: number;
  /** @throws Error when the entry is damaged. */
  readonly bytes: () => Uint8Array;
};

/** What reading may still take; beyond it files are refused. */
export class TreeBudget {
  #files = 0;
  #bytes = 0;

  /** What is wrong with one more file of this size, or null. */
  refusal(bytes: number): string | null {
    this.#files += 1;
    this.#bytes += bytes;
    if (bytes > fileBytesMax) return `${bytes} bytes are more than fileBytesMax=${fileBytesMax}`;
    if (this.#files > registryFilesMax)
      return `more files than registryFilesMax=${registryFilesMax}`;
    if (this.#bytes <= registryBytesMax) return null;
    return `more bytes in all than registryBytesMax=${registryBytesMax}`;
  }
}

/** Files of other names, hidden ones and Weaver's own output are no definitions. */
export const isDefinitionFile = (path: string): boolean =>
  /\.ya?ml$/.test(path) &&
  !path.split("/").some((part) => part.startsWith(".")) &&
  !/(?:^|\/)schema-next\.yaml$/.test(path);
