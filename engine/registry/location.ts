// Where a registry is: a folder, or an archive, and in either `[sub/folder]`. Nothing is ever
// downloaded; an address on the network is refused with what to do instead.
import { isAbsolute, join, posix, resolve } from "node:path";

export type Location = {
  /** As given to people, without the sub folder. */
  readonly path: string;
  /** With `/`, without a leading or closing one; "" is the top. */
  readonly sub: string;
};

export type Refusal = { readonly refused: string };

/** Reads `PATH` or `PATH[sub/folder]`. */
export const parseLocation = (text: string): Location | Refusal => {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^[\w.-]+@[\w.-]+:/.test(text)) {
    return {
      refused: `${text} is on the network and nothing is downloaded; fetch it and give its path`,
    };
  }
  const [, path = "", sub = ""] = /^([^[]*)(?:\[([^\]]*)\])?$/.exec(text) ?? [];
  if (path === "") return { refused: `${text} is neither PATH nor PATH[sub/folder]` };
  const inside = insidePath(sub);
  if (inside === null) return { refused: `${text}: the sub folder leaves ${path}` };
  return { path, sub: inside };
};

/** A path below the top, normalised; null when it leaves it, is absolute, or is of Windows. */
export const insidePath = (path: string): string | null => {
  if (path.includes("\\") || path.includes("\0") || /^[A-Za-z]:/.test(path)) return null;
  if (posix.isAbsolute(path)) return null;
  const normal = posix.normalize(path === "" ? "." : path).replace(/\/$/, "");
  if (normal === "." || normal === "") return "";
  return normal === ".." || normal.startsWith("../") ? null : normal;
};

/** A location written in the manifest of a registry: relative to that registry, in an archive within it. */
export const parseRelative = (
  text: string,
  from: Location,
  isArchive: boolean,
): Location | Refusal => {
  const location = parseLocation(text);
  if ("refused" in location) return location;
  if (isArchive && isAbsolute(location.path)) return { refused: leaves(text, from) };
  if (isAbsolute(location.path)) return location;
  if (!isArchive) return { ...location, path: join(from.path, from.sub, location.path) };
  const sub = insidePath(posix.join(from.sub, location.path, location.sub));
  if (sub === null) return { refused: leaves(text, from) };
  return { path: from.path, sub };
};

const leaves = (text: string, from: Location): string => `${text} leaves the archive ${from.path}`;

/** The same for the same place, however written. */
export const locationKey = ({ path, sub }: Location): string => `${resolve(path)}[${sub}]`;

export const locationText = ({ path, sub }: Location): string =>
  sub === "" ? path : `${path}[${sub}]`;
