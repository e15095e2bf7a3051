// Deadlines that share a timer which is never cleared. A Durable Object of workerd keeps about 600
// bytes for ever of each timer that is cleared before its time, and nothing of one that fires: at a
// few hundred sends a second, each with a deadline, that were gigabytes a day.

type Deadline = { atMs: number; readonly onLate: () => void };

/** One for each that waits for many things; there are as many deadlines as it waits for. */
export class Deadlines {
  readonly #open = new Set<Deadline>();
  /** The earliest timer under way, and when it fires. */
  #armed: { atMs: number } | undefined;
  #lastMs = 0;

  /** Calls `onLate` once, in `ms`, unless the returned function is called before. */
  start(ms: number, onLate: () => void): () => void {
    const deadline = { atMs: this.#nowMs() + ms, onLate };
    this.#open.add(deadline);
    this.#arm(deadline.atMs);
    return () => void this.#open.delete(deadline);
  }

  /** From a clock that was set back, what is under way ends earlier by as much. */
  #nowMs(): number {
    const nowMs = Date.now();
    const backMs = this.#lastMs - nowMs;
    this.#lastMs = nowMs;
    if (backMs > 0) {
      for (const deadline of this.#open) deadline.atMs -= backMs;
      if (this.#armed !== undefined) this.#armed.atMs -= backMs;
    }
    return nowMs;
  }

  #arm(atMs: number): void {
    if (this.#armed !== undefined && atMs >= this.#armed.atMs) return;
    const armed = { atMs };
    this.#armed = armed;
    const timer: unknown = setTimeout(() => this.#look(armed), Math.max(1, atMs - this.#lastMs));
    // Whoever is done before its deadline need not wait for it. In workerd a timer is a number.
    (timer as { unref?: () => void }).unref?.();
  }

  #look(armed: { readonly atMs: number }): void {
    if (this.#armed === armed) this.#armed = undefined;
    const nowMs = this.#nowMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const deadline of this.#open) {
      if (deadline.atMs > nowMs) {
        nextMs = Math.min(nextMs, deadline.atMs);
        continue;
      }
      this.#open.delete(deadline);
      deadline.onLate();
    }
    if (nextMs !== Number.POSITIVE_INFINITY) this.#arm(nextMs);
  }
}
