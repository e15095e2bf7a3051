// A schema URL, `http[s]://server[:port]/path/VERSION`, names a registry and its version.

export type SchemaUrl = {
  readonly text: string;
  /** Without scheme and version. */
  readonly name: string;
  readonly version: string;
};

/** Null when the text is no schema URL. */
export const parseSchemaUrl = (text: string): SchemaUrl | null => {
  const found = /^https?:\/\/([^/?#\s]+(?:\/[^?#\s]*)?)\/([^/?#\s]+)\/?$/.exec(text);
  const [, name, version] = found ?? [];
  return name === undefined || version === undefined ? null : { text, name, version };
};

type Numbers = readonly [major: number, minor: number, patch: number, release: number];

// A pre-release, 1.2.0-rc, is older than 1.2.0.
const numbersOf = (version: string): Numbers | null => {
  const found = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?([-+].*)?$/.exec(version);
  if (found === null) return null;
  const [, major, minor = "0", patch = "0", rest = ""] = found;
  return [Number(major), Number(minor), Number(patch), rest.startsWith("-") ? 0 : 1];
};

/**
 * Which of two versions of one registry is used: of the same major the newer one, else none.
 */
export const newerVersion = (a: string, b: string): "first" | "second" | "conflict" => {
  if (a === b) return "first";
  const x = numbersOf(a);
  const y = numbersOf(b);
  if (x === null || y === null || x[0] !== y[0]) return "conflict";
  for (let i = 1; i < x.length; i += 1) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference > 0 ? "first" : "second";
  }
  return "first";
};
