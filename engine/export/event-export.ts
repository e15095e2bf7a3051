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

/** Memories of event collectors. */
export type EventMemories = {
  /** Of the market threads, by lane; may grow while it runs. */
  readonly market: readonly SharedArrayBuffer[];
  /** Of the submit thread, whose events name the lane; without one it stays empty. */
  readonly submit: SharedArrayBuffer;
};

/** Events of one turn and collector, at most: a turn takes about 1 us for each that leaves. */
const turnEventsMax = 20_000;

export type EventExportOptions = {
  readonly memories: EventMemories;
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
  /** Of the market threads, by lane. */
  readonly #followers: EventFollower[] = [];
  readonly #submitFollower: EventFollower;
  readonly #sampler: EventSampler;
  #sampledOut = 0;

  constructor(options: EventExportOptions) {
    this.#options = options;
    this.#submitFollower = new EventFollower(options.memories.submit, "start");
    this.#sampler = new EventSampler(options.rule);
  }

  /** Reads what is there and hands it on; returns how many events it saw. */
  turn(): number {
    this.#sampler.refresh();
    const epochUs = this.#options.epochUs();
    let seen = 0;
    const read = (follower: EventFollower, lane: number): void => {
      const take = (line: EventLine): void => this.#take(line, { lane, epochUs });
      seen += follower.read({ wants: this.#wants, take }, turnEventsMax);
    };
    for (const [lane, memory] of this.#options.memories.market.entries()) {
      read((this.#followers[lane] ??= new EventFollower(memory, "start")), lane);
    }
    // After them: what was submitted was handed off before.
    read(this.#submitFollower, 0);
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
      lane,
      ...line,
      unix_us: Math.round(epochUs + line.timestamp_us),
      one_in: this.#sampler.oneIn(line.event_type),
    };
    for (const sink of this.#options.sinks) sink(event);
  }

  #publish(): void {
    const { metrics } = this.#options;
    const followers = [...this.#followers, this.#submitFollower];
    const sum = (of: (follower: EventFollower) => number): number =>
      followers.reduce((total, follower) => total + of(follower), 0);
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
