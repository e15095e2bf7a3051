// What a thread runs: a stage does a bounded piece of work when called and says how much it did.
// The thread that calls it is not its concern; tests call `work` themselves. Borrowed from
// Agrona's duty cycle (Apache-2.0).

/** Something that works in turns, on whichever thread calls it. */
export type Stage = {
  readonly name: string;
  /** Called once before the first `work`; a supervised thread that is in it for `hangMs` hangs. */
  start(): void;
  /** Does what is there, up to a limit, and says how much; 0 when there was nothing. */
  work(): number;
  /** How long the thread may sleep when there was nothing, ms; as long as it likes without. */
  idleMs?(): number;
  /** Called once after the last `work`. */
  stop(): void;
};

/** How a thread waits when its stage had nothing to do: returns when there may be work. */
export type Idle = (idleMs: number) => void;

const parkMs = 20;

/**
 * Runs a stage on the calling thread until `stopping` says so and nothing is left to do. Idle
 * means parked: spinning pays only with more cores than runnable threads.
 * @throws TypeError when `work` returns anything but a number of 0 or more.
 */
export const runDutyCycle = (stage: Stage, idle: Idle, stopping: () => boolean): void => {
  stage.start();
  for (;;) {
    const done = stage.work();
    if (done > 0) continue;
    // Else a stage that returns nothing would never be seen to have nothing left.
    if (done !== 0)
      throw new TypeError(
        `stage=${stage.name}: work returned ${String(done)}, expected a number of 0 or more`,
      );
    // Asked again after the flag was seen: what was published before it must not stay behind.
    if (stopping() && stage.work() === 0) break;
    const idleMs = stage.idleMs?.() ?? parkMs;
    // So that no number is no wait for ever.
    idle(idleMs < parkMs ? idleMs : parkMs);
  }
  stage.stop();
};
