import { describe, expect, it } from "vitest";

import { Progress } from "../../../engine/cli/progress.ts";

const clearLine = "\r\u001B[2K";

const drawn = (columns = 80) => {
  const clock = { ms: 0 };
  const written: string[] = [];
  const progress = new Progress({
    write: (text) => written.push(text),
    columns: () => columns,
    nowMs: () => clock.ms,
  });
  const read = (ms: number, bytes: number): void => {
    clock.ms = ms;
    progress.read(bytes);
  };
  return { progress, written, read };
};

describe("the progress of reading", () => {
  it("is a bar with rate and time left, drawn at most ten times a second", () => {
    const { progress, written, read } = drawn();
    progress.open("depth.jsonl", 8_000_000);
    read(500, 2_000_000);
    read(599, 1_000_000);
    read(1000, 1_000_000);
    expect(written).toEqual([
      `${clearLine}depth.jsonl  [#####               ] 25 % of 8.0 MB  4.0 MB/s  2 s left`,
      `${clearLine}depth.jsonl  [##########          ] 50 % of 8.0 MB  4.0 MB/s  1 s left`,
    ]);
  });

  it("is not shown for what is read in half a second", () => {
    const { progress, written, read } = drawn();
    progress.open("small", 10);
    read(499, 10);
    progress.close();
    expect(written).toEqual([]);
  });

  it("has no bar where the end is not known", () => {
    const { progress, written, read } = drawn();
    progress.open("standard input", null);
    read(2000, 3_000_000);
    expect(written).toEqual([`${clearLine}standard input  3.0 MB  1.5 MB/s`]);
  });

  it("is of all files that are read at a time, and begins anew with the next one", () => {
    const { progress, written, read } = drawn();
    progress.open("a", 1_000_000);
    progress.open("b", 3_000_000);
    read(1000, 1_000_000);
    progress.close();
    progress.close();
    progress.open("c", 2_000_000);
    read(301_000, 1000);
    expect(written).toEqual([
      `${clearLine}2 files  [#####               ] 25 % of 4.0 MB  1.0 MB/s  3 s left`,
      clearLine,
      expect.stringMatching(/c {2}\[ {20}\] 0 % of 2\.0 MB {2}0\.0 MB\/s {2}9995 min left$/),
    ]);
  });

  it("makes way for another line, and is cut where the terminal ends", () => {
    const { progress, written, read } = drawn(12);
    progress.open("depth.jsonl", 8_000_000);
    progress.clear();
    read(500, 1);
    progress.clear();
    progress.clear();
    expect(written).toEqual([`${clearLine}depth.jsonl`, clearLine]);
  });

  it("shows a file's name without what the terminal would obey, cut by columns", () => {
    const { progress, written, read } = drawn(8);
    progress.open("名前\u001B[31m", 8_000_000);
    read(500, 1);
    expect(written).toEqual([`${clearLine}名前\\u0`]);
  });

  it("does not pass the end of a file that grows", () => {
    const { progress, written, read } = drawn();
    progress.open("log", 1_000_000);
    read(1000, 5_000_000);
    expect(written[0]).toContain("[####################] 100 % of 1.0 MB  5.0 MB/s  0 s left");
  });
});
