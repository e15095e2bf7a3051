// The Forwarder over Durable Objects: partitions are spread over the shards, so that one partition
// is always written by one object, in order. Small requests share calls (isolate-batch.ts); large
// ones, whose copying costs more than the call, go alone.
import type { EdgeConfig } from "../config.ts";
import { freeBytes } from "../free-bytes.ts";
import type { OutgoingRecord } from "../route/outgoing-record.ts";
import {
  type AppendRequest,
  type FrameHead,
  encodeAppendFrame,
  frameRecordsMax,
  recordsBytes,
} from "./append-frame.ts";
import {
  type ForwardOutcome,
  outcomeOf,
  recordState,
  refusalOf,
  refusedOutcome,
  unknownOutcome,
} from "./forward-outcome.ts";
import type { ForwarderObject } from "./forwarder-object.ts";
import type { Background, Forwarder, ForwarderState, ItemsBySignal } from "./forwarder.ts";
import { type BatchLimits, IsolateBatch, type Unsettled } from "./isolate-batch.ts";
import { postFrame, postedBytesMin } from "./posted-frame.ts";

/** From here on a request gains nothing from sharing a call. */
const aloneBytesMin = 128 << 10;
const callItemsMax = 1024;
const leadMsMax = 250;
/** What a call may take beyond the object's own deadline. */
const callMarginMs = 2000;

const otherVersion = "the forwarder object is of another version: a deployment is under way";

const flagOf = (error: unknown, flag: string): boolean =>
  typeof error === "object" && error !== null && (error as Record<string, unknown>)[flag] === true;

// SQLite's own words for a disk that is full or broken; workerd does not always give them on, and then
// an internal error is all that is seen of a write that failed.
const isStorageError = (text: string): boolean =>
  /SQLITE_(?:FULL|IOERR|CORRUPT)/.test(text) || text.startsWith("internal error");

const failedCall = (error: unknown, records: number): ForwardOutcome => {
  // workerd marks calls that it never delivered, because the object's queue is full.
  if (flagOf(error, "overloaded"))
    return refusedOutcome("overloaded", "the forwarder object is overloaded", records);
  const text = error instanceof Error ? error.message : String(error);
  // The object ends with the write that failed, and with it every call that it had.
  if (isStorageError(text))
    return unknownOutcome(`the forwarder's storage failed: ${text}`, records, "storage-failed");
  return unknownOutcome(`call to the forwarder object failed: ${text}`, records);
};

const acknowledged: ForwardOutcome = { code: "acknowledged" };

/** The part of a shared outcome that is one request's. */
const partOf = (outcome: ForwardOutcome, from: number, to: number): ForwardOutcome => {
  if (outcome.code === "acknowledged") return acknowledged;
  return outcomeOf(outcome.states.slice(from, to), outcome.message, refusalOf(outcome));
};

const unsettled = (why: Unsettled, limits: BatchLimits): ForwardOutcome => {
  const { itemsMax, waitBytesMax, waitMsMax, callMsMax } = limits;
  // Without states: their number is the item's.
  const states = new Uint8Array(0);
  if (why === "full") {
    const bounds = `QUEUE_CALLERS_MAX=${itemsMax} or QUEUE_BYTES_MAX=${waitBytesMax}`;
    return { code: "overloaded", message: `the isolate's queue is full: ${bounds}`, states };
  }
  if (why === "not-sent") {
    const message = `no turn at the forwarder object within WAIT_MS_MAX=${waitMsMax}`;
    return { code: "unavailable", message, states };
  }
  const message = `no answer of the forwarder object within ${callMsMax} ms`;
  return { code: "unconfirmed", message, states };
};

/** Gives an outcome without states the same one for every record. */
const filled = (outcome: ForwardOutcome, records: number): ForwardOutcome => {
  if (outcome.code === "acknowledged" || outcome.states.length === records) return outcome;
  const { code, message } = outcome;
  if (code === "settled" || code === "unconfirmed") return unknownOutcome(message, records);
  return refusedOutcome(code, message, records);
};

type Namespace = DurableObjectNamespace<ForwarderObject>;

/** One object as the isolate sees it. */
class Shard {
  readonly #namespace: Namespace;
  // Made once: deriving an id from a name costs a hash per request.
  readonly #id: DurableObjectId;
  readonly #batch: IsolateBatch<AppendRequest, ForwardOutcome>;

