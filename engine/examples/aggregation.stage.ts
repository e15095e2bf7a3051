// A stage to be loaded by a configuration: joins transaction records of one price and side that come
// within a window of time into one record with the sum of their sizes. Options: `windowUs`, from the
// first record on, and `groupsMax`, prices and sides at once. Run by aggregation.ts.
import { copyRecord, readRecord, transactionAt, transactionRecordBytes } from "weir/bundle";
import type { Stage, StageModule, StageOptions, StageResources } from "weir/stage";

const recordsPerTurn = 256;
const sizeMax = 2 ** 32 - 1;
const stopWaitMs = 1000;

type Limits = { readonly windowUs: number; readonly groupsMax: number };

const integerOption = (options: StageOptions, field: string, max: number): number => {
  const value = options[field];
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max) return Number(value);
  throw new RangeError(`${field}=${String(value)}: expected an integer from 1 to ${max}`);
};

export const stage: StageModule = {
  name: "aggregation",
  inputBytes: transactionRecordBytes,
  outputBytes: transactionRecordBytes,
  metrics: {
    counters: {
      received: { name: "aggregation_received_total", help: "Records taken in" },
      emitted: { name: "aggregation_emitted_total", help: "Joined records given on" },
      lost: { name: "aggregation_lost_total", help: "Groups without room at the end" },
    },
    gauges: { held: { name: "aggregation_held_groups", help: "Groups of the open window" } },
  },
  configure: (options) => {
    const windowUs = integerOption(options, "windowUs", 60_000_000);
    const groupsMax = integerOption(options, "groupsMax", 1024);
    return (resources) => new Aggregation(resources, { windowUs, groupsMax });
  },
};

class Aggregation implements Stage {
  readonly name = "aggregation";
  readonly #resources: StageResources;
  readonly #limits: Limits;
  /** The groups, each the record that it began with; only its size grows. */
  readonly #groups: DataView;
  readonly #groupOf = new Map<number, number>();
  readonly #received;
  readonly #emitted;
  readonly #lost;
  readonly #held;
  #flushed = 0;
  #firstUs = 0;

  constructor(resources: StageResources, limits: Limits) {
    this.#resources = resources;
    this.#limits = limits;
    this.#groups = new DataView(new ArrayBuffer(limits.groupsMax * transactionRecordBytes));
    this.#received = resources.metrics.counter("received");
    this.#emitted = resources.metrics.counter("emitted");
    this.#lost = resources.metrics.counter("lost");
    this.#held = resources.metrics.gauge("held");
  }

  start(): void {
    this.#held.set(0);
  }

  work(): number {
    const { input, nowUs } = this.#resources;
    const now = nowUs();
    const isOver = this.#groupOf.size > 0 && now - this.#firstUs >= this.#limits.windowUs;
    // An open flush goes first: until it is done no record may join a group.
    if ((isOver || this.#flushed > 0) && !this.#flush()) return 0;
    const readable = Math.min(input.available(), recordsPerTurn);
    let taken = 0;
    while (taken < readable && this.#take(input.slotBase(taken), now)) taken += 1;
    input.release(taken);
    this.#held.set(this.#groupOf.size);
    return taken;
  }

  stop(): void {
    const { output } = this.#resources;
    if (!this.#flush()) output.waitForSpace(stopWaitMs);
    if (!this.#flush()) this.#lost.add(this.#groupOf.size - this.#flushed);
    this.#held.set(0);
  }

  /** False when there is no room for another group, or for the size: after a flush there is. */
  #take(at: number, now: number): boolean {
    const { view } = this.#resources.input;
    const { price, side, size } = readRecord(view, at);
    const key = price * 2 + side;
    const group = this.#groupOf.get(key);
    if (group === undefined) {
      if (this.#groupOf.size === this.#limits.groupsMax)
        return this.#flush() && this.#take(at, now);
      if (this.#groupOf.size === 0) this.#firstUs = now;
      copyRecord(view, at, this.#groups, this.#groupOf.size * transactionRecordBytes);
      this.#groupOf.set(key, this.#groupOf.size);
    } else {
      const sizeAt = group * transactionRecordBytes + transactionAt.size;
      const sum = this.#groups.getUint32(sizeAt, true) + size;
      if (sum > sizeMax) return this.#flush() && this.#take(at, now);
      this.#groups.setUint32(sizeAt, sum, true);
    }
    this.#received.add(1);
    return true;
  }

  /** Gives on what it can; true when the window is empty. */
  #flush(): boolean {
    const { output } = this.#resources;
    for (; this.#flushed < this.#groupOf.size; this.#flushed += 1) {
      if (output.claim(1) === 0) return false;
      const from = this.#flushed * transactionRecordBytes;
      copyRecord(this.#groups, from, output.view, output.slotBase(0));
      output.publish(1);
      this.#emitted.add(1);
    }
    this.#groupOf.clear();
    this.#flushed = 0;
    return true;
  }
}
