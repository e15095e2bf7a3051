// Events leave the process: the collectors are followed, what the rule takes goes to the topic
// weir-events and, where an endpoint is configured, as OTLP logs. Runs on the control thread, a few
// times a second; the thread that writes the events knows nothing of it.
import type { EventLine } from "../events/event-line.ts";
import { EventFollower } from "../events/event-follower.ts";
import type { MetricCells } from "../metrics/cells.ts";
import { cellOf } from "../metrics/cells.ts";
import type { MetricKey } from "../metrics/table.ts";
import { type EventRule, EventSampler } from "./event-rule.ts";
import type { OutgoingEvent } from "./event-record.ts";

/** Events of one turn and collector, at most: a turn takes about 1 us for each that leaves. */
const turnEventsMax = 20_000;

export type EventExportOptions = {
  /** Of the market threads, by lane; may grow while it runs. */
  readonly memories: readonly SharedArrayBuffer[];
  /** Looked up at each turn. */
  readonly rule: () => EventRule;
  readonly metrics: MetricCells;
  /** Where events go; each must return at once. */
  readonly sinks: readonly ((event: OutgoingEvent) => void)[];
  /** Microseconds since the epoch, less those of the monotonic clock. */
  readonly epochUs: () => number;
};

export class EventExport {
  readonly #options: EventExportOptions;
  readonly #followers: EventFollower[] = [];
  readonly #sampler: EventSampler;
  #sampledOut = 0;

  constructor(options: EventExportOptions) {
    this.#options = options;
    this.#sampler = new EventSampler(options.rule);
  }

  /** Reads what is there and hands it on; returns how many events it saw. */
  turn(): number {
    this.#sampler.refresh();
    const epochUs = this.#options.epochUs();
    let seen = 0;
    for (const [lane, memory] of this.#options.memories.entries()) {
      const follower = (this.#followers[lane] ??= new EventFollower(memory, "start"));
      const take = (line: EventLine): void => this.#take(line, { lane, epochUs });
      seen += follower.read({ wants: this.#wants, take }, turnEventsMax);
    }
    this.#publish();
    return seen;
  }

  readonly #wants = (type: number): boolean => {
    const isWanted = this.#sampler.takes(type);
    if (!isWanted) this.#sampledOut += 1;
    return isWanted;
  };

  #take(
    line: EventLine,
    { lane, epochUs }: { readonly lane: number; readonly epochUs: number },
  ): void {
    const event: OutgoingEvent = {
      ...line,
      lane,
      unix_us: Math.round(epochUs + line.timestamp_us),
      one_in: this.#sampler.oneIn(line.event_type),
    };
    for (const sink of this.#options.sinks) sink(event);
  }

  #publish(): void {
    const { metrics } = this.#options;
    const sum = (of: (follower: EventFollower) => number): number =>
      this.#followers.reduce((total, follower) => total + of(follower), 0);
    const put = (key: MetricKey, value: number): void => metrics.set(cellOf(key), value);
    put(
      "eventsFollowed",
      sum(({ taken }) => taken),
    );
    put(
      "eventsLost",
      sum(({ lost }) => lost),
    );
    put(
      "eventsLag",
      sum(({ lag }) => lag),
    );
    put("eventsSampledOut", this.#sampledOut);
  }
}
