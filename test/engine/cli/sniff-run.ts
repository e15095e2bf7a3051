// What the tests of `weir sniff` run it with: files of a folder of the test's own, and its lines.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll } from "vitest";

import { sniff } from "../../../engine/cli/sniff.ts";
import type { FeedTransaction } from "../../../engine/feed/transactions.ts";
import { capturedIo, parsedLines } from "./captured-io.ts";

/** Removed after the tests of the file that imports this. */
export const folder = mkdtempSync(join(tmpdir(), "weir-sniff-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
export const file = (content: string | Uint8Array): string => {
  const path = join(folder, `input-${(files += 1)}`);
  writeFileSync(path, content);
  return path;
};

export type Line = {
  readonly signature: string | null;
  readonly slot: string | null;
  readonly index: number | null;
  readonly verdict: string;
  readonly reason?: string;
  readonly failed: boolean | null;
  readonly matches: readonly Record<string, unknown>[];
};

type Ran = { readonly code: number; readonly lines: Line[]; readonly notes: string[] };

export const run = async (
  paths: readonly string[],
  values: Record<string, string | boolean> = {},
): Promise<Ran> => {
  const { io, lines, notes } = capturedIo();
  const code = await sniff.run({ values, positionals: paths }, io);
  return { code, lines: parsedLines<Line>(lines), notes };
};

/** As wire frames. */
export const frames = (mix: readonly FeedTransaction[]): Buffer =>
  Buffer.concat(
    mix.flatMap(({ wire }) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(wire.length);
      return [length, wire];
    }),
  );
