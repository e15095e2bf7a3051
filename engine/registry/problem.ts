// What is wrong with a registry, each with its place. Problems are collected, never thrown: one
// run reports all of them. Lines are found only for files that have problems, when asked for.
import { problemsMax } from "./limits.ts";
import type { SourceFile } from "./source-file.ts";
import type { Path } from "./yaml-document.ts";

/** A node of a YAML file. */
export type Place = { readonly file: SourceFile; readonly path: Path };

type Severity = "error" | "warning";

/** `line` counts from 1; 0 means the file as a whole (an archive that cannot be opened). */
export type Problem = {
  readonly severity: Severity;
  readonly file: string;
  readonly line: number;
  readonly message: string;
};

type Found = { severity: Severity; at: Place | string; line: number; message: string };

/** The problems of one run. */
export class Problems {
  readonly #found: Found[] = [];
  /** Problems beyond `problemsMax`, counted only. */
  dropped = 0;
  errors = 0;
  warnings = 0;

  /** `at` is a place in a file, or the name of what could not be read at all. */
  error(at: Place | string, message: string): void {
    this.errors += 1;
    this.#keep({ severity: "error", at, line: 0, message });
  }

  /** An error of a file that has no nodes, because it is no YAML. */
  errorAtLine(file: string, line: number, message: string): void {
    this.errors += 1;
    this.#keep({ severity: "error", at: file, line, message });
  }

  warning(at: Place | string, message: string): void {
    this.warnings += 1;
    this.#keep({ severity: "warning", at, line: 0, message });
  }

  #keep(found: Found): void {
    if (this.#found.length < problemsMax) this.#found.push(found);
    else this.dropped += 1;
  }

  /** All problems by file, line and message, each once. */
  list(): Problem[] {
    const problems = this.#found.map(({ severity, at, line, message }) =>
      typeof at === "string"
        ? { severity, file: at, line, message }
        : { severity, file: at.file.name, line: at.file.lineOf(at.path), message },
    );
    problems.sort(
      (a, b) =>
        compare(a.file, b.file) ||
        a.line - b.line ||
        compare(a.severity, b.severity) ||
        compare(a.message, b.message),
    );
    return problems.filter((problem, i) => !isSame(problem, problems[i - 1]));
  }
}

const isSame = (a: Problem, b: Problem | undefined): boolean =>
  b !== undefined &&
  a.file === b.file &&
  a.line === b.line &&
  a.severity === b.severity &&
  a.message === b.message;

/** By code units, the same on every machine. */
export const compare = (a: string, b: string): number => {
  if (a === b) return 0;
  return a < b ? -1 : 1;
};

/** `file:line: error: message`; without a line `file: error: message`. */
export const problemText = ({ severity, file, line, message }: Problem): string =>
  `${file}${line === 0 ? "" : `:${line}`}: ${severity}: ${message}`;

/** "registry.yaml:12", for the other place that a message names. */
export const placeText = ({ file, path }: Place): string => `${file.name}:${file.lineOf(path)}`;
