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
const hidden = "***";
/** Longer parts of a path can be tokens, as providers of Solana nodes have them. */
const pathPartCharsMax = 15;
// What looks like an address, also where it is no good one; inside it login, query, long path parts.
const addressForm = /[a-z][a-z0-9+.-]*:\/\/[^\s"']+/gi;
const loginForm = /\/\/[^/?#]*@/;
const queryForm = /\?.*$/;
const longPartForm = new RegExp(`(?<=[^/]/)[^/?]{${pathPartCharsMax + 1},}`, "g");

/** `text` with what can be a secret in an address hidden. */
export const masked = (text: string): string =>
  text.replaceAll(addressForm, (address) =>
    address
      .replace(queryForm, `?${hidden}`)
      .replace(loginForm, `//${hidden}@`)
      .replaceAll(longPartForm, hidden),
  );

/** A value as a message shows it: short, and without secrets of addresses. */
export const shown = (value: unknown): string => {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  const text = masked(JSON.stringify(value) ?? String(value));
  return text.length <= shownCharsMax ? text : `${text.slice(0, shownCharsMax)}…`;
};
