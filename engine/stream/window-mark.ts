// The metadata beside a committed offset: what the windows must know to begin there. Compact JSON,
// so that a person can read it with Kafka's own tools.

/** All in ms since the epoch. */
export type WindowMark = {
  /** Watermark before the record at the committed offset, ms; -1: none yet. */
  readonly watermarkMs: number;
  /** Greatest end of an emitted window, ms; windows up to it are muted. -1: none. */
  readonly emittedEndMs: number;
  /** Latest receive time up to the record at the committed offset, ms; -1: none yet. */
  readonly receiveMs: number;
};

/** `{"w":watermarkMs,"d":emittedEndMs,"r":receiveMs}`, without `r` when there is none. */
export const encodeWindowMark = ({ watermarkMs, emittedEndMs, receiveMs }: WindowMark): string => {
  const received = receiveMs < 0 ? "" : `,"r":${receiveMs}`;
  return `{"w":${watermarkMs},"d":${emittedEndMs}${received}}`;
};

const form = /^\{"w":(-1|\d{1,16}),"d":(-1|\d{1,16})(?:,"r":(\d{1,16}))?\}$/;

/** Null for text that is not ours; "" is the mark of a partition never committed. */
export const decodeWindowMark = (metadata: string): WindowMark | null => {
  if (metadata === "") return { watermarkMs: -1, emittedEndMs: -1, receiveMs: -1 };
  const match = form.exec(metadata);
  if (match === null) return null;
  const [, watermark, emittedEnd, receive = -1] = match;
  const [watermarkMs, emittedEndMs, receiveMs] = [watermark, emittedEnd, receive].map(Number);
  const mark = { watermarkMs, emittedEndMs, receiveMs } as WindowMark;
  return Object.values(mark).every((ms) => Number.isSafeInteger(ms)) ? mark : null;
};
