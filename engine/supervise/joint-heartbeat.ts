// One heartbeat of several threads that are one worker: it stands still when any of theirs does.

/** Reads a heartbeat: 0 until the first, then another number as long as its thread lives. */
export type Heartbeat = () => number;

/** `read` changes once each of the heartbeats has; those of threads that have yet to begin are not waited for. */
export class JointHeartbeat {
  readonly #parts: readonly Heartbeat[];
  #seen: readonly number[];
  #count = 0;

  constructor(parts: readonly Heartbeat[]) {
    this.#parts = parts;
    this.#seen = parts.map(() => 0);
  }

  read(): number {
    const now = this.#parts.map((part) => part());
    if (now.every((beats, i) => beats === 0 || beats !== this.#seen[i])) {
      this.#seen = now;
      this.#count += 1;
    }
    return this.#count;
  }
}
