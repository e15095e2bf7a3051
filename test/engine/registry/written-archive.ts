// Archives for tests, written byte by byte, so that they can also be bad ones.
import { crc32, deflateRawSync, gzipSync } from "node:zlib";

export type Entry = {
  readonly path: string;
  readonly content?: string;
  /** A symbolic link to there. */
  readonly link?: string;
};

const bytesOf = (text: string): Buffer => Buffer.from(text, "utf8");

const header = (
  size: number,
  fields: readonly (readonly [at: number, value: Buffer])[],
): Buffer => {
  const bytes = Buffer.alloc(size);
  for (const [at, value] of fields) value.copy(bytes, at);
  return bytes;
};

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};

/** A zip file with deflated entries. */
export const zip = (entries: readonly Entry[]): Buffer => {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, content = "", link } of entries) {
    const name = bytesOf(path);
    const data = bytesOf(link ?? content);
    const packed = deflateRawSync(data);
    const sums = Buffer.concat([u32(crc32(data)), u32(packed.length), u32(data.length)]);
    const local = header(30, [
      [0, u32(0x04034b50)],
      [8, u16(8)],
      [14, sums],
      [26, u16(name.length)],
    ]);
    const entry = header(46, [
      [0, u32(0x02014b50)],
      [10, u16(8)],
      [16, sums],
      [28, u16(name.length)],
      [38, u32((link === undefined ? 0o100644 : 0o120777) << 16)],
      [42, u32(offset)],
    ]);
    locals.push(local, name, packed);
    directory.push(entry, name);
    offset += local.length + name.length + packed.length;
  }
  const listing = Buffer.concat(directory);
  const end = header(22, [
    [0, u32(0x06054b50)],
    [8, u16(entries.length)],
    [10, u16(entries.length)],
    [12, u32(listing.length)],
    [16, u32(offset)],
  ]);
  return Buffer.concat([...locals, listing, end]);
};

const tarHeader = (path: string, type: string, size: number): Buffer => {
  const block = header(512, [
    [0, bytesOf(path.slice(0, 100))],
    [124, bytesOf(size.toString(8).padStart(11, "0"))],
    [148, bytesOf("        ")],
    [156, bytesOf(type)],
    [257, bytesOf("ustar\u000000")],
  ]);
  const sum = block.reduce((total, byte) => total + byte, 0);
  bytesOf(`${sum.toString(8).padStart(6, "0")}\0 `).copy(block, 148);
  return block;
};

const padded = (data: Buffer): Buffer =>
  Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)]);

/** A tar file; paths longer than 100 bytes are in a pax header. */
export const tar = (entries: readonly Entry[]): Buffer => {
  const blocks: Buffer[] = [tarHeader("pax_global_header", "g", 0)];
  for (const { path, content = "", link } of entries) {
    if (path.length > 100) {
      const plain = ` path=${path}\n`;
      const length = plain.length + String(plain.length + 3).length;
      const record = bytesOf(`${length}${plain}`);
      blocks.push(tarHeader("pax", "x", record.length), padded(record));
    }
    const data = bytesOf(content);
    const type = link === undefined ? "0" : "2";
    blocks.push(tarHeader(path, type, data.length), padded(data));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
};

export const tarGz = (entries: readonly Entry[]): Buffer => gzipSync(tar(entries));
