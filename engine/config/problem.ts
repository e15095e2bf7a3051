// What is wrong with a configuration: where, which field, what was found and expected. Problems are
// collected, so that one run tells all of them.

/** `place`: `weir.toml:12`, a variable, an option, or a file as a whole. */
export type ConfigProblem = {
  readonly place: string;
  /** Path of the field, "" for the whole. */
  readonly field: string;
  readonly message: string;
};

/** `weir.toml:12: sniffer.batch_size: found 0, expected an integer from 1 to 1024`. */
export const problemText = ({ place, field, message }: ConfigProblem): string =>
  [place, field, message].filter((part) => part !== "").join(": ");

const shownCharsMax = 80;

/** A value as a message shows it: short, and never a secret, since no field holds one. */
export const shown = (value: unknown): string => {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= shownCharsMax ? text : `${text.slice(0, shownCharsMax)}…`;
};
