// The metadata beside a committed offset: what the windows must know to begin there. Compact JSON,
// so that a person can read it with Kafka's own tools.

/** Both in ms since the epoch. */
export type WindowMark = {
  /** Watermark before the record at the committed offset, ms; -1: none yet. */
  readonly watermarkMs: number;
  /** Greatest end of an emitted window, ms; windows up to it are muted. -1: none. */
  readonly emittedEndMs: number;
};

/** `{"w":watermarkMs,"d":emittedEndMs}`. */
export const encodeWindowMark = ({ watermarkMs, emittedEndMs }: WindowMark): string =>
  `{"w":${watermarkMs},"d":${emittedEndMs}}`;

/** Null for text that is not ours; "" is the mark of a partition never committed. */
export const decodeWindowMark = (metadata: string): WindowMark | null => {
  if (metadata === "") return { watermarkMs: -1, emittedEndMs: -1 };
  const match = /^\{"w":(-1|\d{1,16}),"d":(-1|\d{1,16})\}$/.exec(metadata);
  if (match === null) return null;
  const [watermarkMs, emittedEndMs] = [Number(match[1]), Number(match[2])];
  if (!Number.isSafeInteger(watermarkMs) || !Number.isSafeInteger(emittedEndMs)) return null;
  return { watermarkMs, emittedEndMs };
};
