// What is wrong with recorded input that is replayed: counted, and the first of it shown.
import type { Io } from "./command.ts";

const shownMax = 100;

/** Of one run of a command. */
export class ReplayFaults {
  count = 0;
  readonly #command: string;
  readonly #io: Io;
  readonly #isStrict: boolean;

  /** `command` as the last line names it. */
  constructor(command: string, io: Io, isStrict: boolean) {
    this.#command = command;
    this.#io = io;
    this.#isStrict = isStrict;
  }

  /** Whether to stop. */
  get isOver(): boolean {
    return this.#isStrict && this.count > 0;
  }

  /** `place` null: the text tells it. */
  addAt(place: string | null, text: string): void {
    this.add(place === null ? text : `${place}: ${text}`);
  }

  add(text: string): void {
    this.count += 1;
    if (this.count <= shownMax) this.#io.note(text);
  }

  /** Tells how many were not shown. */
  finish(): void {
    const hidden = this.count - shownMax;
    if (hidden > 0) this.#io.note(`${this.#command}: ${hidden} more faults`);
  }
}
