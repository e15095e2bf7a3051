// `weir book` run within a test, its output parsed.
import { book } from "../../../engine/cli/book.ts";
import { parsedLines, runCommand } from "./captured-io.ts";

type Line = { readonly [key: string]: unknown };
type Ran = Omit<Awaited<ReturnType<typeof runCommand>>, "lines">;

/** The lines without the last, which is `summary`, and what else the run left. */
export const runBook = async (
  words: readonly string[],
  stdin: readonly Uint8Array[] = [],
): Promise<Ran & { readonly lines: readonly Line[]; readonly summary: Line }> => {
  const { lines: texts, ...ran } = await runCommand(book, words, stdin);
  const lines = parsedLines<Line>(texts);
  const summary = lines.pop()?.["summary"] as Line;
  return { ...ran, lines, summary };
};
