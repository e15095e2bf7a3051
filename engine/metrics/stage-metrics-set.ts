// The stage metrics that one process shows: memories are added when stages are loaded, and from
// then on they are in /metrics and /status. It refuses what Prometheus could not tell apart.
// Control thread only.
import { type StageMetricsReading, StageMetricsReader } from "./stage-metrics.ts";
import { metricKinds, shownNames } from "./stage-table.ts";

const stagesMax = 256;

/** Stages by their metrics' memories; they may come and go while pages are rendered. */
export class StageMetricsSet {
  readonly #readers = new Map<SharedArrayBuffer, StageMetricsReader>();

  constructor(memories: readonly SharedArrayBuffer[] = []) {
    for (const memory of memories) this.add(memory);
  }

  get readers(): readonly StageMetricsReader[] {
    return [...this.#readers.values()];
  }

  /**
   * @throws RangeError when the stage is there already on the same thread, when another stage has a
   * metric of the same name and another kind, unit or help, or above 256 stages.
   * @throws TypeError for other memory than that of `createStageMetrics`.
   */
  add(memory: SharedArrayBuffer): void {
    const reader = new StageMetricsReader(memory);
    for (const other of this.#readers.values()) checkDistinct(reader, other);
    if (this.#readers.size === stagesMax)
      throw new RangeError(
        `stage=${reader.table.stage} is beyond the limit of ${stagesMax} stages`,
      );
    this.#readers.set(memory, reader);
  }

  /** Forgets a stage that has ended; false when it is not there. */
  remove(memory: SharedArrayBuffer): boolean {
    return this.#readers.delete(memory);
  }

  read(): readonly StageMetricsReading[] {
    return this.readers.map((reader) => reader.read());
  }
}

const checkDistinct = (one: StageMetricsReader, other: StageMetricsReader): void => {
  const { stage } = one.table;
  if (stage === other.table.stage && one.thread === other.thread)
    throw new RangeError(`stage=${stage} thread=${one.thread} is there already: name its thread`);
  const theirs = definitions(other);
  for (const [name, definition] of definitions(one)) {
    const same = theirs.get(name);
    if (same === undefined || same === definition) continue;
    throw new RangeError(
      `${name}: stage=${stage} and stage=${other.table.stage} declare it differently`,
    );
  }
};

const definitions = ({ table }: StageMetricsReader): ReadonlyMap<string, string> =>
  new Map(
    metricKinds.flatMap((kind) =>
      Object.values(table[kind] ?? {}).flatMap(({ name, help, unit = "1" }) =>
        shownNames(kind, name).map((shown) => [shown, `${name} ${kind} ${unit} ${help}`] as const),
      ),
    ),
  );
