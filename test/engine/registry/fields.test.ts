import { afterAll, describe, expect, test } from "vitest";

import { Fields, type YamlMap } from "../../../engine/registry/fields.ts";
import { Problems } from "../../../engine/registry/problem.ts";
import { readSource } from "../../../engine/registry/source-file.ts";
import { removeFiles, resolved, resolvedText, writeFiles } from "./written-registry.ts";

afterAll(removeFiles);

const stringOf = (text: string): string | undefined => {
  const file = readSource("a.yaml", new TextEncoder().encode(text));
  return new Fields(file.value as YamlMap, { file, path: [] }, new Problems(), "x").string("x");
};

describe("a text that YAML reads as something else", () => {
  const written =
    "1.40 1.10 2.0 7 007 +1 1e3 0x10 0o17 12345678901234567890 .5 .inf True false".split(" ");

  test.each(written)("%s stays as it was written", (text) => {
    expect(stringOf(`x: ${text}\n`)).toBe(text);
  });

  test.each(written)("%s stays as it was written in what only the package reads", (text) => {
    expect(stringOf(`{y: &z ${text}, x: ${text}}\n`)).toBe(text);
    expect(stringOf(`y: &z ${text}\nx: *z # an alias\n`)).toBe(text);
  });

  test("ids that are one number but two texts are two", () => {
    const group = (id: string): string =>
      `  - {id: ${id}, type: attribute_group, brief: 1.0, attributes: []}\n`;
    const { errors, groups } = resolvedText(
      `groups:\n${group("1.10")}${group("1.1")}${group("0x10")}${group("16")}`,
    );
    expect(errors).toEqual([]);
    expect(groups.map(({ id }) => id)).toEqual(["0x10", "1.1", "1.10", "16"]);
    expect(groups[0]?.brief).toBe("1.0");
  });

  test("of the versions 1.40 and 1.5, without quotes, 1.40 is the newer one", () => {
    const lib = (version: string): { readonly [path: string]: string } => ({
      [`lib${version}/manifest.yaml`]: `name: lib\nsemconv_version: ${version}\nschema_base_url: https://example.com/lib\n`,
      [`lib${version}/lib.yaml`]: `groups:\n  - id: l\n    type: attribute_group\n    brief: L\n    attributes: [{id: a.s, type: int, stability: stable, brief: of ${version}}]\n`,
    });
    const main = ([first, second]: readonly [
      string,
      string,
    ]): string => `schema_url: https://example.com/m/1.0.0
dependencies:
  - {name: a, registry_path: ../lib${first}}
  - {name: b, registry_path: ../lib${second}}
`;
    for (const order of [["1.40", "1.5"] as const, ["1.5", "1.40"] as const]) {
      const folder = writeFiles({
        ...lib("1.40"),
        ...lib("1.5"),
        "main/manifest.yaml": main(order),
        "main/x.yaml":
          "groups: [{id: x, type: attribute_group, brief: X, attributes: [{ref: a.s}]}]\n",
      });
      const { problems, attribute } = resolved(folder, "/main");
      expect(problems).toEqual([]);
      expect(attribute("x", "a.s").brief).toBe("of 1.40");
    }
  });
});
