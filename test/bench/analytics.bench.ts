// What one event costs in the averages and histograms of the market thread: an EMA by itself, volumes
// with their priority, a histogram record. Plain twins in the same run: an object with a window of
// samples, and a sorted array of the last thousand values. Each line checks its own result.
import { Histogram, histogramBytes } from "../../engine/metrics/histogram.ts";
import { VolumeAverages, volumeDefaults } from "../../engine/sniff/volume-priority.ts";
import { seeded } from "../random.ts";
import { type BenchOptions, figure, report, type Spread, timeNs } from "./harness.ts";

const valuesCount = 4096;
const warmups = 3;
const valuesMask = valuesCount - 1;
const twinWindow = 1_000;
/** Events of one turn of work. */
const turnEvents = 64;

type Round = {
  readonly volumes: Float64Array;
  readonly count: number;
  readonly startUs: number;
};
type Size = { readonly count: number; readonly rounds: number };

/** Values as they come: latencies in ns, spread over four powers of ten. */
const values = ((): Float64Array => {
  const random = seeded(5);
  return Float64Array.from({ length: valuesCount }, () =>
    Math.floor(100 * 10 ** (4 * random.next())),
  );
})();

const timing = ({ count, rounds }: Size) => ({ warmups, rounds, operations: count });

/** One average drained at each event: the interval of time is as long as the events' distance. */
const benchEma = (size: Size): void => {
  const averages = new VolumeAverages({ ...volumeDefaults, emaUpdateIntervalMs: 1 });
  averages.start(0);
  let nowUs = 0;
  const emaNs = timeNs(timing(size), () => {
    for (let i = 0; i < size.count; i += 1) {
      averages.add(values[i & valuesMask] ?? 0);
      nowUs += 1_000;
      averages.update(nowUs);
    }
  });
  const updates = (size.rounds + warmups) * size.count;
  if (averages.updates !== updates) throw new Error(`${averages.updates} of ${updates} updates`);
  figure("average drained at each event (ns)", emaNs);
  report({ bench: "analytics", drainNs: emaNs });
};

// The loops are functions over all values with everything in locals, as a stage's are. One call is a
// whole round: a closure that is called more often is compiled by V8's middle compiler, with these
// loops inside and without the last one's code. The time is looked at once for each turn of work, as
// the extract stage does.
const addAll = (averages: VolumeAverages, { volumes, count, startUs }: Round): void => {
  for (let first = 0; first < count; first += volumes.length) {
    for (let i = 0; i < volumes.length; i += 1) {
      if (i % turnEvents === 0) averages.update(startUs + (first + i) * 2);
      averages.add(volumes[i] as number);
    }
  }
};

/** One event into the interval's average; the drain comes every 200 ms. */
const benchAdd = (size: Size): Spread => {
  const averages = new VolumeAverages();
  averages.start(0);
  let nowUs = 0;
  const addNs = timeNs(timing(size), () => {
    addAll(averages, { volumes: values, count: size.count, startUs: nowUs });
    nowUs += 2 * size.count;
  });
  if (size.count > 200_000 && averages.updates === 0) throw new Error("no average was drained");
  figure("one event into the average (ns)", addNs);
  return addNs;
};

const judgeAll = (averages: VolumeAverages, { volumes, count, startUs }: Round): number => {
  let high = 0;
  for (let first = 0; first < count; first += volumes.length) {
    for (let i = 0; i < volumes.length; i += 1) {
      const volume = volumes[i] as number;
      if (i % turnEvents === 0) averages.update(startUs + (first + i) * 2);
      high += Number(averages.isHigh(volume));
      averages.add(volume);
    }
  }
  return high;
};

/** The same with the question whether it is high. */
const benchVolume = (size: Size): Spread => {
  const averages = new VolumeAverages();
  averages.start(0);
  let nowUs = 0;
  let high = 0;
  const volumeNs = timeNs(timing(size), () => {
    high += judgeAll(averages, { volumes: values, count: size.count, startUs: nowUs });
    nowUs += 2 * size.count;
  });
  if (size.count > 200_000 && high === 0) throw new Error("no volume was high");
  figure("one event judged and into the average (ns)", volumeNs);
  return volumeNs;
};

