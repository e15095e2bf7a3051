import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";

import { afterAll, describe, expect, it } from "vitest";

import type { Io } from "../../../engine/cli/command.ts";
import { InputError, readLines, readWhole } from "../../../engine/cli/input.ts";
import { capturedIo } from "./captured-io.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-input-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

const io = (stdin: readonly Uint8Array[] = []): Io => capturedIo(stdin).io;

const text = async (path: string, from = io()): Promise<string> =>
  Buffer.from(await readWhole(path, from)).toString();

const plain = Buffer.from("one\ntwo\n");

const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

/** Of several blocks, with repeated bytes and a checksum. */
const checkedFrame = (last: number): Buffer =>
  zstdCompressSync(`${"a".repeat(300_000)}${"b".repeat(last)}`, {
    params: { [constants.ZSTD_c_checksumFlag]: 1 },
  });

describe("input", () => {
  it("reads plain, gzip and zstd files alike, whatever their name", async () => {
    expect(await text(file("a", plain))).toBe("one\ntwo\n");
    expect(await text(file("b.txt", gzipSync(plain)))).toBe("one\ntwo\n");
    expect(await text(file("c", zstdCompressSync(plain)))).toBe("one\ntwo\n");
  });

  it("unpacks standard input too", async () => {
    const packed = gzipSync(plain);
    const halves = [packed.subarray(0, 11), packed.subarray(11)];
    expect(await text("-", io(halves))).toBe("one\ntwo\n");
  });

  it("unpacks all members and frames of a file that has several", async () => {
    const gzip = gzipSync(plain);
    expect(await text(file("members", Buffer.concat([gzip, gzip])))).toBe("one\ntwo\none\ntwo\n");
    const frames = [zstdCompressSync(plain), skippable, zstdCompressSync(""), checkedFrame(3)];
    const expected = `one\ntwo\n${"a".repeat(300_000)}${"b".repeat(3)}`;
    expect(await text(file("frames", Buffer.concat(frames)))).toBe(expected);
    // As pzstd writes it.
    expect(await text(file("skipped", Buffer.concat([skippable, ...frames])))).toBe(expected);
  });

  it("knows what is packed, however few bytes come at once", async () => {
    const frames = Buffer.concat([zstdCompressSync(plain), skippable, zstdCompressSync(plain)]);
    for (const packed of [plain, gzipSync(plain), frames]) {
      const bytes = Array.from(packed, (_, i) => packed.subarray(i, i + 1));
      expect(await text("-", io(bytes))).toMatch(/^(one\ntwo\n)+$/);
    }
  });

  it("refuses zstd that ends within a frame, or is followed by something else", async () => {
    const frame = zstdCompressSync(plain);
    for (const [name, end] of [
      ["frame", frame.subarray(0, -1)],
      ["head", frame.subarray(0, 7)],
      ["skippable", skippable.subarray(0, -1)],
      ["text", Buffer.from("more text")],
    ] as const) {
      const path = file(`cut-${name}`, Buffer.concat([frame, end]));
      await expect(text(path)).rejects.toThrow(`cut-${name}: `);
    }
  });

  it("reads an empty file as nothing", async () => {
    expect(await text(file("empty", Buffer.alloc(0)))).toBe("");
  });

  it("names the file that is missing, broken or too large", async () => {
    await expect(text(join(folder, "absent"))).rejects.toThrow(InputError);
    const broken = file("broken.gz", gzipSync(Buffer.alloc(100_000, 7)).subarray(0, 40));
    await expect(text(broken)).rejects.toThrow("broken.gz");
    await expect(readWhole(file("large", plain), io(), 4)).rejects.toThrow("bytesMax=4");
  });

  it("counts lines per file and keeps a last one without newline", async () => {
    const paths = [file("l1", Buffer.from("a\nb\n")), file("l2", Buffer.from("c\n\u00e9"))];
    const lines = [];
    for await (const { line, text: found } of readLines(paths, io())) lines.push([line, found]);
    expect(lines).toEqual([
      [1, "a"],
      [2, "b"],
      [1, "c"],
      [2, "\u00e9"],
    ]);
  });

  it("joins a line that comes in many chunks, in the middle of a character too", async () => {
    const bytes = Buffer.from(`${"\u00e9".repeat(1000)}\nlast`);
    const chunks = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
    const texts = [];
    for await (const line of readLines(["-"], io(chunks))) texts.push(line.text);
    expect(texts).toEqual(["\u00e9".repeat(1000), "last"]);
  });

  it("leaves out the byte order mark of a file that is read whole", async () => {
    expect(await text(file("marked", Buffer.from("\ufeff{}")))).toBe("{}");
    expect(await text(file("short", Buffer.from([0xef, 0xbb])))).toHaveLength(1);
  });

  it("takes no part of a whole file for all of it when it was interrupted", async () => {
    const interrupted = { ...io([plain]), signal: AbortSignal.abort() };
    await expect(readWhole("-", interrupted)).rejects.toThrow("-: interrupted after 8 bytes");
  });
});
