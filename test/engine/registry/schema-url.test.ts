import { describe, expect, test } from "vitest";

import { newerVersion } from "../../../engine/registry/schema-url.ts";

describe("of two versions of one registry", () => {
  // The order of semver 2.0.0, section 11, with a few of our own.
  const ascending = [
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-nightly.20261122174415000001",
    "1.0.0-nightly.20261122174415000002",
    "1.0.0-rc.1+build.9",
    "1.0.0",
    "v1.0.1-rc-1",
    "1.0.1",
    "1.9",
    "1.10.0",
  ];

  test("the newer one is used, pre-releases by the rules of semver, whichever is read first", () => {
    for (const [i, older] of ascending.entries()) {
      for (const newer of ascending.slice(i + 1)) {
        expect([older, newer, newerVersion(older, newer)]).toEqual([older, newer, "second"]);
        expect([newer, older, newerVersion(newer, older)]).toEqual([newer, older, "first"]);
      }
    }
  });

  test.each([
    ["1.0", "1.0.0"],
    ["1.0.0+a", "1.0.0+b"],
    ["1.0.0-rc.1", "v1.0.0-rc.1"],
  ])("%s and %s are equally new, and the same one is used in either order", (a, b) => {
    expect([newerVersion(a, b), newerVersion(b, a)]).toEqual(["second", "first"]);
  });

  test.each([
    ["1.0.0", "2.0.0"],
    ["1.0.0-rc.1", "2.0.0-rc.1"],
    ["main", "next"],
  ])("%s and %s do not go together", (a, b) => {
    expect(newerVersion(a, b)).toBe("conflict");
    expect(newerVersion(b, a)).toBe("conflict");
  });
});
