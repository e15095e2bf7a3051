// Reads the central directory of a zip file:
//   end record      PK\5\6, u16 at 10 entries, u32 at 12 bytes, u32 at 16 offset of the directory
//   directory entry PK\1\2, u16 at 8 flags, 10 method, u32 at 16 crc, 20 packed, 24 size,
//                   u16 at 28 name, 30 extra, 32 comment, u32 at 38 mode << 16, 42 local header
//   local header    PK\3\4, u16 at 26 name, 28 extra, then the data
// Without zip64 and encryption: a registry needs neither.
import { crc32, inflateRawSync } from "node:zlib";

import { archiveEntriesMax, fileBytesMax } from "./limits.ts";
import type { ArchiveEntry } from "./tree-file.ts";

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const entryBytes = 46;
const localBytes = 30;
const commentBytesMax = 0xffff;
const flagEncrypted = 1;
const methodStored = 0;
const methodDeflated = 8;
const modeType = 0o170000;
const modeLink = 0o120000;

/** @throws Error when the directory is damaged, encrypted or too large. */
export const zipEntries = (bytes: Uint8Array): ArchiveEntry[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endRecord(view);
  const count = view.getUint16(end + 10, true);
  if (count > archiveEntriesMax) throw new Error(`more entries than ${archiveEntriesMax}`);
  const entries: ArchiveEntry[] = [];
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i += 1) {
    if (at + entryBytes > end || view.getUint32(at, true) !== entrySignature) {
      throw new Error(`the zip file's directory is damaged at byte ${at}`);
    }
    entries.push(entryAt(bytes, view, at));
    at += entryBytes + nameBytes(view, at);
  }
  return entries;
};

const endRecord = (view: DataView): number => {
  const first = Math.max(0, view.byteLength - endBytes - commentBytesMax);
  for (let at = view.byteLength - endBytes; at >= first; at -= 1) {
    if (view.getUint32(at, true) === endSignature) return at;
  }
  throw new Error("the zip file has no end record: it is cut or damaged");
};

const nameBytes = (view: DataView, at: number): number =>
  view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);

const entryAt = (bytes: Uint8Array, view: DataView, at: number): ArchiveEntry => {
  const name = bytes.subarray(at + entryBytes, at + entryBytes + view.getUint16(at + 28, true));
  const path = new TextDecoder().decode(name);
  const size = view.getUint32(at + 24, true);
  const isLink = ((view.getUint32(at + 38, true) >>> 16) & modeType) === modeLink;
  const plain = path.endsWith("/") ? "folder" : "file";
  return {
    path,
    size,
    kind: isLink ? "link" : plain,
    bytes: () => unpacked(bytes, view, at, path),
  };
};

const unpacked = (bytes: Uint8Array, view: DataView, at: number, path: string): Uint8Array => {
  if ((view.getUint16(at + 8, true) & flagEncrypted) !== 0) throw new Error(`${path} is encrypted`);
  const local = view.getUint32(at + 42, true);
  if (local + localBytes > bytes.length || view.getUint32(local, true) !== localSignature) {
    throw new Error(`${path} is damaged: no local header at byte ${local}`);
  }
  const names = view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  const start = local + localBytes + names;
  const packed = bytes.subarray(start, start + view.getUint32(at + 20, true));
  const data = inflated(packed, view.getUint16(at + 10, true), path);
  if (
    data.length !== view.getUint32(at + 24, true) ||
    crc32(data) !== view.getUint32(at + 16, true)
  ) {
    throw new Error(`${path} is damaged: size or checksum differ`);
  }
  return data;
};

const inflated = (packed: Uint8Array, method: number, path: string): Uint8Array => {
  if (method === methodStored) return packed;
  if (method === methodDeflated) return inflateRawSync(packed, { maxOutputLength: fileBytesMax });
  throw new Error(
    `${path} is packed by method ${method}; only stored (0) and deflated (8) are read`,
  );
};
