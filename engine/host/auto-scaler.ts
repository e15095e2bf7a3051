// Looks at the input rings several times a second and scales the roles that may be scaled by
// themselves. Off where a role's greatest number of threads is not above its least. Control thread.
import type { InputRole } from "../consume/input-rings.ts";
import { headWaitUs } from "../ring/head-wait.ts";
import { stampNowUs } from "../ring/enqueue-stamp.ts";
import type { ScaleLimits } from "../supervise/auto-scale.ts";
import { AutoScale } from "../supervise/auto-scale.ts";
import type { WorkerStatus } from "../supervise/worker.ts";
import type { Lanes } from "./lanes.ts";
import { inputOf } from "./lanes.ts";

const lookMs = 250;

export type AutoScalerOptions = {
  readonly lanes: Lanes;
  readonly limits: { readonly [role in InputRole]: ScaleLimits };
  readonly workers: () => readonly WorkerStatus[];
  /** Sets a role's threads, unless `holds` says no when its turn has come. */
  readonly scale: (role: InputRole, threads: number, holds: () => boolean) => Promise<void>;
  readonly note: (line: string) => void;
};

export type AutoScaler = {
  /** A number of threads was set by hand: no fewer will do from now on. */
  readonly keep: (role: InputRole, threads: number) => void;
  /** Ends it: nothing is scaled any more, also where it was decided already. */
  readonly end: () => void;
};

export const startAutoScaler = (options: AutoScalerOptions): AutoScaler => {
  const roles = (["market", "stream"] as const).filter(
    (role) => options.limits[role].threadsMax > options.limits[role].threadsMin,
  );
  const scales = roles.map((role) => ({ role, auto: new AutoScale(options.limits[role]) }));
  let isScaling = false;
  let isEnded = false;
  const look = async (): Promise<void> => {
    if (isScaling) return;
    isScaling = true;
    for (const { role, auto } of scales) await scaleOne(options, { role, auto }, () => isEnded);
    isScaling = false;
  };
  const timer = setInterval(() => void look(), lookMs);
  timer.unref();
  return {
    keep: (role, threads) => scales.find((one) => one.role === role)?.auto.keep(threads),
    end: () => {
      isEnded = true;
      clearInterval(timer);
    },
  };
};

type Scaled = { readonly role: InputRole; readonly auto: AutoScale };

const scaleOne = async (
  { lanes, workers, scale, note }: AutoScalerOptions,
  { role, auto }: Scaled,
  isEnded: () => boolean,
): Promise<void> => {
  const active = lanes.active(role);
  const names = new Set(active.map(({ name }) => name));
  const states = workers().flatMap(({ name, state }) => (names.has(name) ? [state] : []));
  const nowMs = performance.now();
  if (states.some((state) => state !== "Running" && state !== "Paused"))
    return auto.replaced(nowMs);
  if (states.includes("Paused")) return auto.forget();
  const nowUs = stampNowUs();
  const waitUs = Math.max(...active.map((lane) => headWaitUs(inputOf(lane), nowUs)));
  const threads = auto.decide(active.length, waitUs, nowMs);
  if (threads === active.length || isEnded()) return;
  auto.replaced(nowMs);
  note(`${role} has waited ${waitUs} us: ${threads} threads instead of ${active.length}`);
  try {
    // Another number may be set by hand before its turn.
    await scale(role, threads, () => !isEnded() && lanes.count(role) === active.length);
  } catch (error) {
    if (isEnded()) return;
    note(`${role} was not scaled: ${error instanceof Error ? error.message : String(error)}`);
  }
};
