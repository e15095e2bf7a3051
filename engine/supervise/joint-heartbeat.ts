// One heartbeat of several threads that are one worker: it stands still when any of theirs does.

/** One of the threads. */
type HeartbeatPart = {
  /** As messages say it. */
  readonly name: string;
  /** 0 until the first heartbeat, then another number as long as the thread lives. */
  readonly read: () => number;
};

/** `read` changes once each of the heartbeats has; those of threads that have yet to begin are not waited for. */
export class JointHeartbeat {
  readonly #parts: readonly HeartbeatPart[];
  #seen: readonly number[];
  #count = 0;

  constructor(parts: readonly HeartbeatPart[]) {
    this.#parts = parts;
    this.#seen = parts.map(() => 0);
  }

  read(): number {
    const now = this.#parts.map((part) => part.read());
    if (now.every((beats, i) => beats === 0 || beats !== this.#seen[i])) {
      this.#seen = now;
      this.#count += 1;
    }
    return this.#count;
  }

  /** Names of those that have not moved since `read` last changed. */
  standing(): readonly string[] {
    const isStanding = ({ read }: HeartbeatPart, i: number): boolean => {
      const beats = read();
      return beats !== 0 && beats === this.#seen[i];
    };
    return this.#parts.filter(isStanding).map(({ name }) => name);
  }
}
