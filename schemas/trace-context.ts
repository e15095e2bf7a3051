// W3C trace context as one header has it (traceparent, Level 2): `00-TRACE-SPAN-FLAGS`, ids in lower
// case hex. The same text is a request's header at the edge and a record's header in the log.

/** Ids in lower-case hex, 32 and 16 characters, neither all zeros. */
export type TraceContext = {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
};

/** Characters of a traceparent that is written here. */
export const traceparentChars = 55;

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const sampledFlag = 1;

/** Null for what is no traceparent. Later versions are read as far as they are known. */
export const readTraceparent = (text: string): TraceContext | null => {
  const [, version = "", traceId = "", spanId = "", flags = "", more] = form.exec(text) ?? [];
  if (version === "" || version === "ff" || (version === "00" && more !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & sampledFlag) !== 0 };
};

/** The header of a sampled span's children. */
export const sampledTraceparent = (traceId: string, spanId: string): string =>
  `00-${traceId}-${spanId}-01`;
