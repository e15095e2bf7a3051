// Reads a tar file: blocks of 512 bytes, a header and then the data of each entry.
//   0 name 100 · 124 size 12, octal · 148 checksum 8 · 156 type · 257 "ustar" · 345 prefix 155
// Types: "0" or NUL file, "1" "2" links, "5" folder, "x" pax attributes of the next entry,
// "L" long name of the next entry, "g" "K" skipped.
import { archiveEntriesMax } from "./limits.ts";
import type { ArchiveEntry } from "./tree-file.ts";

const blockBytes = 512;
const decoder = new TextDecoder();

/** `hasEnd` false: the zeros behind the last entry are not there, so entries may be missing. */
type TarFile = { readonly entries: ArchiveEntry[]; readonly hasEnd: boolean };

/** @throws Error when the file is no tar file or damaged. */
export const readTar = (bytes: Uint8Array): TarFile => {
  const entries: ArchiveEntry[] = [];
  let longPath: string | null = null;
  let at = 0;
  while (at + blockBytes <= bytes.length && bytes[at] !== 0) {
    const header = bytes.subarray(at, at + blockBytes);
    const size = checkedSize(header, at);
    const start = at + blockBytes;
    if (start + size > bytes.length) throw cut(bytes);
    const data = bytes.subarray(start, start + size);
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === "L") longPath = text(data);
    else if (type === "x") longPath = paxPath(data) ?? longPath;
    else if (type !== "g" && type !== "K") {
      const path = longPath ?? headerPath(header);
      entries.push({ path, kind: kindOf(type, path), size, bytes: () => data });
      longPath = null;
    }
    if (entries.length > archiveEntriesMax)
      throw new Error(`more entries than ${archiveEntriesMax}`);
    at = start + Math.ceil(size / blockBytes) * blockBytes;
  }
  if (at === 0) throw new Error("neither a folder nor a zip, tar or tar.gz file");
  // Zeros end the file; anything else that is no whole block is the start of a header.
  const isPart = bytes.length - at < blockBytes;
  if (isPart && bytes.subarray(at).some((byte) => byte !== 0)) throw cut(bytes);
  return { entries, hasEnd: !isPart };
};

const cut = (bytes: Uint8Array): Error => new Error(`the tar file is cut at byte ${bytes.length}`);

const kindOf = (type: string, path: string): ArchiveEntry["kind"] => {
  if (type === "5" || path.endsWith("/")) return "folder";
  if (type === "0" || type === "\0") return "file";
  return type === "1" || type === "2" ? "link" : "other";
};

const checkedSize = (header: Uint8Array, at: number): number => {
  const sum = Number.parseInt(text(header.subarray(148, 156)), 8);
  // The checksum counts its own field as spaces.
  const actual = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  if (sum !== actual) {
    throw new Error(
      at === 0
        ? "neither a folder nor a zip, tar or tar.gz file"
        : `the tar file is damaged at byte ${at}`,
    );
  }
  const size = Number.parseInt(text(header.subarray(124, 136)), 8);
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new Error(`the tar file has an entry of unreadable size at byte ${at}`);
};

const headerPath = (header: Uint8Array): string => {
  const name = text(header.subarray(0, 100));
  const isUstar = text(header.subarray(257, 262)) === "ustar";
  const prefix = isUstar ? text(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
};

/** Up to the first NUL, without spaces around. */
const text = (field: Uint8Array): string => {
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end)).trim();
};

/** Records `LENGTH KEY=VALUE\n`, LENGTH in bytes with itself. */
const paxPath = (data: Uint8Array): string | null => {
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const length = Number.parseInt(decoder.decode(data.subarray(at, space)), 10);
    if (space < 0 || !(length > 0)) return null;
    const record = decoder.decode(data.subarray(space + 1, at + length - 1));
    if (record.startsWith("path=")) return record.slice("path=".length);
    at += length;
  }
  return null;
};
