// How many items a record's value holds, read from its bytes: for a record that proves too large
// after it was acknowledged, when the request that counted its items has gone. Counted as the
// Worker did, by the same scan. Nothing of this runs for a record that the log takes.
import { FrameReader } from "../../schemas/market/frame.ts";
import { takenLimits } from "../../schemas/otlp/limits.ts";
import {
  type RecordLayout,
  logLayout,
  metricLayout,
  metricWord,
  spanLayout,
} from "../../schemas/otlp/record-layout.ts";
import { SignalScan } from "../../schemas/otlp/signal-scan.ts";
import type { Signal } from "../receive/endpoints.ts";

/** Items of one signal. */
type CountedItems = { readonly signal: Signal; readonly items: number };

/** Items before damage, where there is any: the Worker writes none. */
const scanned = (value: Uint8Array, layout: RecordLayout): SignalScan => {
  const scan = new SignalScan({ ...layout, bounds: [] }, takenLimits);
  scan.scan(value, 0, value.byteLength);
  return scan;
};

const pointsOf = (value: Uint8Array): number => {
  const { records, count } = scanned(value, metricLayout);
  let points = 0;
  for (let i = 0; i < count; i += 1)
    points += records[i * metricLayout.stride + metricWord.points] ?? 0;
  return points;
};

const framedOf = (value: Uint8Array): number => {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Math.max(0, new FrameReader().countItems(view, 0, value.byteLength));
};

/** Undefined for weir-rejected: its items are counted as rejected or dropped already. */
export const recordItems = (topic: string, value: Uint8Array): CountedItems | undefined => {
  switch (topic) {
    case "otlp_spans":
      return { signal: "spans", items: scanned(value, spanLayout).count };
    case "otlp_metrics":
      return { signal: "metrics", items: pointsOf(value) };
    case "otlp_logs":
      return { signal: "logs", items: scanned(value, logLayout).count };
    case "weir-transactions":
      return { signal: "transactions", items: framedOf(value) };
    case "weir-depth":
      return { signal: "depth", items: framedOf(value) };
    default:
      return undefined;
  }
};
