// The recorded depth files beside the repository, for tests and benchmarks: where they are, and
// their lines as depth items in one buffer.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

import { encodeDepthItem } from "../../../schemas/market/depth-message.ts";
import { RecordedReader } from "../../../schemas/market/recorded-reader.ts";
import type { MessageVenueName } from "../../../schemas/market/venues.ts";

const folder = new URL("../../../../shared/data/books/", import.meta.url);

/** Where a recorded file would be; it may be absent. */
const recordedPath = (name: string): string => fileURLToPath(new URL(name, folder));

export const spotFile = recordedPath("binance-spot-btcusdt-20240808.gz");
export const usdmFile = recordedPath("binance-usdm-btcusdt-20240808.gz");

/** Whether the files are there. */
export const hasRecorded = existsSync(spotFile) && existsSync(usdmFile);

/** Those of the files that are there. */
export const recordedFiles = (): { name: string; venue: MessageVenueName; path: string }[] =>
  [
    { name: "spot", venue: "binance-spot" as const, path: spotFile },
    { name: "usdm", venue: "binance-usdm" as const, path: usdmFile },
  ].filter(({ path }) => existsSync(path));

/** All items of the wanted kinds: item i lies in [ends[i], ends[i + 1]). */
export const recordedItems = async (
  path: string,
  venue: MessageVenueName,
  kinds: readonly number[],
): Promise<{ view: DataView; ends: number[] }> => {
  const text = gunzipSync(readFileSync(path)).toString();
  const reader = new RecordedReader<number>(venue, "");
  const view = new DataView(new ArrayBuffer(text.length));
  const ends = [0];
  const take = (readings: Iterable<{ fault: unknown }>): void => {
    for (const { fault } of readings) {
      if (fault !== null) throw new Error(`a recorded line is bad: ${JSON.stringify(fault)}`);
      if (!kinds.includes(reader.message.kind)) continue;
      const end = ends.at(-1) ?? 0;
      ends.push(end + encodeDepthItem(reader.message, view, end));
    }
  };
  text.split("\n").forEach((line, index) => take(reader.read(line, index)));
  take(reader.finish());
  return { view, ends };
};
