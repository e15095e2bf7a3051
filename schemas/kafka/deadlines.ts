// Deadlines that share a timer which is never cleared. A Durable Object of workerd keeps about 600
// bytes for ever of each timer that is cleared before its time, and nothing of one that fires: at a
// few hundred sends a second, each with a deadline, that were gigabytes a day.

type Deadline = { readonly atMs: number; readonly onLate: () => void };

/** One for each that waits for many things; there are as many deadlines as it waits for. */
export class Deadlines {
  readonly #open = new Set<Deadline>();
  /** When the earliest timer under way fires. */
  #armedMs = Number.POSITIVE_INFINITY;

  /** Calls `onLate` once, in `ms`, unless the returned function is called before. */
  start(ms: number, onLate: () => void): () => void {
    const deadline = { atMs: Date.now() + ms, onLate };
    this.#open.add(deadline);
    this.#arm(deadline.atMs);
    return () => void this.#open.delete(deadline);
  }

  #arm(atMs: number): void {
    if (atMs >= this.#armedMs) return;
    this.#armedMs = atMs;
    const timer: unknown = setTimeout(() => this.#look(atMs), Math.max(1, atMs - Date.now()));
    // Whoever is done before its deadline need not wait for it. In workerd a timer is a number.
    (timer as { unref?: () => void }).unref?.();
  }

  #look(armedMs: number): void {
    if (this.#armedMs === armedMs) this.#armedMs = Number.POSITIVE_INFINITY;
    const nowMs = Date.now();
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
