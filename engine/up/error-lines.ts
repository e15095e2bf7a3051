// What a child process says on standard error: one line per distinct error, with a count.

/** Distinct lines kept; further ones count under the last. */
const linesMax = 64;
const lineCharsMax = 1000;
const notePattern = /error|uncaught|exception|fatal|fail/i;
const overflow = "(further distinct lines)";

// Times, addresses and ids differ between repetitions of one error.
const shape = (line: string): string => line.replaceAll(/0x[0-9a-f]+|[0-9a-f]{16,}|\d+/gi, "#");

/** Whether a line of workerd tells of an error; addresses of its own code tell nobody anything. */
export const isEdgeNote = (line: string): boolean =>
  notePattern.test(line) && !line.startsWith("stack: ");

/** Those of one child process. */
export class ErrorLines {
  readonly #onFirst: (line: string) => void;
  readonly #byShape = new Map<string, { readonly line: string; count: number }>();

  /** `onFirst` sees each distinct line once. */
  constructor(onFirst: (line: string) => void) {
    this.#onFirst = onFirst;
  }

  add(line: string): void {
    const isKnown = this.#byShape.has(shape(line));
    const isRoom = this.#byShape.size < linesMax;
    const kept = isKnown || isRoom ? line.slice(0, lineCharsMax) : overflow;
    const known = this.#byShape.get(shape(kept));
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    this.#byShape.set(shape(kept), { line: kept, count: 1 });
    this.#onFirst(kept);
  }

  counts(): readonly { readonly line: string; readonly count: number }[] {
    return [...this.#byShape.values()];
  }

  /** All distinct lines, for the message of an error. */
  text(): string {
    return this.counts()
      .map(({ line }) => line)
      .join("; ");
  }
}
