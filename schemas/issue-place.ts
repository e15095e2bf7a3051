// Where in a document a schema found a fault, as every message writes it: "tenants[0].keys[1]".

/** "" for the document itself. Names and places in lists, outermost first. */
export const issuePlace = (path: readonly PropertyKey[]): string =>
  path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
