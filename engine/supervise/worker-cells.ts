// What a worker and its supervisor say to each other in shared memory, because a thread in its
// duty cycle takes no messages: a heartbeat, bumped once a cycle, and an order. Event-loop threads
// bump theirs by a timer and take orders as messages.
//
// Per worker 256 bytes, two lines with one writer each:
//   0    i32  heartbeat, written by the worker
//   128  i32  order, written by the supervisor

/** Time between two heartbeats of a thread with an event loop. */
export const beatMs = 100;

/** Workers of one engine at most. */
const workersMax = 320;

export const workerOrder = { run: 0, stop: 1, pause: 2 } as const;
export type WorkerOrder = (typeof workerOrder)[keyof typeof workerOrder];

const workerWords = 64;
const orderWord = 32;

export const createWorkerMemory = (): SharedArrayBuffer =>
  new SharedArrayBuffer(workersMax * workerWords * 4);

export class WorkerCells {
  readonly #words: Int32Array;
  readonly #heartbeatAt: number;
  readonly #orderAt: number;
  #beats: number;

  /** @throws RangeError for an index outside 0 to workersMax - 1. */
  constructor(memory: SharedArrayBuffer, index: number) {
    if (!(index >= 0 && index < workersMax)) {
      throw new RangeError(`worker index=${index}, limits 0 to ${workersMax - 1}`);
    }
    this.#words = new Int32Array(memory);
    this.#heartbeatAt = index * workerWords;
    this.#orderAt = this.#heartbeatAt + orderWord;
    this.#beats = Atomics.load(this.#words, this.#heartbeatAt);
  }

  /** Worker only. A plain store: nothing is ordered by it. */
  beat(): void {
    this.#beats = (this.#beats + 1) | 0;
    this.#words[this.#heartbeatAt] = this.#beats;
  }

  /** Any thread: changes while the worker lives. */
  heartbeat(): number {
    return Atomics.load(this.#words, this.#heartbeatAt);
  }

  /** Any thread. */
  order(): WorkerOrder {
    return Atomics.load(this.#words, this.#orderAt) as WorkerOrder;
  }

  /** Blocks the worker until the order is another than `seen`, or the time is over. */
  waitForOrder(seen: WorkerOrder, timeoutMs: number): void {
    Atomics.wait(this.#words, this.#orderAt, seen, timeoutMs);
  }

  /** Supervisor only. */
  give(order: WorkerOrder): void {
    Atomics.store(this.#words, this.#orderAt, order);
    Atomics.notify(this.#words, this.#orderAt);
  }
}
