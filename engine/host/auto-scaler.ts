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
  readonly scale: (role: InputRole, threads: number) => Promise<void>;
  readonly note: (line: string) => void;
};

/** Returns the function that ends it. */
export const startAutoScaler = (options: AutoScalerOptions): (() => void) => {
  const roles = (["market", "stream"] as const).filter(
    (role) => options.limits[role].threadsMax > options.limits[role].threadsMin,
  );
  if (roles.length === 0) return () => undefined;
  const scales = roles.map((role) => ({ role, auto: new AutoScale(options.limits[role]) }));
  let isScaling = false;
  const look = async (): Promise<void> => {
    if (isScaling) return;
    isScaling = true;
    for (const { role, auto } of scales) await scaleOne(options, role, auto);
    isScaling = false;
  };
  const timer = setInterval(() => void look(), lookMs);
  timer.unref();
  return () => clearInterval(timer);
};

const scaleOne = async (
  { lanes, workers, scale, note }: AutoScalerOptions,
  role: InputRole,
  auto: AutoScale,
): Promise<void> => {
  const active = lanes.active(role);
  const names = new Set(active.map(({ name }) => name));
  const areRunning = workers().every(({ name, state }) => !names.has(name) || state === "Running");
  if (!areRunning) {
    auto.forget();
    return;
  }
  const nowUs = stampNowUs();
  const waitUs = Math.max(...active.map((lane) => headWaitUs(inputOf(lane), nowUs)));
  const threads = auto.decide(active.length, waitUs, performance.now());
  if (threads === active.length) return;
  note(`${role} has waited ${waitUs} us: ${threads} threads instead of ${active.length}`);
  try {
    await scale(role, threads);
  } catch (error) {
    note(`${role} was not scaled: ${error instanceof Error ? error.message : String(error)}`);
  }
};
