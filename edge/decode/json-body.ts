// JSON bodies of the market endpoints: text, then an object, then its list. Values inside are for
// the caller to judge.
import { type Refusal, refuse } from "../errors.ts";

/** A parsed object whose values nobody has judged yet. */
export type JsonObject = { readonly [key: string]: unknown };

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** True for an object that is no array. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The object that the body holds, or why it holds none. */
export const parseJsonObject = (body: Uint8Array): JsonObject | Refusal => {
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(body));
  } catch (error) {
    const text = error instanceof Error ? error.message : "not JSON";
    return refuse("malformed", `body: ${text}`, { field: "body" });
  }
  return isJsonObject(json)
    ? json
    : refuse("malformed", "body: expected a JSON object", { field: "body" });
};

/** The list at `field`, at most `itemsMax` long. */
export const listAt = (
  json: JsonObject,
  field: string,
  itemsMax: number,
): readonly unknown[] | Refusal => {
  const list = json[field];
  if (!Array.isArray(list)) return refuse("malformed", `${field}: expected an array`, { field });
  if (list.length <= itemsMax) return list;
  return refuse("body-too-large", `${field}: ${list.length} items, limit itemsMax=${itemsMax}`, {
    field,
  });
};
