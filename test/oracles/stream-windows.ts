// The plain twin of engine/stream/windows.ts: Maps, strings and bigints, all windows of the run in
// one place, nothing reused and nothing bounded but the keys.

export type PlainItem = {
  readonly eventMs: number;
  readonly isError: boolean;
  readonly durationNs: bigint;
  readonly service: string;
  readonly name: string;
};

export type PlainRecord = {
  readonly receiveMs: number;
  readonly items: readonly PlainItem[];
};

export type PlainOptions = {
  readonly sizeMs: number;
  readonly latenessMs: number;
  readonly idleMs: number;
  readonly futureMsMax: number;
  readonly keysMax: number;
};

type PlainRow = {
  count: number;
  errors: number;
  sum: bigint;
  max: bigint;
  reason: string;
};

/** `windowStartMs/service/name` to its row, for closed windows; `open` for those still open. */
export type PlainResult = {
  readonly closed: Map<string, PlainRow>;
  readonly open: Map<string, PlainRow>;
  late: number;
  future: number;
  overflow: number;
};

export const plainWindows = (
  records: readonly PlainRecord[],
  options: PlainOptions,
): PlainResult => {
  const result: PlainResult = {
    closed: new Map(),
    open: new Map(),
    late: 0,
    future: 0,
    overflow: 0,
  };
  let watermark = -1;
  let lastReceive: number | null = null;
  const startOf = (key: string): number => Number(key.slice(0, key.indexOf("/")));
  const close = (reason: string): void => {
    for (const [key, row] of result.open) {
      if (startOf(key) + options.sizeMs > watermark) continue;
      result.closed.set(key, { ...row, reason });
      result.open.delete(key);
    }
  };
  for (const record of records) {
    if (lastReceive !== null && record.receiveMs - lastReceive >= options.idleMs) {
      const ends = [...result.open.keys()].map((key) => startOf(key) + options.sizeMs);
      watermark = Math.max(watermark, ...ends);
      close("idle");
    }
    lastReceive = Math.max(lastReceive ?? record.receiveMs, record.receiveMs);
    for (const item of record.items) {
      if (item.eventMs > record.receiveMs + options.futureMsMax) {
        result.future += 1;
        continue;
      }
      const start = Math.floor(item.eventMs / options.sizeMs) * options.sizeMs;
      if (start + options.sizeMs <= watermark) {
        result.late += 1;
        continue;
      }
      watermark = Math.max(watermark, item.eventMs - options.latenessMs);
      close("watermark");
      count(result, options, { start, item });
    }
  }
  return result;
};

const count = (
  result: PlainResult,
  options: PlainOptions,
  { start, item }: { start: number; item: PlainItem },
): void => {
  const other = `${start}/_other/_other`;
  let key = `${start}/${item.service}/${item.name}`;
  const keys = [...result.open.keys()].filter(
    (known) => known.startsWith(`${start}/`) && known !== other,
  );
  if (!result.open.has(key) && key !== other && keys.length >= options.keysMax) {
    key = other;
    result.overflow += 1;
  }
  const row = result.open.get(key) ?? { count: 0, errors: 0, sum: 0n, max: 0n, reason: "" };
  row.count += 1;
  row.errors += item.isError ? 1 : 0;
  row.sum += item.durationNs;
  row.max = item.durationNs > row.max ? item.durationNs : row.max;
  result.open.set(key, row);
};
