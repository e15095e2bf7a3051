// Content-Type and Content-Encoding, as HTTP defines them: parameters and letter case do not matter.
import { type Refusal, refuse } from "../errors.ts";
import type { MediaType } from "./endpoints.ts";

/** Codings of a body that can be undone. */
export type ContentEncoding = "identity" | "gzip";

const essence = (header: string): string => {
  const parameters = header.indexOf(";");
  return (parameters < 0 ? header : header.slice(0, parameters)).trim().toLowerCase();
};

/** The accepted media type that the header names, or undefined. */
export const mediaTypeOf = (
  header: string | null,
  accepted: readonly MediaType[],
): MediaType | undefined => {
  if (header === null) return undefined;
  const exact = accepted.find((mediaType) => mediaType === header);
  if (exact !== undefined) return exact;
  const name = essence(header);
  return accepted.find((mediaType) => mediaType === name);
};

/** The body's coding; anything but none, identity and gzip is refused. */
export const contentEncodingOf = (header: string | null): ContentEncoding | Refusal => {
  if (header === null) return "identity";
  const name = header.trim().toLowerCase();
  if (name === "" || name === "identity") return "identity";
  if (name === "gzip" || name === "x-gzip") return "gzip";
  const shown = JSON.stringify(name.slice(0, 40));
  return refuse("unsupported-encoding", `Content-Encoding ${shown}: expected identity or gzip`);
};
