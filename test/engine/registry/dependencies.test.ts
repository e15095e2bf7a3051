import { afterAll, describe, expect, test } from "vitest";

import { definitions, removeFiles, resolved, writeFiles } from "./written-registry.ts";

afterAll(removeFiles);

const manifest = (name: string, version: string, ...dependencies: string[]): string =>
  [
    "file_format: definition_manifest/2.0",
    `schema_url: https://example.com/${name}/${version}`,
    ...(dependencies.length > 0 ? ["dependencies:"] : []),
    ...dependencies,
    "",
  ].join("\n");

const dependsOn = (name: string, version: string, path: string): string =>
  `  - {schema_url: https://example.com/${name}/${version}, registry_path: ${path}}`;

const library = `${definitions}
  - {id: metric.l.one, type: metric, metric_name: l.one, instrument: gauge, unit: s, brief: One, stability: stable, attributes: [{ref: a.s}]}
  - {id: metric.l.two, type: metric, metric_name: l.two, instrument: gauge, unit: s, brief: Two, stability: stable}
  - {id: span.l.client, type: span, span_kind: client, brief: C, stability: stable, attributes: [{ref: a.i}]}
  - {id: l.secret, type: attribute_group, brief: X, attributes: [{ref: a.i}], annotations: {dependency_resolution: {exclude: true}}}
`;
const app = `groups:
  - {id: span.app, type: span, span_kind: client, brief: App, stability: stable, extends: span.l.client, attributes: [{ref: a.s}]}
`;

describe("a dependency in a folder", () => {
  const folder = writeFiles({
    "main/manifest.yaml": manifest("main", "1.0.0", dependsOn("lib", "2.0.0", "../lib")),
    "main/app.yaml": app,
    "lib/manifest.yaml": manifest("lib", "2.0.0"),
    "lib/deep/lib.yaml": library,
  });

  test("gives its definitions and groups to references, not its groups to the result", () => {
    const { problems, groups, group } = resolved(folder, "/main");
    expect(problems).toEqual([]);
    expect(groups.map(({ id }) => id)).toEqual(["span.app"]);
    expect(group("span.app").attributes.map(({ name }) => name)).toEqual(["a.i", "a.s"]);
  });

  test("imports bring groups by wildcards over names and ids", () => {
    const other = writeFiles({
      "main/manifest.yaml": manifest("main", "1.0.0", dependsOn("lib", "2.0.0", `${folder}/lib`)),
      "main/app.yaml": "imports:\n  metrics: [l.*]\n  spans: ['l.{client,server}']\n",
    });
    const { problems, groups } = resolved(other, "/main");
    expect(problems).toEqual([]);
    expect(groups.map(({ id }) => id)).toEqual(["metric.l.one", "metric.l.two", "span.l.client"]);
    expect(groups[0]?.attributes).toHaveLength(1);
  });

  test("an import that names nothing, or what is excluded, is an error at its line", () => {
    const other = writeFiles({
      "main/manifest.yaml": manifest("main", "1.0.0", dependsOn("lib", "2.0.0", `${folder}/lib`)),
      "main/app.yaml":
        "imports:\n  metrics:\n    - l.one\n    - x.*\n  attribute_groups: [l.secret]\n",
    });
    expect(resolved(other, "/main").errors).toEqual([
      "main/app.yaml:4: error: imports: metrics x.* names nothing in any dependency",
      "main/app.yaml:5: error: imports: attribute_groups l.secret: l.secret is excluded by its registry",
    ]);
  });

  test("an imported group must not have the name of an own one", () => {
    const other = writeFiles({
      "main/manifest.yaml": manifest("main", "1.0.0", dependsOn("lib", "2.0.0", `${folder}/lib`)),
      "main/app.yaml": `imports: {metrics: [l.one]}
groups:
  - {id: m, type: metric, metric_name: l.one, instrument: gauge, unit: s, brief: M, stability: stable}
`,
    });
    const [error = ""] = resolved(other, "/main").errors;
    expect(error).toContain("metric l.one is defined twice, first in main/app.yaml:3");
  });
});

