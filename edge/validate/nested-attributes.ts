// Where attributes stand that are not the record's own: those of a span's event or link, or of a
// metric's data point or exemplar. The record is walked again, for the few findings that are told.
import { metricWord, recordWord } from "../../schemas/otlp/record-layout.ts";
import type { ScannedRows } from "../../schemas/otlp/scanned-rows.ts";
import { delimitedStart, skipValue, tagSize, varintLow } from "../../schemas/otlp/wire.ts";
import { placeList } from "../../schemas/validate/found.ts";
import {
  exemplarAttributeTag,
  exemplarTagOf,
  pointAttributeTag,
  pointTag,
} from "../../schemas/validate/metric-check.ts";
import {
  eventAttributeTag,
  eventNameTag,
  eventTag,
  linkAttributeTag,
  linkTag,
} from "../../schemas/validate/nested-check.ts";

/** A list of attributes: bytes, and the tag of its fields in them. */
export type AttributeRange = { readonly start: number; readonly end: number; readonly tag: number };

/** Messages of one field, which have attributes of their own. */
type Messages = AttributeRange & { readonly attributeTag: number };

/** Finds the list by its `placeList` and the number of its message; null where that is not told. */
export type NestedAttributes = (
  rows: ScannedRows,
  record: number,
  place: { readonly list: number; readonly item: number },
) => AttributeRange | null;

/** A place has 16 bits for the number of a message: of more none is told from another. */
const messagesTold = 1 << 16;

/** Of each message, in order. */
function* rangesOf(bytes: Uint8Array, messages: Messages): Generator<AttributeRange> {
  const { end, tag: wanted, attributeTag } = messages;
  let at = messages.start;
  while (at < end) {
    const size = tagSize(bytes, at, end);
    const tag = varintLow(bytes, at) >>> 0;
    const next = skipValue(bytes, at + size, end, tag & 7);
    const start = tag === wanted ? delimitedStart(bytes, at + size, end) : 0;
    if (tag === wanted) yield { start, end: next, tag: attributeTag };
    at = next;
  }
}

/** The one of this number; null when there are too many to be told apart. */
const nth = (ranges: Iterable<AttributeRange>, item: number): AttributeRange | null => {
  let found: AttributeRange | null = null;
  let before = 0;
  for (const range of ranges) {
    if (before === item) found = range;
    before += 1;
    if (before > messagesTold) return null;
  }
  return found;
};

type Tags = Pick<Messages, "tag" | "attributeTag">;

/** By list. */
const spanTags: { readonly [list: number]: Tags } = {
  [placeList.event]: { tag: eventTag, attributeTag: eventAttributeTag },
  [placeList.link]: { tag: linkTag, attributeTag: linkAttributeTag },
};

/** Of events and links. */
export const nestedInSpan: NestedAttributes = ({ bytes, records, layout }, record, place) => {
  const tags = spanTags[place.list];
  if (tags === undefined) return null;
  const row = record * layout.stride;
  const start = records[row + recordWord.start] ?? 0;
  const end = records[row + recordWord.end] ?? 0;
  return nth(rangesOf(bytes, { start, end, ...tags }), place.item);
};

/** Name of the event of this number; null when it has none. */
export const eventName = (
  { bytes, records, layout }: ScannedRows,
  record: number,
  item: number,
): { readonly start: number; readonly end: number } | null => {
  const row = record * layout.stride;
  const start = records[row + recordWord.start] ?? 0;
  const end = records[row + recordWord.end] ?? 0;
  const event = { start, end, tag: eventTag, attributeTag: eventNameTag };
  const found = nth(rangesOf(bytes, event), item);
  if (found === null) return null;
  // The last one counts, as in every reader of a field that is not repeated.
  return [...rangesOf(bytes, { ...found, attributeTag: 0 })].at(-1) ?? null;
};

/** Of data points, and of their exemplars, which are numbered through the metric. */
export const nestedInMetric: NestedAttributes = ({ bytes, records, layout }, record, place) => {
  const row = record * layout.stride;
  const type = records[row + metricWord.type] ?? 0;
  const start = records[row + metricWord.pointsStart] ?? 0;
  const end = records[row + metricWord.pointsEnd] ?? 0;
  const attributeTag = pointAttributeTag(type);
  const points = rangesOf(bytes, { start, end, tag: pointTag, attributeTag });
  if (place.list === placeList.point) return nth(points, place.item);
  if (place.list !== placeList.exemplar) return null;
  return nth(exemplarsOf(bytes, points, exemplarTagOf(type)), place.item);
};

function* exemplarsOf(
  bytes: Uint8Array,
  points: Iterable<AttributeRange>,
  tag: number,
): Generator<AttributeRange> {
  for (const { start, end } of points)
    yield* rangesOf(bytes, { start, end, tag, attributeTag: exemplarAttributeTag });
}

/** Of a log record, which has attributes of its own alone. */
export const nothingNested: NestedAttributes = () => null;
