// Tells which workers have not moved for too long: alive, but in a loop that does not end. Ages are
// of the watcher's own clock, from the moment when it first saw a heartbeat unchanged.

type Seen = { beats: number; sinceMs: number };

export class HeartbeatWatch {
  readonly #hangMs: number;
  readonly #seen = new Map<string, Seen>();
  #checkedMs = 0;

  constructor(hangMs: number) {
    this.#hangMs = hangMs;
  }

  /** Milliseconds since the heartbeat was last seen to change; 0 for a worker not yet looked at. */
  ageMs(name: string, nowMs: number): number {
    const seen = this.#seen.get(name);
    return seen === undefined ? 0 : nowMs - seen.sinceMs;
  }

  /** Begins anew with a worker: it was started. */
  forget(name: string): void {
    this.#seen.delete(name);
  }

  /** Looks at the workers' heartbeats and returns the names of those that hang. */
  check(heartbeats: ReadonlyMap<string, number>, nowMs: number): readonly string[] {
    // A watcher that slept itself (a suspended machine, a stopped process) knows nothing of others.
    const hasSlept = nowMs - this.#checkedMs > this.#hangMs;
    this.#checkedMs = nowMs;
    const hung: string[] = [];
    for (const [name, beats] of heartbeats) {
      const seen = this.#seen.get(name);
      if (seen === undefined || seen.beats !== beats || hasSlept) {
        this.#seen.set(name, { beats, sinceMs: nowMs });
      } else if (nowMs - seen.sinceMs >= this.#hangMs) hung.push(name);
    }
    return hung;
  }
}