/** The twin keeps the samples of the interval and adds them up for each question. */
const benchVolumeTwin = (size: Size): Spread => {
  const window: number[] = [];
  let high = 0;
  const ns = timeNs(timing(size), () => {
    for (let i = 0; i < size.count; i += 1) {
      const volume = values[i & valuesMask] ?? 0;
      const sum = window.reduce((total, value) => total + value, 0);
      if (volume * window.length > 1.5 * sum) high += 1;
      window.push(volume);
      if (window.length > twinWindow) window.shift();
    }
  });
  if (high === 0) throw new Error("no volume was high");
  return ns;
};

const recordAll = (histogram: Histogram, all: Float64Array, count: number): void => {
  for (let first = 0; first < count; first += all.length) {
    for (let i = 0; i < all.length; i += 1) histogram.record(all[i] as number);
  }
};

const benchHistogram = (size: Size): Spread => {
  const histogram = new Histogram(new SharedArrayBuffer(histogramBytes));
  const recordNs = timeNs(timing(size), () => {
    recordAll(histogram, values, size.count);
  });
  const { count } = histogram.summary();
  const expected = (size.rounds + warmups) * size.count;
  if (count !== expected) throw new Error(`${count} of ${expected} values are there`);
  figure("histogram record (ns)", recordNs);
  return recordNs;
};

const recordAndAddAll = (
  histogram: Histogram,
  averages: VolumeAverages,
  { volumes, count, startUs }: Round,
): void => {
  for (let first = 0; first < count; first += volumes.length) {
    for (let i = 0; i < volumes.length; i += 1) {
      const volume = volumes[i] as number;
      if (i % turnEvents === 0) averages.update(startUs + (first + i) * 2);
      histogram.record(volume);
      averages.add(volume);
    }
  }
};

/** Both: an event that waits for the one before it in memory costs less beside other work. */
const benchBoth = (size: Size): Spread => {
  const histogram = new Histogram(new SharedArrayBuffer(histogramBytes));
  const averages = new VolumeAverages();
  averages.start(0);
  let nowUs = 0;
  const bothNs = timeNs(timing(size), () => {
    recordAndAddAll(histogram, averages, { volumes: values, count: size.count, startUs: nowUs });
    nowUs += 2 * size.count;
  });
  const expected = (size.rounds + warmups) * size.count;
  if (histogram.summary().count !== expected) throw new Error(`${expected} values are not there`);
  figure("histogram record and one event into the average (ns)", bothNs);
  return bothNs;
};

/** The twin inserts into a sorted array and drops the oldest; its percentile is one read. */
const benchHistogramTwin = (size: Size): Spread => {
  const order: number[] = [];
  const sorted: number[] = [];
  const place = (value: number): number => {
    let low = 0;
    for (let high = sorted.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return timeNs(timing(size), () => {
    for (let i = 0; i < size.count; i += 1) {
      const value = values[i & valuesMask] ?? 0;
      sorted.splice(place(value), 0, value);
      order.push(value);
      if (order.length > twinWindow) sorted.splice(place(order.shift() ?? 0), 1);
    }
  });
};

/** Called by test/bench/main.ts. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const size = { count: valuesCount * (smoke ? 2 : 64), rounds: smoke ? 5 : 61 };
  const few = { count: smoke ? 2_000 : 50_000, rounds: 3 };
  benchEma(size);
  report({ bench: "analytics", addNs: benchAdd(size) });
  report({ bench: "analytics", volumeNs: benchVolume(size), twinNs: benchVolumeTwin(few) });
  const recordNs = benchHistogram(size);
  report({ bench: "analytics", recordNs, twinNs: benchHistogramTwin(few) });
  const recordAndAddNs = benchBoth(size);
  const addBesideNs = recordAndAddNs.median - recordNs.median;
  report({ bench: "analytics", recordAndAddNs, addBesideNs });
};
