// What an attribute may say of itself, and what only its definition may.
import { afterAll, describe, expect, test } from "vitest";

import { definitions, removeFiles, resolvedText } from "./written-registry.ts";

afterAll(removeFiles);

describe("a reference", () => {
  test("a ref with a stability or deprecation of its own is taken, with a warning", () => {
    const { problems, attribute } = resolvedText(
      `${definitions}
  - id: span.x
    type: span
    span_kind: client
    stability: stable
    brief: X
    attributes:
      - ref: a.i
        stability: beta
        deprecated: {reason: obsoleted}
`,
    );
    expect(problems).toEqual([
      "a.yaml:17: warning: group span.x, ref a.i: stability is not allowed with ref",
      "a.yaml:18: warning: group span.x, ref a.i: deprecated is not allowed with ref",
    ]);
    expect(attribute("span.x", "a.i")).toMatchObject({ stability: "beta" });
  });
});
