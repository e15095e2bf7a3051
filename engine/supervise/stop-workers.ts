// Ends workers one after the other, in the order given, within one deadline for all of them: each
// may empty what it is fed from, and what has not ended by then is killed.
import type { KeptWorker, SupervisorClock } from "./worker.ts";

/** `absent`: it was dead before. `failed`: it died while it was ending. */
type StopOutcome = "drained" | "failed" | "killed" | "absent";

export type StopReport = {
  /** True when every worker emptied its input and ended in time. */
  readonly clean: boolean;
  readonly ms: number;
  /** In the order of their end. */
  readonly workers: readonly {
    readonly name: string;
    readonly outcome: StopOutcome;
    readonly ms: number;
  }[];
};

const outcomeTexts: { readonly [outcome in StopOutcome]: string } = {
  drained: "stopped",
  failed: "died while it stopped",
  killed: "was killed",
  absent: "was down already",
};

/** For people: what did not stop in order. */
export const untidyText = ({ ms, workers }: StopReport): string => {
  const untidy = workers.filter(({ outcome }) => outcome !== "drained");
  const names = untidy.map(({ name, outcome }) => `${name} ${outcomeTexts[outcome]}`);
  return `not stopped in order after ${Math.round(ms)} ms: ${names.join(", ") || "the intake"}`;
};

export type StopOptions = {
  /** What comes first, within the same deadline. */
  readonly before: () => Promise<void>;
  readonly clock: SupervisorClock;
  readonly deadlineMs: number;
};

export const stopWorkers = async (
  workers: readonly KeptWorker[],
  { before, clock, deadlineMs }: StopOptions,
): Promise<StopReport> => {
  const startMs = clock.nowMs();
  const abort = new AbortController();
  const late = clock.sleep(deadlineMs, abort.signal).then(
    () => "killed" as const,
    () => "killed" as const,
  );
  const within = (work: Promise<void>): Promise<StopOutcome> =>
    Promise.race([
      work.then(
        () => "drained" as const,
        () => "failed" as const,
      ),
      late,
    ]);
  const quiet = await within(before());
  const report: StopReport["workers"][number][] = [];
  for (const kept of workers) {
    const fromMs = clock.nowMs();
    const outcome = await endOne(kept, clock, within);
    report.push({ name: kept.worker.name, outcome, ms: clock.nowMs() - fromMs });
  }
  abort.abort();
  const clean = quiet === "drained" && report.every(({ outcome }) => outcome === "drained");
  return { clean, ms: clock.nowMs() - startMs, workers: report };
};

const endOne = async (
  kept: KeptWorker,
  clock: SupervisorClock,
  within: (work: Promise<void>) => Promise<StopOutcome>,
): Promise<StopOutcome> => {
  const wasUp = kept.isUp;
  kept.become("Stopping", clock.nowMs());
  const outcome = wasUp ? await within(kept.worker.stop()) : "absent";
  // Also what has drained: its thread may still be on its way out.
  await kept.worker.kill();
  kept.become("Stopped", clock.nowMs());
  return outcome;
};
