// Keeps workers alive: starts them in order, restarts what dies or hangs, pauses and resumes, and
// stops them in reverse order within one deadline. It knows nothing of rings or records: between
// the end of a group and its new start it calls `handOver`, which puts in order what the dead left.
//
// What fails is killed at once, then its group (one_for_one: itself; rest_for_one: itself and all
// that start after it) is ended and started again, in turn with whatever else is asked for. A
// worker that fails more often than its limits allow stays in Error until it is asked to restart; a
// critical one settles `failed`, and the owner stops the rest. Failures during a restart join it.
import { HeartbeatWatch } from "./heartbeat-watch.ts";
import type { RestartLimits } from "./restart-budget.ts";
import type { StopReport } from "./stop-workers.ts";
import { stopWorkers } from "./stop-workers.ts";
import type { SupervisorClock, Worker, WorkerStatus } from "./worker.ts";
import { KeptWorker } from "./worker.ts";

export type WorkerFailure = { readonly name: string; readonly message: string };

export type SupervisorOptions = {
  /** In the order of their start: each needs those before it that do not start side by side. */
  readonly workers: readonly Worker[];
  readonly limits: RestartLimits;
  /** A running worker whose heartbeat stands still for so long is killed and replaced. */
  readonly hangMs: number;
  /** Called with the names of a group, all dead, before the first of them is started again. */
  readonly handOver: (names: ReadonlySet<string>) => Promise<void>;
  /** Called first in a stop: nothing new may enter from then on. */
  readonly quiesce: () => Promise<void>;
  readonly clock: SupervisorClock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly note: (line: string) => void;
};

export type Rearrangement = {
  /** Names of workers that start anew. */
  readonly ended: ReadonlySet<string>;
  /** In the order of their start. */
  readonly workers: readonly Worker[];
};

/** What was asked for cannot be done now; the message says why. */
export class RefusedError extends Error {
  override name = "RefusedError";
}

/** Checks per hang limit. */
const checksPerHang = 4;
/** Hang limits until a hang is seen, at most: two looks more than one, and a late timer. */
const hangsSeenMax = 2;
/** Workers that are started at the same time: each takes a core for a while. */
const startsMax = 8;

