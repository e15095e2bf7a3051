import { symlinkSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { definitions, removeFiles, resolved, writeFiles } from "./written-registry.ts";

afterAll(removeFiles);

describe("links in folders", () => {
  test("one that leads nowhere does not hide what is wrong with other files", () => {
    const folder = writeFiles({ "main/a.yaml": "groups: 5\n" });
    symlinkSync(join(folder, "none.yaml"), join(folder, "main/b.yaml"));
    expect(resolved(folder, "/main").problems).toEqual([
      "main/a.yaml:1: error: file: groups must be a list, found 5",
      expect.stringMatching(/^main\/b\.yaml: error: ENOENT/),
    ]);
  });

  test("one that leads out of the registry is refused, one inside it is read", () => {
    const folder = writeFiles({
      "secret.yaml": definitions,
      "main/b/inside.yml": "groups: []\n",
      "main/a.yaml": definitions,
    });
    symlinkSync(join(folder, "secret.yaml"), join(folder, "main/out.yaml"));
    symlinkSync(join(folder, "main/b/inside.yml"), join(folder, "main/in.yaml"));
    expect(resolved(folder, "/main").problems).toEqual([
      "main/out.yaml: error: a link that leads out of the registry is not followed",
    ]);
  });

  test("one to a folder out of the registry is refused as one to a file is", () => {
    const folder = writeFiles({
      "common/a.yaml": definitions,
      "mainland/a.yaml": definitions,
      "main/b/x.yaml": "groups: []\n",
    });
    symlinkSync(join(folder, "common"), join(folder, "main/b/common"));
    symlinkSync("../mainland", join(folder, "main/near"));
    symlinkSync("..", join(folder, "main/up"));
    symlinkSync("../common", join(folder, "main/folder.yaml"));
    expect(resolved(folder, "/main").problems).toEqual(
      ["b/common", "folder.yaml", "near", "up"].map(
        (name) => `main/${name}: error: a link that leads out of the registry is not followed`,
      ),
    );
  });

  test("one to a folder inside, even around the link itself, does not read it twice", () => {
    const folder = writeFiles({ "main/b/c/a.yaml": definitions });
    symlinkSync("..", join(folder, "main/b/up"));
    symlinkSync(".", join(folder, "main/itself"));
    symlinkSync("b/c", join(folder, "main/d"));
    symlinkSync("loop", join(folder, "main/loop"));
    symlinkSync("not-there", join(folder, "main/nothing"));
    const { problems, groups } = resolved(folder, "/main");
    expect(problems).toEqual([]);
    expect(groups.map(({ id }) => id)).toEqual(["registry.a"]);
  });

  test("one to another registry is that of a dependency, and no part of the registry", () => {
    const folder = writeFiles({
      "main/manifest.yaml":
        "schema_url: https://example.com/m/1.0.0\ndependencies: [{name: lib, registry_path: ./lib}]\n",
      "main/x.yaml": "groups: [{id: x, type: attribute_group, brief: X, attributes: [{ref: a.s}]}]",
      "lib/manifest.yaml": "schema_url: https://example.com/lib/1.0.0\n",
      "lib/a.yaml": definitions,
    });
    symlinkSync("../lib", join(folder, "main/lib"));
    const { problems, groups } = resolved(folder, "/main");
    expect(problems).toEqual([]);
    expect(groups.map(({ id }) => id)).toEqual(["x"]);
  });

  test("a registry that is itself behind a link is read", () => {
    const folder = writeFiles({ "versions/1/b/a.yaml": definitions });
    symlinkSync("versions/1", join(folder, "main"));
    symlinkSync("b", join(folder, "versions/1/c"));
    expect(resolved(folder, "/main").problems).toEqual([]);
  });
});
