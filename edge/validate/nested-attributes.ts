// Where attributes stand that are not the record's own: those of a span's event or link, or of a
// metric's data point. The record is walked again, for the few findings that are told.
import { metricWord, recordWord } from "../../schemas/otlp/record-layout.ts";
import type { ScannedRows } from "../../schemas/otlp/scanned-rows.ts";
import { delimitedStart, skipValue, tagSize, varintLow } from "../../schemas/otlp/wire.ts";
import { placeList } from "../../schemas/validate/found.ts";
import { pointAttributeTag, pointTag } from "../../schemas/validate/metric-check.ts";
import {
  eventAttributeTag,
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

/** A place has 16 bits for the number of a data point: of more points none is told from another. */
const pointsTold = 1 << 16;

const nth = (bytes: Uint8Array, messages: Messages, item: number): AttributeRange | null => {
  const { end, tag: wanted, attributeTag } = messages;
  let before = 0;
  let at = messages.start;
  while (at < end) {
    const size = tagSize(bytes, at, end);
    const tag = varintLow(bytes, at) >>> 0;
    const next = skipValue(bytes, at + size, end, tag & 7);
    if (tag === wanted) {
      const start = delimitedStart(bytes, at + size, end);
      if (before === item) return { start, end: next, tag: attributeTag };
      before += 1;
    }
    at = next;
  }
  return null;
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
  return nth(bytes, { start, end, ...tags }, place.item);
};

/** Of data points. */
export const nestedInMetric: NestedAttributes = ({ bytes, records, layout }, record, place) => {
  const row = record * layout.stride;
  const points = records[row + metricWord.points] ?? 0;
  if (place.list !== placeList.point || points > pointsTold) return null;
  const start = records[row + metricWord.pointsStart] ?? 0;
  const end = records[row + metricWord.pointsEnd] ?? 0;
  const attributeTag = pointAttributeTag(records[row + metricWord.type] ?? 0);
  return nth(bytes, { start, end, tag: pointTag, attributeTag }, place.item);
};

/** Of a log record, which has attributes of its own alone. */
export const nothingNested: NestedAttributes = () => null;
