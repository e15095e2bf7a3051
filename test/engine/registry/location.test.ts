import { describe, expect, test } from "vitest";

import { insidePath, parseLocation, parseRelative } from "../../../engine/registry/location.ts";

describe("locations", () => {
  test("have a path and a sub folder in brackets", () => {
    expect(parseLocation("a/b.zip[c/./d/]")).toEqual({ path: "a/b.zip", sub: "c/d" });
    expect(parseLocation("a/b")).toEqual({ path: "a/b", sub: "" });
  });

  test.each([
    "a[../b]",
    "a[/b]",
    "a[b/../../c]",
    "[b]",
    "a[b",
    "https://h/a.zip",
    "s3://h/a",
    "git@h:a",
  ])("%s is refused", (text) => {
    expect(parseLocation(text)).toHaveProperty("refused");
  });

  test("written in a manifest are relative to its folder", () => {
    const from = { path: "/r/main", sub: "model" };
    expect(parseRelative("../lib[x]", from, false)).toEqual({ path: "/r/main/lib", sub: "x" });
    expect(parseRelative("/abs", from, false)).toEqual({ path: "/abs", sub: "" });
    const archive = { path: "/r/a.zip", sub: "model" };
    expect(parseRelative("../lib[x]", archive, true)).toEqual({ path: "/r/a.zip", sub: "lib/x" });
    expect(parseRelative("../../x", archive, true)).toHaveProperty("refused");
  });

  test("a path inside stays inside", () => {
    expect(insidePath("./a//b/../c")).toBe("a/c");
    expect(insidePath("")).toBe("");
    expect(insidePath("a/../..")).toBeNull();
    expect(insidePath("a\0b")).toBeNull();
  });
});