export class Supervisor {
  /** Settles with the first failure that cannot be repaired. */
  readonly failed: Promise<WorkerFailure>;
  readonly #options: SupervisorOptions;
  #kept: readonly KeptWorker[];
  readonly #watch: HeartbeatWatch;
  readonly #failure = Promise.withResolvers<WorkerFailure>();
  /** To be restarted, and why. */
  readonly #pending = new Map<KeptWorker, "failed" | "asked">();
  /** Ended and to be started again. */
  readonly #down = new Set<KeptWorker>();
  #turn: Promise<unknown> = Promise.resolve();
  #phase: "starting" | "up" | "ended" = "starting";
  #isRestoring = false;
  /** Ends the wait before those that are down are started. */
  #hurry: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#kept = options.workers.map((worker) => new KeptWorker(worker, options.limits));
    this.#watch = new HeartbeatWatch(options.hangMs);
    this.failed = this.#failure.promise;
  }

  /** Starts all in order. @throws Error of the first that cannot, after all were killed. */
  async start(): Promise<void> {
    try {
      const died = this.failed.then(({ message }) => {
        throw new Error(message);
      });
      await Promise.race([this.#startAll(), died]);
    } catch (error) {
      this.#phase = "ended";
      await Promise.all(this.#kept.map(({ worker }) => worker.kill()));
      throw error;
    }
    this.#phase = "up";
    this.#timer = setInterval(() => this.check(), this.#options.hangMs / checksPerHang);
    this.#timer.unref();
  }

  /** Says that a worker died or cannot go on. Of one that is down or being ended already, nothing. */
  report(name: string, message: string): void {
    this.#fail(name, message, this.#nowMs());
  }

  /** It was of use until `lastMs`. */
  #fail(name: string, message: string, lastMs: number): void {
    const kept = this.#named(name);
    if (!kept.become("Error", lastMs)) return;
    kept.lastError = message;
    // At once: whoever waits for its answer is in the turn that a restart needs.
    void kept.worker.kill();
    if (this.#phase === "starting") this.#failure.resolve({ name, message });
    if (this.#phase !== "up") return;
    this.#options.note(`worker ${name} failed: ${message}`);
    this.#pending.set(kept, "failed");
    void this.#restoreInTurn();
  }

  /** Looks for workers that hang; a timer calls it. */
  check(): void {
    const running = this.#kept.filter(({ isUp }) => isUp);
    const beats = new Map(running.map(({ worker }) => [worker.name, worker.heartbeat()]));
    const nowMs = this.#nowMs();
    for (const name of this.#watch.check(beats, nowMs)) {
      const parts = this.#named(name).worker.standing?.() ?? [];
      const of = parts.length === 0 ? "" : ` of ${parts.join(", ")}`;
      const { hangMs } = this.#options;
      // It has stood still for longer than it was seen to: what hangs from its start was of no use.
      const lastMs = nowMs - hangsSeenMax * hangMs;
      this.#fail(name, `hangs: no heartbeat${of} for hangMs=${hangMs}`, lastMs);
    }
  }

  /** @throws RefusedError naming the worker and its state. */
  pause(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const kept = this.#upOrRefused(name);
      if (kept.worker.rest === null) throw new RefusedError(`worker=${name} cannot be paused`);
      if (kept.state !== "Running") throw refusal(kept, "Running");
      await kept.worker.rest.pause();
      kept.isPaused = kept.become("Paused", this.#nowMs());
    });
  }

  /** @throws RefusedError naming the worker and its state. */
  resume(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const kept = this.#upOrRefused(name);
      if (kept.state !== "Paused") throw refusal(kept, "Paused");
      await kept.worker.rest?.resume();
      kept.isPaused = false;
      kept.become("Running", this.#nowMs());
    });
  }

  /**
   * Ends the worker's group and starts it again; its restarts count from none. One that is down with
   * its group already is started once, and waits no longer.
   */
  async restart(name: string): Promise<void> {
    const kept = this.#named(name);
    this.#refuseUnlessUp();
    const isDown = this.#groupOf(kept).every((member) => this.#down.has(member));
    if (this.#hurry !== null && isDown) {
      kept.budget.renew();
      this.#hurry();
    } else if (!this.#pending.has(kept)) this.#pending.set(kept, "asked");
    await this.#restoreInTurn();
    refuseUnlessStarted([this.#named(name)]);
  }

  /**
   * Makes other workers all that there are: ends those that are not among them, and some more, and
   * starts those that are not up; all others stay as they are. `change` is called when nothing else
   * is being restarted or changed. A worker is known by its name.
   * @throws RefusedError naming a worker that did not start.
   */
  rearrange(change: () => Rearrangement): Promise<void> {
    return this.#inTurn(async () => {
      this.#refuseUnlessUp();
      const begun = await this.#replace(change());
      // In this turn: another change that waits would end them before they serve.
      await this.#restore();
      refuseUnlessStarted(begun);
    });
  }

  /** Returns the workers that are to be started for it. */
  async #replace({ ended, workers }: Rearrangement): Promise<readonly KeptWorker[]> {
    const names = new Set(workers.map(({ name }) => name));
    for (const kept of this.#kept) {
      if (ended.has(kept.worker.name) || !names.has(kept.worker.name)) this.#down.add(kept);
    }
    await this.#endDown();
    const before = new Map(this.#kept.map((kept) => [kept.worker.name, kept]));
    this.#kept = workers.map(
      (worker) => before.get(worker.name) ?? new KeptWorker(worker, this.#options.limits),
    );
    for (const kept of this.#kept) {
      before.delete(kept.worker.name);
      if (kept.state === "Stopped") this.#down.add(kept);
    }
    for (const gone of before.values()) {
      this.#down.delete(gone);
      this.#pending.delete(gone);
    }
    return [...this.#down];
  }

  /** Ends all in reverse order, whatever is left at the deadline by force. */
  async stop(deadlineMs: number): Promise<StopReport> {
    const hasFailed = this.#phase !== "up";
    this.#phase = "ended";
    if (this.#timer !== null) clearInterval(this.#timer);
    const { clock, quiesce } = this.#options;
    const before = async (): Promise<void> => {
      await this.#turn;
      await quiesce();
    };
    return stopWorkers(this.#kept.toReversed(), {
      before,
      clock,
      deadlineMs: hasFailed ? 0 : deadlineMs,
    });
  }

  /** What is known of each, in the order of their start. */
  workers(): readonly WorkerStatus[] {
    const now = this.#options.clock.nowMs();
    return this.#kept.map((kept) => kept.status(this.#watch.ageMs(kept.worker.name, now)));
  }

  async #startAll(): Promise<void> {
    await this.#startInOrder(this.#kept, (kept) => this.#startOne(kept));
  }

  /** Until `start` fails; what is being started side by side is waited for all the same. */
  async #startInOrder(
    order: readonly KeptWorker[],
    start: (kept: KeptWorker) => Promise<void>,
  ): Promise<void> {
    const phase = this.#phase;
    const each = async (of: Iterable<KeptWorker>): Promise<void> => {
      // A stop that ran out of time does not wait for this: what it has ended stays ended.
      for (const kept of of) if (this.#phase === phase) await start(kept);
    };
    await each(order.filter(({ worker }) => worker.sideBySide !== true));
    const others = order.filter(({ worker }) => worker.sideBySide === true).values();
    const ends = await Promise.allSettled(Array.from({ length: startsMax }, () => each(others)));
    const failed = ends.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }

  async #startOne(kept: KeptWorker): Promise<void> {
    const { worker } = kept;
    kept.become("Starting", this.#nowMs());
    this.#watch.forget(worker.name);
    await worker.start();
    kept.starts += 1;
    kept.become("Running", this.#nowMs());
    if (!kept.isPaused) return;
    await worker.rest?.pause();
    kept.become("Paused", this.#nowMs());
  }

  #restoreInTurn(): Promise<unknown> {
    if (this.#isRestoring) return this.#turn;
    this.#isRestoring = true;
    return this.#inTurn(() => this.#restore());
  }

  async #restore(): Promise<void> {
    while (this.#phase === "up" && this.#pending.size + this.#down.size > 0) {
      const waitMs = this.#judge();
      await this.#endDown();
      await this.#backOff(waitMs);
      if (this.#phase === "up") await this.#startDown();
    }
    this.#isRestoring = false;
  }

  /** Waits before a start, until somebody asks for it at the longest. */
  async #backOff(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#hurry = resolve;
    await Promise.race([this.#options.clock.sleep(waitMs), promise]);
    this.#hurry = null;
  }

  /** Turns what is pending into groups that are down; returns how long to wait before the start. */
  #judge(): number {
    let waitMs = 0;
    for (const [kept, why] of this.#pending) {
      if (why === "asked") kept.budget.renew();
      const ownMs = why === "asked" ? 0 : kept.budget.spend(kept.upMs, this.#options.random());
      if (ownMs === null) {
        this.#down.delete(kept);
        this.#giveUp(kept);
        continue;
      }
      waitMs = Math.max(waitMs, ownMs);
      for (const member of this.#groupOf(kept)) this.#down.add(member);
    }
    this.#pending.clear();
    return waitMs;
  }

  #giveUp({ worker, lastError }: KeptWorker): void {
    const { restartsMax, windowMs } = this.#options.limits;
    const used = `${restartsMax} restarts within ${windowMs} ms in which it was up`;
    this.#options.note(`worker ${worker.name} is restarted no more: it used ${used}`);
    if (!worker.critical) return;
    this.#phase = "ended";
    this.#failure.resolve({ name: worker.name, message: lastError ?? "" });
  }

  #groupOf(kept: KeptWorker): readonly KeptWorker[] {
    if (kept.worker.strategy === "one_for_one") return [kept];
    return this.#kept.slice(this.#kept.indexOf(kept));
  }

  async #endDown(): Promise<void> {
    for (const kept of this.#down) kept.become("Stopping", this.#nowMs());
    await Promise.all(Array.from(this.#down, ({ worker }) => worker.kill()));
    for (const kept of this.#down) {
      if (kept.state === "Stopping") kept.become("Stopped", this.#nowMs());
    }
  }

  async #startDown(): Promise<void> {
    const order = this.#kept.filter((kept) => this.#down.has(kept));
    try {
      await this.#options.handOver(new Set(order.map(({ worker }) => worker.name)));
    } catch (error) {
      const [first] = order;
      if (first !== undefined) this.#blame(first, error);
      return;
    }
    const start = async (kept: KeptWorker): Promise<void> => {
      try {
        await this.#startOne(kept);
        this.#down.delete(kept);
      } catch (error) {
        this.#blame(kept, error);
        throw error;
      }
    };
    await this.#startInOrder(order, start).catch(() => undefined);
  }

  /** Whoever died said so itself, as a rule; if nobody did, who was to be started is at fault. */
  #blame(kept: KeptWorker, error: unknown): void {
    if (this.#phase !== "up" || this.#pending.size > 0) return;
    kept.become("Starting", this.#nowMs());
    this.report(kept.worker.name, error instanceof Error ? error.message : String(error));
  }

  #nowMs(): number {
    return this.#options.clock.nowMs();
  }

  #inTurn<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => body());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #named(name: string): KeptWorker {
    const found = this.#kept.find(({ worker }) => worker.name === name);
    if (found !== undefined) return found;
    const known = this.#kept.map(({ worker }) => worker.name).join(" ");
    throw new RefusedError(`worker=${name} is unknown; known: ${known}`);
  }

  #refuseUnlessUp(): void {
    if (this.#phase !== "up") throw new RefusedError("the engine is not running");
  }

  #upOrRefused(name: string): KeptWorker {
    this.#refuseUnlessUp();
    return this.#named(name);
  }
}

const refuseUnlessStarted = (begun: readonly KeptWorker[]): void => {
  const lost = begun.find(({ isUp }) => !isUp);
  if (lost === undefined) return;
  const reason = lost.lastError ?? "the engine is not running";
  throw new RefusedError(`worker=${lost.worker.name} did not start: ${reason}`);
};

const refusal = ({ worker, state }: KeptWorker, needed: string): RefusedError =>
  new RefusedError(`worker=${worker.name} is ${state}, not ${needed}`);
