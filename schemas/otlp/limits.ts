// The limits of one OTLP request and the closed table of what a scan can say. Bad input is a code
// and a byte offset, never an exception; the texts are for messages to people.

/** What a scan, a check or an attribute walk returns. 0 is the only good one. */
export const scanCode = {
  ok: 0,
  truncated: 1,
  varintTooLong: 2,
  badTag: 3,
  badLength: 4,
  badWireType: 5,
  fieldZero: 6,
  badIdLength: 7,
  badUtf8: 8,
  tooDeep: 9,
  repeatedMessage: 10,
  requestTooLarge: 11,
  tooManyResources: 12,
  tooManyScopes: 13,
  tooManyRecords: 14,
  tooManyAttributes: 15,
  tooManyEvents: 16,
  tooManyLinks: 17,
  tooManyPoints: 18,
  keyTooLong: 19,
  valueTooLong: 20,
} as const;

/** A code of `scanCode`. */
export type ScanCode = (typeof scanCode)[keyof typeof scanCode];

const meanings: { readonly [name in keyof typeof scanCode]: string } = {
  ok: "well formed",
  truncated: "the field reaches past the end of its message",
  varintTooLong: "a varint has more than 10 bytes",
  badTag: "a field tag has more than 32 bits",
  badLength: "a length has more than 31 bits",
  badWireType: "wire types 3, 4 (groups), 6 and 7 are refused",
  fieldZero: "field number 0 is invalid",
  badIdLength: "a trace id has 16 bytes or none, a span id 8 or none",
  badUtf8: "a string is no valid UTF-8",
  tooDeep: "attribute values are nested deeper than valueDepthMax",
  repeatedMessage: "a message that may appear once appears twice",
  requestTooLarge: "the request is larger than requestBytesMax",
  tooManyResources: "more resources than resourcesMax",
  tooManyScopes: "more scopes than scopesMax",
  tooManyRecords: "more spans, metrics or log records than recordsMax",
  tooManyAttributes: "more attributes in one list than attributesMax",
  tooManyEvents: "more events in one span than eventsMax",
  tooManyLinks: "more links in one span than linksMax",
  tooManyPoints: "more data points in one metric than pointsMax",
  keyTooLong: "an attribute key is longer than keyBytesMax",
  valueTooLong: "an attribute value is longer than valueBytesMax",
};

const texts = new Map(
  Object.entries(scanCode).map(([name, code]: [string, number]) => {
    const meaning = meanings[name as keyof typeof scanCode];
    // What is over a limit names it last.
    const [limit] = /\w+Max$/.exec(meaning) ?? [];
    const text = `${name}: ${meaning.slice(0, meaning.length - (limit?.length ?? 0))}`;
    return [code, { text, limit: limit as keyof OtlpLimits | undefined }];
  }),
);

/**
 * The code's name and meaning, for a message, with the limit where it is over one, by the name that
 * `names` has for it.
 */
export const scanCodeText = (
  code: number,
  limits: OtlpLimits = defaultLimits,
  names?: { readonly [limit in keyof OtlpLimits]: string },
): string => {
  const known = texts.get(code);
  if (known === undefined) return `unknown code ${code}`;
  const { text, limit } = known;
  return limit === undefined ? text : `${text}${names?.[limit] ?? limit}=${limits[limit]}`;
};

/** Bounds of one request; every count is the largest that is accepted. */
export type OtlpLimits = {
  /** Bytes of one request, uncompressed; at most 2^31 - 1. */
  readonly requestBytesMax: number;
  readonly resourcesMax: number;
  readonly scopesMax: number;
  /** Spans, metrics or log records of one request. */
  readonly recordsMax: number;
  /** Attributes of one record, event, link, data point, resource or scope. */
  readonly attributesMax: number;
  readonly eventsMax: number;
  readonly linksMax: number;
  /** Data points of one metric. */
  readonly pointsMax: number;
  readonly keyBytesMax: number;
  /** Bytes of one attribute's value as the AnyValue it is sent in, with all that is nested in it. */
  readonly valueBytesMax: number;
  /** Values inside values: 1 is a plain value, 2 a plain value in an array. */
  readonly valueDepthMax: number;
};

/** The recommended request size of OTLP 1.11; the other limits are generous for real senders. */
export const defaultLimits: OtlpLimits = {
  requestBytesMax: 64 << 20,
  resourcesMax: 16_384,
  scopesMax: 65_536,
  recordsMax: 262_144,
  attributesMax: 1024,
  eventsMax: 4096,
  linksMax: 4096,
  pointsMax: 65_536,
  keyBytesMax: 4096,
  valueBytesMax: 1 << 20,
  valueDepthMax: 64,
};

const unbounded = 2 ** 31 - 1;

/**
 * For what has been taken already: its sender was held to other limits, or to none. The size of a
 * record bounds the numbers in it; nesting, which is read recursively, is bounded as far as the
 * edge's may be.
 */
export const takenLimits: OtlpLimits = {
  requestBytesMax: unbounded,
  resourcesMax: unbounded,
  scopesMax: unbounded,
  recordsMax: unbounded,
  attributesMax: unbounded,
  eventsMax: unbounded,
  linksMax: unbounded,
  pointsMax: unbounded,
  keyBytesMax: unbounded,
  valueBytesMax: unbounded,
  valueDepthMax: 100,
};
