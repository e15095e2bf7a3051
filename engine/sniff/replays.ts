// What the secure stage asks about replays, by trace id; and the two that answer. Alone, a stage has
// one window, and the order of trace ids is that of its stream. In the engine each partition of the
// log has a window of its own, as each signature has its partition: whoever handles the partition
// goes on with its window, however many threads there are and whichever of them died. The place of
// a transaction is that in the log, so that a record that is read again is told from its replay.
import { topics } from "../../schemas/topics.ts";
import type { RecordPlace } from "./open-records.ts";
import { checkReplaySize, createReplayMemory } from "./replay-layout.ts";
import { ReplayWindow, replayWindowSize } from "./replay-window.ts";

/** One thread. `at` is the first signature of the transaction with this trace id. */
export type Replays = {
  /** Whether it is a replay, as far as is known; changes nothing. */
  readonly isReplay: (view: DataView, at: number, traceId: number) => boolean;
  /** Remembers it; false when it is a replay. */
  readonly add: (view: DataView, at: number, traceId: number) => boolean;
};

/** Of one stream whose trace ids rise; a transaction never comes again under its own. */
export class TraceReplays implements Replays {
  readonly #window: ReplayWindow;
  readonly #place = { offset: 0, index: 0 };

  /** @throws RangeError as checkReplaySize. */
  constructor(size = replayWindowSize) {
    this.#window = new ReplayWindow(createReplayMemory(size));
  }

  isReplay(view: DataView, at: number, traceId: number): boolean {
    this.#place.offset = traceId;
    return this.#window.isReplay(view, at, this.#place);
  }

  add(view: DataView, at: number, traceId: number): boolean {
    this.#place.offset = traceId;
    return this.#window.add(view, at, this.#place);
  }
}

const { partitions } = topics["weir-transactions"];

/**
 * Memories of the windows of all partitions, by partition. Together they remember `size` signatures
 * or more, each as many as the others; none at all for 0. @throws RangeError as checkReplaySize.
 */
export const createPartitionReplays = (size: number): readonly SharedArrayBuffer[] => {
  if (size === 0) return [];
  checkReplaySize(size);
  const sizeOfEach = Math.max(2, 2 ** Math.ceil(Math.log2(size / partitions)));
  return Array.from({ length: partitions }, () => createReplayMemory(sizeOfEach));
};

/** Of the partitions that a market thread handles; a window is opened with its first transaction. */
export class PartitionReplays implements Replays {
  readonly #memories: readonly SharedArrayBuffer[];
  readonly #placeOf: (traceId: number, to: RecordPlace) => void;
  readonly #windows: (ReplayWindow | undefined)[];
  readonly #place: RecordPlace = { partition: 0, offset: 0, index: 0 };

  /** Over `createPartitionReplays`; `placeOf` says where a transaction that is under way came from. */
  constructor(
    memories: readonly SharedArrayBuffer[],
    placeOf: (traceId: number, to: RecordPlace) => void,
  ) {
    this.#memories = memories;
    this.#placeOf = placeOf;
    this.#windows = memories.map(() => undefined);
  }

  isReplay(view: DataView, at: number, traceId: number): boolean {
    return this.#windowOf(traceId).isReplay(view, at, this.#place);
  }

  add(view: DataView, at: number, traceId: number): boolean {
    return this.#windowOf(traceId).add(view, at, this.#place);
  }

  #windowOf(traceId: number): ReplayWindow {
    this.#placeOf(traceId, this.#place);
    const { partition } = this.#place;
    return this.#windows[partition] ?? this.#open(partition);
  }

  #open(partition: number): ReplayWindow {
    const window = new ReplayWindow(this.#memories[partition] as SharedArrayBuffer);
    this.#windows[partition] = window;
    return window;
  }
}