describe("manifests", () => {
  test("the form of v1 with the old file name loads with a warning", () => {
    const folder = writeFiles({
      "main/registry_manifest.yaml": `name: main
semconv_version: 1.0.0
schema_base_url: https://example.com/main/
dependencies:
  - {name: lib, registry_path: ../lib}
`,
      "main/app.yaml": app,
      "lib/lib.yaml": library,
    });
    expect(resolved(folder, "/main").problems).toEqual([
      "main/registry_manifest.yaml:1: warning: registry_manifest.yaml is the old name of manifest.yaml",
    ]);
  });

  const bad: readonly [string, string, string][] = [
    ["no identity", "description: x", "1: error: manifest: schema_url is missing"],
    ["half of v1", "name: x\nsemconv_version: 1.0.0", "v1 needs both schema_base_url"],
    ["no schema URL", "schema_url: one", "1: error: manifest: schema_url must be http[s]://"],
    [
      "a published form",
      "file_format: manifest/2.0\nschema_url: http://a/b/1",
      "must be definition_manifest/2.0",
    ],
    [
      "an address on the network",
      "schema_url: http://a/b/1\ndependencies:\n  - {name: d, registry_path: 'https://a/b.zip[c]'}",
      "3: error: dependency d: https://a/b.zip[c] is on the network and nothing is downloaded",
    ],
    [
      "an address of git",
      "schema_url: http://a/b/1\ndependencies:\n  - {name: d, registry_path: 'git@host.org:a/b.git'}",
      "nothing is downloaded",
    ],
    [
      "a dependency without a path",
      "schema_url: http://a/b/1\ndependencies:\n  - {schema_url: http://a/c/1}",
      "registry_path is missing, and nothing is downloaded",
    ],
    [
      "a dependency that is not there",
      "schema_url: http://a/b/1\ndependencies:\n  - {name: d, registry_path: ../none}",
      "dependency d: cannot be read at",
    ],
    ["a list", "- 1", "a manifest must be a map"],
  ];
  test.each(bad)("%s is an error of the manifest's line", (_, text, message) => {
    const folder = writeFiles({ "main/manifest.yaml": text, "main/a.yaml": definitions });
    const errors = resolved(folder, "/main").errors.filter((one) =>
      one.startsWith("main/manifest"),
    );
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
  });

  test("a folder without definitions, and one that is not there, are errors", () => {
    expect(resolved(writeFiles({ "a.txt": "" })).errors[0]).toContain("no definitions");
    expect(resolved(writeFiles({}), "/none").errors[0]).toContain("no such file");
  });
});

describe("the identity of a dependency", () => {
  const asked = (version: string, found: string): readonly string[] => {
    const folder = writeFiles({
      "main/manifest.yaml": manifest("main", "1.0.0", dependsOn("lib", version, "../lib")),
      "main/app.yaml": app,
      "lib/manifest.yaml": found,
      "lib/lib.yaml": library,
    });
    return resolved(folder, "/main").problems;
  };
  const said =
    "main/manifest.yaml:4: error: dependency https://example.com/lib/1.2.0: the registry";

  test("of another name or another major than its registry's is an error at its line", () => {
    expect(asked("1.2.0", manifest("other", "1.2.0"))).toEqual([
      `${said} at lib is https://example.com/other/1.2.0, another registry`,
    ]);
    expect(asked("1.2.0", manifest("lib", "2.2.0"))).toEqual([
      `${said} at lib is https://example.com/lib/2.2.0, another major version`,
    ]);
    expect(asked("1.2.0", manifest("lib", "main"))).toEqual([
      `${said} at lib is https://example.com/lib/main, another major version`,
    ]);
  });

  test("of another minor version is a warning, whether older or newer", () => {
    for (const version of ["1.1.0", "1.3.0", "1.2.0-rc.1"]) {
      expect(asked("1.2.0", manifest("lib", version))).toEqual([
        `${said.replace("error", "warning")} at lib is https://example.com/lib/${version}, which is used`,
      ]);
    }
  });

  test("is compared with that of an old manifest as well", () => {
    const old = "name: lib\nschema_base_url: https://example.com/lib\nsemconv_version: ";
    expect(asked("1.40", `${old}1.40\n`)).toEqual([]);
    expect(asked("1.2.0", `${old}2.0\n`)).toEqual([
      `${said} at lib is https://example.com/lib/2.0, another major version`,
    ]);
  });

  test("is compared for each dependency on one registry, and with no identity not at all", () => {
    const folder = writeFiles({
      "main/manifest.yaml": manifest(
        "main",
        "1.0.0",
        dependsOn("lib", "1.0.0", "../lib"),
        dependsOn("lab", "1.0.0", "../lib"),
        dependsOn("bare", "1.0.0", "../bare"),
        "  - {name: lib, registry_path: ../lib}",
      ),
      "main/app.yaml": app,
      "lib/manifest.yaml": manifest("lib", "1.0.0"),
      "lib/lib.yaml": library,
      "bare/bare.yaml": "imports: {}\n",
    });
    expect(resolved(folder, "/main").problems).toEqual([
      "main/manifest.yaml:5: error: dependency https://example.com/lab/1.0.0: the registry at lib is https://example.com/lib/1.0.0, another registry",
    ]);
  });
});

