import { expect, test } from "vitest";

import { problemText } from "../../../engine/config/problem.ts";
import { resolveConfig } from "../../../engine/config/resolve-config.ts";

const problemsOf = (path: string, text: string): string => {
  const flags = [{ path, text, option: `--set ${path}` }];
  const resolved = resolveConfig({ file: null, variables: {}, flags });
  return resolved.ok ? "" : resolved.problems.map(problemText).join("; ");
};

const login = "https://user:word@node.example/";

test.each(["senders.solana.url", "lookup_tables.url", "senders.jito.regions"])(
  "%s may have no login in it, as fetch takes none, and a refusal hides it",
  (path) => {
    expect(problemsOf(path, login)).toContain("without user and password");
    expect(problemsOf(path, login)).not.toContain("word@");
    expect(problemsOf(path, "https://node.example/")).toBe("");
  },
);

test("endpoints of OpenTelemetry's exporters may have one: they send it", () => {
  expect(problemsOf("telemetry.trace_endpoint", login)).toBe("");
});
