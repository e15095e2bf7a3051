// A small application, instrumented with the OpenTelemetry SDK: a workflow engine that takes HTTP
// requests, runs workflows of tasks of patterns, and asks a second service, the inventory, whose
// spans join the same traces. Work is waiting for a drawn time; errors and slow workflows come in a
// stated share.
import {
  type Context,
  type Counter,
  type Histogram,
  ROOT_CONTEXT,
  SeverityNumber,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";

import { Seeded } from "./seeded.ts";
import type { Telemetry } from "./telemetry-sdk.ts";

/** The same seed gives the same requests, whatever the timers do. */
export type ApplicationOptions = {
  /** The workflow engine's own instruments, and those of the inventory. */
  readonly workflows: Telemetry;
  readonly inventory: Telemetry;
  readonly random: Seeded;
  readonly sleepMs: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
};

/** Spans of one request on average: server, workflow, 2 tasks, 3 patterns, inventory. */
export const spansPerRequest = 8;
/** Share of workflows that fail, and of those that take longer than a second. */
const errorShare = 0.03;
const slowShare = 0.01;
/** Share of workflows that say less than the registry asks for: the edge refuses their span. */
const faultyShare = 0.01;

const tasksMax = 3;
const patternsMax = 2;
const workMs = { min: 2, spread: 12 } as const;
const slowMs = { min: 1000, spread: 500 } as const;

const workflowNames = ["order.fulfil", "payment.settle", "account.open", "report.build"] as const;
const taskNames = ["validate", "reserve", "charge", "notify", "archive"] as const;
const patternNames = ["sequence", "parallel-split", "synchronization", "exclusive-choice"] as const;

type Plan = {
  readonly id: string;
  readonly name: string;
  readonly pattern: string;
  readonly faulty: boolean;
  readonly fails: boolean;
  readonly slow: boolean;
  readonly tasks: readonly Task[];
  /** The request's own randomness, so that the order of timers changes nothing. */
  readonly random: Seeded;
};
type Task = { readonly id: string; readonly name: string; readonly patterns: readonly string[] };

/** A failure of the workflow, as the application itself knows it. */
class TaskFailed extends Error {
  override name = "TaskFailed";
}

/** Requests may overlap; each is one call of `serve`. */
export class Application {
  readonly #options: ApplicationOptions;
  readonly #executions: Counter;
  readonly #taskDuration: Histogram;
  readonly #requestDuration: Histogram;
  #requests = 0;

  constructor(options: ApplicationOptions) {
    this.#options = options;
    const { meter } = options.workflows;
    this.#executions = meter.createCounter("workflow.executions", { unit: "{workflow}" });
    this.#taskDuration = meter.createHistogram("task.duration", { unit: "ms" });
    this.#requestDuration = meter.createHistogram("http.server.request.duration", { unit: "s" });
  }

  /** Serves one request, from arrival to answer; never rejects. */
  async serve(): Promise<void> {
    const { tracer } = this.#options.workflows;
    const plan = this.#plan();
    const startMs = this.#options.nowMs();
    const route = "/workflows/{name}";
    const attributes = {
      "http.request.method": "POST",
      "http.route": route,
      "url.path": `/workflows/${plan.name}`,
      "url.scheme": "http",
    };
    const span = tracer.startSpan(
      `POST ${route}`,
      { kind: SpanKind.SERVER, attributes },
      ROOT_CONTEXT,
    );
    const failed = await this.#workflow(plan, trace.setSpan(ROOT_CONTEXT, span));
    const status = failed ? 500 : 200;
    span.setAttribute("http.response.status_code", status);
    if (failed) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute("error.type", String(status));
    }
    span.end();
    this.#requestDuration.record((this.#options.nowMs() - startMs) / 1000, {
      "http.request.method": "POST",
      "http.route": route,
      "http.response.status_code": status,
      "url.scheme": "http",
    });
  }

  #plan(): Plan {
    const { random } = this.#options;
    this.#requests += 1;
    const id = `wf-${this.#requests.toString().padStart(8, "0")}`;
    const tasks = Array.from({ length: 1 + random.below(tasksMax) }, (_, index) => ({
      id: `${id}-t${index}`,
      name: random.pick(taskNames),
      patterns: Array.from({ length: 1 + random.below(patternsMax) }, () =>
        random.pick(patternNames),
      ),
    }));
    return {
      id,
      name: random.pick(workflowNames),
      pattern: random.pick(patternNames),
      fails: random.next() < errorShare,
      slow: random.next() < slowShare,
      faulty: random.next() < faultyShare,
      tasks,
      random: new Seeded(random.below(2 ** 32)),
    };
  }

  /** True when the workflow failed. */
  async #workflow(plan: Plan, parent: Context): Promise<boolean> {
    const { tracer } = this.#options.workflows;
    const attributes = {
      "workflow.id": plan.id,
      "workflow.name": plan.name,
      ...(plan.faulty ? {} : { "workflow.pattern": plan.pattern }),
      "workflow.case_id": `case-${this.#requests % 1000}`,
    };
    const span = tracer.startSpan("workflow.execute", { attributes }, parent);
    const context = trace.setSpan(parent, span);
    let failed = false;
    try {
      await this.#askInventory(plan, context);
      for (const task of plan.tasks) await this.#task(plan, task, context);
    } catch (error) {
      failed = true;
      endWithError(span, error);
    }
    this.#executions.add(1, {
      "workflow.name": plan.name,
      "workflow.outcome": failed ? "failed" : "completed",
    });
    this.#log(plan, failed, context);
    span.end();
    return failed;
  }

  async #task(plan: Plan, task: Task, parent: Context): Promise<void> {
    const { tracer } = this.#options.workflows;
    const attributes = { "task.id": task.id, "task.name": task.name, "workflow.id": plan.id };
    const span = tracer.startSpan("task.execute", { attributes }, parent);
    const startMs = this.#options.nowMs();
    try {
      const isLast = task === plan.tasks.at(-1);
      for (const pattern of task.patterns) {
        await this.#pattern(plan, pattern, { task, parent: trace.setSpan(parent, span) });
      }
      if (isLast && plan.slow) await this.#work(plan.random, slowMs);
      if (isLast && plan.fails) throw new TaskFailed(`task ${task.name} was refused`);
    } catch (error) {
      endWithError(span, error);
      throw error;
    } finally {
      span.end();
      this.#taskDuration.record(this.#options.nowMs() - startMs, { "task.name": task.name });
    }
  }

  async #pattern(
    { random }: Plan,
    name: string,
    { task, parent }: { readonly task: Task; readonly parent: Context },
  ): Promise<void> {
    const attributes = { "pattern.id": `${task.id}-${name}`, "pattern.name": name };
    const { tracer } = this.#options.workflows;
    const span = tracer.startSpan("pattern.execute", { attributes }, parent);
    await this.#work(random, workMs);
    span.end();
  }

  // The other service: its own SDK, its parent a span of ours, as over HTTP with traceparent.
  async #askInventory({ random }: Plan, parent: Context): Promise<void> {
    const { inventory } = this.#options;
    const route = "/inventory/{sku}";
    const attributes = {
      "http.request.method": "GET",
      "http.route": route,
      "url.path": `/inventory/${1 + random.below(500)}`,
      "url.scheme": "http",
      "http.response.status_code": 200,
    };
    const kind = SpanKind.SERVER;
    const span = inventory.tracer.startSpan(`GET ${route}`, { kind, attributes }, parent);
    await this.#work(random, workMs);
    span.end();
  }

  async #work(random: Seeded, { min, spread }: typeof workMs | typeof slowMs): Promise<void> {
    await this.#options.sleepMs(min + random.below(spread));
  }

  #log(plan: Plan, failed: boolean, context: Context): void {
    const { logger } = this.#options.workflows;
    const attributes = { "workflow.id": plan.id, "workflow.name": plan.name };
    logger.emit({
      eventName: failed ? "workflow.failed" : "workflow.completed",
      severityNumber: failed ? SeverityNumber.ERROR : SeverityNumber.INFO,
      severityText: failed ? "ERROR" : "INFO",
      body: `workflow ${plan.name} ${failed ? "failed" : "completed"}`,
      attributes,
      context,
    });
    if (!plan.slow) return;
    logger.emit({
      severityNumber: SeverityNumber.WARN,
      severityText: "WARN",
      body: `workflow ${plan.name} took longer than a second`,
      attributes,
      context,
    });
  }
}

const endWithError = (span: Span, error: unknown): void => {
  const message = error instanceof Error ? error.message : String(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.setAttribute("error.type", error instanceof Error ? error.name : "unknown");
};