describe("a registry below another", () => {
  const lib = { "lib/manifest.yaml": manifest("lib", "1.0.0"), "lib/a.yaml": definitions };

  test("is not part of it, but may be its dependency", () => {
    const folder = writeFiles({
      ...lib,
      "manifest.yaml": manifest("main", "1.0.0", dependsOn("lib", "1.0.0", "./lib")),
      "x.yaml": "groups: [{id: x, type: attribute_group, brief: X, attributes: [{ref: a.s}]}]\n",
    });
    const { problems, groups } = resolved(folder);
    expect(problems).toEqual([]);
    expect(groups.map(({ id }) => id)).toEqual(["x"]);
  });

  test("is read with the folder when that has no manifest", () => {
    expect(resolved(writeFiles(lib)).groups.map(({ id }) => id)).toEqual(["registry.a"]);
  });
});

describe("several registries", () => {
  const lib = (version: string): { readonly [path: string]: string } => ({
    [`lib${version}/manifest.yaml`]: manifest("lib", version),
    [`lib${version}/lib.yaml`]: library.replace("brief: S,", `brief: of ${version},`),
  });
  const middle = (name: string, version: string): { readonly [path: string]: string } => ({
    [`${name}/manifest.yaml`]: manifest(
      name,
      "1.0.0",
      dependsOn("lib", version, `../lib${version}`),
    ),
    [`${name}/x.yaml`]: `groups:\n  - {id: ${name}, type: attribute_group, brief: X, attributes: [{ref: a.s}]}\n`,
  });
  const main = {
    "main/manifest.yaml": manifest(
      "main",
      "1.0.0",
      dependsOn("left", "1.0.0", "../left"),
      dependsOn("right", "1.0.0", "../right"),
    ),
    "main/x.yaml": "imports: {attribute_groups: [left, right]}\n",
  };

  test("a diamond is resolved once: what both sides import is the same group", () => {
    const folder = writeFiles({
      ...main,
      ...middle("left", "1.0.0"),
      ...middle("right", "1.0.0"),
      ...lib("1.0.0"),
    });
    const { problems, groups } = resolved(folder, "/main");
    expect(problems).toEqual([]);
    expect(groups.map(({ id }) => id)).toEqual(["left", "right"]);
  });

  test("of two versions of one major the newer one is used everywhere", () => {
    const folder = writeFiles({
      ...main,
      ...middle("left", "1.9.0"),
      ...middle("right", "1.10.0"),
      ...lib("1.9.0"),
      ...lib("1.10.0"),
    });
    const { problems, attribute } = resolved(folder, "/main");
    expect(problems).toEqual([]);
    expect(attribute("left", "a.s").brief).toBe("of 1.10.0");
    expect(attribute("right", "a.s").brief).toBe("of 1.10.0");
  });

  test("two majors are an error that names both places", () => {
    const folder = writeFiles({
      ...main,
      ...middle("left", "1.0.0"),
      ...middle("right", "2.0.0"),
      ...lib("1.0.0"),
      ...lib("2.0.0"),
    });
    const [error = "", ...others] = resolved(folder, "/main").errors;
    expect(others).toEqual([]);
    expect(error).toMatch(
      /^main\/\.\.\/right\/manifest\.yaml:4: error: version conflict|^right\/manifest\.yaml:4: error: version conflict/,
    );
    expect(error).toContain("https://example.com/lib/2.0.0 here, https://example.com/lib/1.0.0 in");
    expect(error).toContain("left/manifest.yaml:4");
  });

  test("a circle through the newer one of two versions is an error that names it", () => {
    const folder = writeFiles({
      "main/manifest.yaml": manifest(
        "main",
        "1.0.0",
        dependsOn("b", "1.0.0", "../b"),
        dependsOn("x", "1.1.0", "../new"),
      ),
      "main/a.yaml": definitions,
      "b/manifest.yaml": manifest("b", "1.0.0", dependsOn("x", "1.0.0", "../old")),
      "b/b.yaml": "imports: {}\n",
      "old/manifest.yaml": manifest("x", "1.0.0"),
      "old/x.yaml": "imports: {}\n",
      "new/manifest.yaml": manifest("x", "1.1.0", dependsOn("b", "1.0.0", "../b")),
      "new/x.yaml": "imports: {}\n",
    });
    const { problems } = resolved(folder, "/main");
    expect(problems).toEqual([
      "main/manifest.yaml:4: error: circle of registries: https://example.com/b/1.0.0 > https://example.com/x/1.1.0 > https://example.com/b/1.0.0",
    ]);
  });

  test("each registry is searched once for a name, however many ways lead to it", () => {
    const layers = 30;
    const files = Array.from({ length: layers * 2 }, (_, i): [string, string][] => {
      const below = [0, 1].map((side) => `r${(i >> 1) * 2 + 2 + side}`);
      const deeper = i >> 1 < layers - 1 ? below : [];
      return [
        [
          `r${i}/manifest.yaml`,
          manifest(`r${i}`, "1.0.0", ...deeper.map((r) => dependsOn(r, "1.0.0", `../${r}`))),
        ],
        [`r${i}/r.yaml`, "imports: {}\n"],
      ];
    }).flat();
    const folder = writeFiles({
      ...Object.fromEntries(files),
      "r0/r.yaml":
        "groups:\n  - {id: g, type: attribute_group, brief: G, attributes: [{ref: not.there}]}\n",
    });
    const { problems } = resolved(folder, "/r0");
    expect(problems).toEqual([
      "r0/r.yaml:2: error: group g: no attribute not.there: g > not.there",
    ]);
  });

  test("a circle is an error that names it", () => {
    const folder = writeFiles({
      "a/manifest.yaml": manifest("a", "1.0.0", dependsOn("b", "1.0.0", "../b")),
      "a/x.yaml": definitions,
      "b/manifest.yaml": manifest("b", "1.0.0", dependsOn("a", "1.0.0", "../a")),
      "b/x.yaml": definitions,
    });
    const [error = "", ...others] = resolved(folder, "/a").errors;
    expect(others).toEqual([]);
    expect(error).toContain(
      "circle of registries: https://example.com/a/1.0.0 > https://example.com/b/1.0.0 > https://example.com/a/1.0.0",
    );
  });

  test("a long line of registries ends at registriesMax", () => {
    const files = Object.fromEntries(
      Array.from({ length: 70 }, (_, i) => [
        [
          `r${i}/manifest.yaml`,
          manifest(`r${i}`, "1.0.0", dependsOn(`r${i + 1}`, "1.0.0", `../r${i + 1}`)),
        ],
        [`r${i}/x.yaml`, "groups: []\n"],
      ]).flat() as [string, string][],
    );
    expect(resolved(writeFiles(files), "/r0").errors.join()).toContain("registriesMax=64");
  });
});
