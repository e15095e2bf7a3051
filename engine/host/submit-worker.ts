// The submit thread with the custom stages in front of it, as one worker of the supervisor: started,
// stopped in the order of the data, and restarted together, because they share rings.
import type { StageMetricsSet } from "../metrics/stage-metrics-set.ts";
import type { Submission } from "../submit/outlet.ts";
import type { SubmitSettings } from "../submit/submit-settings.ts";
import { JointHeartbeat } from "../supervise/joint-heartbeat.ts";
import type { Worker } from "../supervise/worker.ts";
import { loadStage } from "../threads/load-stage.ts";
import { type StageChain, startStageChain } from "../threads/stage-chain.ts";
import { sizeProblem } from "../config/check-stages.ts";

/** Of the thread behind the stages, in messages. */
const threadName = "thread=submit";
/** Submissions shown in /status, the newest last. */
const submissionsMax = 32;
/** Each of the three steps of its stop; the whole engine has 5 s by default. */
const stepMsMax = 1_000;

/** What the thread gets beside what all get. */
export type SubmitThreadParts = {
  readonly chain: { readonly input: SharedArrayBuffer; readonly output: SharedArrayBuffer } | null;
  readonly stopWaitMs: number;
};

export type SubmitWorkerOptions = {
  readonly settings: SubmitSettings;
  /** Metrics of the stages are shown here while they run. */
  readonly shown: StageMetricsSet;
  /** Starts the thread; resolves when it serves. */
  readonly start: (parts: SubmitThreadParts) => Promise<void>;
  readonly ask: (
    order: { do: "drain"; waitMs: number } | { do: "stop" | "pause" | "resume" },
  ) => Promise<void>;
  /** From now on an end of the thread is no failure. */
  readonly expectExit: () => void;
  readonly kill: () => Promise<void>;
  readonly heartbeat: () => number;
  /** A stage died. */
  readonly onDied: (error: Error) => void;
};

export class SubmitWorker {
  /** The last ones. */
  readonly submissions: Submission[] = [];
  readonly #options: SubmitWorkerOptions;
  #chain: StageChain | null = null;
  /** Of the thread and its stages: one that hangs holds up the others. */
  #heartbeat = new JointHeartbeat([]);
  /** Goes up when it is killed. */
  #lives = 0;
  /** Settles when all that was killed is gone: metrics of stages are shown until then. */
  #ended: Promise<unknown> = Promise.resolve();

  constructor(options: SubmitWorkerOptions) {
    this.#options = options;
  }

  submitted(submission: Submission): void {
    this.submissions.push(submission);
    if (this.submissions.length > submissionsMax) this.submissions.shift();
  }

  worker(): Worker {
    const { ask } = this.#options;
    return {
      name: "submit",
      // The log goes on without it.
      critical: false,
      strategy: "one_for_one",
      start: () => this.#start(),
      stop: () => this.#stop(),
      kill: () => this.#kill(),
      rest: { pause: () => ask({ do: "pause" }), resume: () => ask({ do: "resume" }) },
      heartbeat: () => this.#heartbeat.read(),
      standing: () => this.#heartbeat.standing(),
    };
  }

  async #start(): Promise<void> {
    const { start, heartbeat } = this.#options;
    const own = { name: threadName, read: heartbeat };
    const life = this.#lives;
    const staged = await this.#startStages(life);
    this.#refuseAfter(life);
    this.#heartbeat = new JointHeartbeat([own, ...staged]);
    const rings = this.#chain;
    await start({
      chain: rings === null ? null : { input: rings.input, output: rings.output },
      stopWaitMs: stepMsMax,
    });
  }

  /** Resolves with their heartbeats when all are loaded. */
  async #startStages(life: number): Promise<ConstructorParameters<typeof JointHeartbeat>[0]> {
    const { settings, shown, onDied } = this.#options;
    const { stages, stageFolder } = settings;
    if (stages.length === 0) return [];
    const loaded = await Promise.all(
      stages.map(({ module, options }) => loadStage(module, options, stageFolder)),
    );
    this.#refuseAfter(life);
    const problem = loaded.map(sizeProblem).find((found) => found !== null);
    if (problem !== undefined && problem !== null) throw new RangeError(problem);
    const chain = startStageChain({ stages: loaded, shown });
    this.#chain = chain;
    chain.ended.catch((error: unknown) => {
      if (this.#chain === chain) onDied(error instanceof Error ? error : new Error(String(error)));
    });
    await chain.loaded;
    return chain.heartbeats.map((read, i) => ({ name: `stage=${loaded[i]?.name ?? ""}`, read }));
  }

  /** A kill does not wait for the start that it ends. */
  #refuseAfter(life: number): void {
    if (this.#lives !== life) throw new Error("killed while it loaded its stages");
  }

  // Taps first, then the stages, then bundles: each empties what is before it.
  async #stop(): Promise<void> {
    const { ask, expectExit } = this.#options;
    await ask({ do: "drain", waitMs: stepMsMax });
    const chain = this.#chain;
    this.#chain = null;
    const isInOrder = (await chain?.stop(stepMsMax)) ?? true;
    expectExit();
    await ask({ do: "stop" });
    if (!isInOrder) throw new Error(`a stage did not stop within ${stepMsMax} ms, and was killed`);
  }

  async #kill(): Promise<void> {
    const chain = this.#chain;
    this.#chain = null;
    this.#lives += 1;
    const end = async (): Promise<void> => {
      await this.#options.kill();
      // Whatever a stage died of was said already.
      await chain?.stop(0).catch(() => false);
    };
    this.#ended = Promise.all([this.#ended, end()]);
    await this.#ended;
  }
}