  constructor(namespace: Namespace, name: string, limits: BatchLimits) {
    this.#namespace = namespace;
    this.#id = namespace.idFromName(name);
    this.#batch = new IsolateBatch(
      limits,
      (requests) => this.#append(requests),
      (why) => unsettled(why, limits),
    );
  }

  async send(request: AppendRequest, background: Background): Promise<ForwardOutcome> {
    const count = request.records.length;
    if (count > frameRecordsMax)
      return refusedOutcome("overloaded", `more than ${frameRecordsMax} records`, count);
    const bytes = recordsBytes(request.records);
    if (bytes >= aloneBytesMin) return (await this.#append([request]))[0] ?? acknowledged;
    return filled(await this.#batch.submit(request, bytes, background), count);
  }

  async state(): Promise<ForwarderState> {
    return this.#namespace.get(this.#id).state();
  }

  async #append(requests: readonly AppendRequest[]): Promise<readonly ForwardOutcome[]> {
    const outcome = await this.#call(requests);
    const parts: ForwardOutcome[] = [];
    let at = 0;
    for (const { records } of requests) {
      parts.push(partOf(outcome, at, at + records.length));
      at += records.length;
    }
    return parts;
  }

  async #call(requests: readonly AppendRequest[]): Promise<ForwardOutcome> {
    let count = 0;
    for (const { records } of requests) count += records.length;
    try {
      const frame = encodeAppendFrame(requests);
      const object = this.#namespace.get(this.#id);
      const isPosted = frame.byteLength >= postedBytesMin;
      const outcome = await (isPosted ? postFrame(object, frame) : object.append(frame));
      freeBytes(frame);
      return outcome ?? refusedOutcome("unavailable", otherVersion, count);
    } catch (error) {
      return failedCall(error, count);
    }
  }
}

const summed = (left: ItemsBySignal, right: ItemsBySignal): ItemsBySignal => {
  const sums: Record<string, number> = { ...left };
  for (const [signal, items] of Object.entries(right)) sums[signal] = (sums[signal] ?? 0) + items;
  return sums;
};

/** Numbers are summed, flags or-ed, of texts the first that says something stands. */
const mergedState = (states: readonly ForwarderState[]): ForwarderState => {
  const merged: Record<string, ForwarderState[string]> = {};
  for (const state of states) {
    for (const [name, value] of Object.entries(state)) {
      const before = merged[name];
      if (typeof value === "number" && typeof before === "number") merged[name] = before + value;
      else if (typeof value === "object" && typeof before === "object")
        merged[name] = summed(before, value);
      else if (before === undefined || before === "" || before === false) merged[name] = value;
    }
  }
  return { ...merged, shards: states.length };
};

const batchLimits = ({ group }: EdgeConfig): BatchLimits => ({
  callBytesMax: group.groupBytesMax,
  callItemsMax,
  lingerMs: group.lingerMs,
  waitBytesMax: group.queueBytesMax,
  itemsMax: group.queueCallersMax,
  waitMsMax: group.waitMsMax,
  callMsMax: group.waitMsMax + callMarginMs,
  leadMsMax,
});

/** `namespace` is the binding of the forwarder objects. */
export const objectForwarder = (namespace: Namespace, config: EdgeConfig): Forwarder => {
  const limits = batchLimits(config);
  const shards = Array.from(
    { length: config.forwarder.shards },
    (_, at) => new Shard(namespace, `forwarder-${at}`, limits),
  );
  const [first] = shards;

  const sendSpread = async (
    head: FrameHead,
    records: readonly OutgoingRecord[],
    background: Background,
  ): Promise<ForwardOutcome> => {
    const parts = shards
      .map((shard, at) => ({ shard, places: placesOf(records, at, shards.length) }))
      .filter(({ places }) => places.length > 0);
    const outcomes = await Promise.all(
      parts.map(({ shard, places }) => {
        const own = places.flatMap((place) => records[place] ?? []);
        return shard.send({ head, records: own }, background);
      }),
    );
    const states = new Uint8Array(records.length).fill(recordState.acknowledged);
    for (const [i, { places }] of parts.entries()) {
      const outcome = outcomes[i];
      if (outcome === undefined || outcome.code === "acknowledged") continue;
      for (const [k, place] of places.entries())
        states[place] = outcome.states[k] ?? recordState.unknown;
    }
    const failure = outcomes.find(({ code }) => code !== "acknowledged");
    if (failure === undefined || failure.code === "acknowledged") return acknowledged;
    const isOverloaded = outcomes.some(({ code }) => code === "overloaded");
    return outcomeOf(states, failure.message, isOverloaded ? "overloaded" : refusalOf(failure));
  };

  const send: Forwarder["send"] = (head, records, background) =>
    first !== undefined && shards.length === 1
      ? first.send({ head, records }, background)
      : sendSpread(head, records, background);

  const state = async (): Promise<ForwarderState | undefined> => {
    try {
      return mergedState(await Promise.all(shards.map((shard) => shard.state())));
    } catch {
      return undefined;
    }
  };
  return { send, state };
};

/** Places of the records whose partition is the shard's. */
const placesOf = (
  records: readonly OutgoingRecord[],
  shard: number,
  shards: number,
): readonly number[] =>
  Array.from(records.keys()).filter((at) => (records[at]?.partition ?? 0) % shards === shard);
