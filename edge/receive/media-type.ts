// Content-Type and Content-Encoding, as HTTP defines them: parameters and letter case do not matter.
import { type Refusal, refuse } from "../errors.ts";
import type { MediaType } from "./endpoints.ts";

/** Codings of a body that can be undone. */
export type ContentEncoding = "identity" | "gzip" | "zstd";

/** Value of Accept-Encoding in the answer to any other. */
export const acceptedEncodings = "gzip, zstd, identity";

const essence = (header: string): string => {
  const parameters = header.indexOf(";");
  return (parameters < 0 ? header : header.slice(0, parameters)).trim().toLowerCase();
};

const named = (name: string, accepted: readonly MediaType[]): MediaType | undefined => {
  for (const mediaType of accepted) if (mediaType === name) return mediaType;
  return undefined;
};

/** The accepted media type that the header names, or undefined. */
export const mediaTypeOf = (
  header: string | null,
  accepted: readonly MediaType[],
): MediaType | undefined => {
  if (header === null) return undefined;
  return named(header, accepted) ?? named(essence(header), accepted);
};

/**
 * The body's coding; anything else than none, identity, gzip and zstd, and any list of codings, is
 * refused with the status that the settings name.
 */
export const contentEncodingOf = (
  header: string | null,
  status: 400 | 415,
): ContentEncoding | Refusal => {
  if (header === null) return "identity";
  const name = header.trim().toLowerCase();
  if (name === "" || name === "identity") return "identity";
  if (name === "gzip" || name === "x-gzip") return "gzip";
  if (name === "zstd") return "zstd";
  const shown = JSON.stringify(name.slice(0, 40));
  return refuse(
    status === 415 ? "unsupported-coding" : "unsupported-encoding",
    `Content-Encoding ${shown}: expected one of ${acceptedEncodings}`,
    { field: "Content-Encoding" },
  );
};
