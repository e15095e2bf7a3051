// The body of an event: a tree of values with fields and members. It is kept as written, because
// nothing below the body is resolved; only its form is checked.
import { type Fields, isYamlMap, shown } from "./fields.ts";

const bodyTypes = [
  "map",
  "string",
  "int",
  "double",
  "boolean",
  "string[]",
  "int[]",
  "double[]",
  "boolean[]",
  "byte[]",
  "map[]",
  "enum",
  "undefined",
] as const;

/** The `body` of an event as written; undefined when absent or not a map. */
export const readBody = (event: Fields): unknown => {
  const body = event.below("body", `${event.what}, body`);
  if (body === undefined) return undefined;
  checkValue(body);
  return event.raw("body");
};

const checkValue = (value: Fields): void => {
  const id = value.string("id");
  const named = value.named(`${value.what} ${id ?? ""}`.trimEnd());
  const raw = value.raw("type");
  const type = isYamlMap(raw) ? "enum" : named.oneOf("type", bodyTypes);
  if (type === undefined && raw === undefined) named.error("type", "type is missing");
  if (type === "map") {
    for (const field of named.maps("fields", named.what)) {
      field.required("id");
      checkValue(field);
    }
    if (!named.has("fields")) named.error("fields", "a map needs fields");
  }
  if (type === "enum" && !isYamlMap(raw) && !named.has("members")) {
    named.error("members", `an enum needs members, found ${shown(named.raw("members"))}`);
  }
};
