import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { afterAll, describe, expect, test } from "vitest";

import { type Entry, tar, tarGz, zip } from "./written-archive.ts";
import { definitions, removeFiles, resolved, writeFiles } from "./written-registry.ts";

afterAll(removeFiles);

const entries: readonly Entry[] = [
  { path: "repo-1.0/README.md", content: "no definitions" },
  { path: "repo-1.0/other/broken.yaml", content: "groups: 1" },
  { path: "repo-1.0/model/manifest.yaml", content: "schema_url: https://example.com/lib/1.0.0" },
  { path: "repo-1.0/model/a.yaml", content: definitions },
  { path: `repo-1.0/model/${"deep/".repeat(25)}b.yaml`, content: "groups: []" },
];
const writers = [
  ["a.zip", zip],
  ["a.tar", tar],
  ["a.tar.gz", tarGz],
] as const;

describe.each(writers)("an archive %s", (name, write) => {
  const folder = writeFiles({ [name]: write(entries) });

  test("is read below the sub folder, with or without the folder around everything", () => {
    const short = resolved(folder, `/${name}[model]`);
    expect(short.problems).toEqual([]);
    expect(short.groups.map(({ id }) => id)).toEqual(["registry.a"]);
    expect(resolved(folder, `/${name}[repo-1.0/model]`).version).toBe(short.version);
  });

  test("names the file within it and its line", () => {
    expect(resolved(folder, `/${name}`).errors).toEqual([
      `${name}/repo-1.0/other/broken.yaml:1: error: file: groups must be a list, found 1`,
    ]);
  });

  test("without the sub folder is an error", () => {
    expect(resolved(folder, `/${name}[none]`).errors).toEqual([
      `${name}[none]: error: the archive has no folder none`,
    ]);
  });

  test("is a dependency like a folder", () => {
    const main = writeFiles({
      [name]: write(entries),
      "main/manifest.yaml": `schema_url: https://example.com/main/1.0.0
dependencies: [{schema_url: https://example.com/lib/1.0.0, registry_path: "../${name}[model]"}]
`,
      "main/x.yaml":
        "groups: [{id: x, type: attribute_group, brief: X, attributes: [{ref: a.s}]}]\n",
    });
    const { problems, group } = resolved(main, "/main");
    expect(problems).toEqual([]);
    expect(group("x").attributes).toHaveLength(1);
  });

  test("has dependencies in itself, and none outside of itself", () => {
    const dependency = (path: string): string =>
      `schema_url: https://e.com/m/1.0.0\ndependencies: [{name: d, registry_path: ${path}}]\n`;
    const bytes = (path: string): Buffer =>
      write([
        { path: "main/manifest.yaml", content: dependency(path) },
        {
          path: "main/x.yaml",
          content: "groups: [{id: x, type: attribute_group, brief: X, attributes: [{ref: a.s}]}]",
        },
        { path: "lib/a.yaml", content: definitions },
      ]);
    const inside = writeFiles({ [name]: bytes("../lib") });
    expect(resolved(inside, `/${name}[main]`).errors).toEqual([]);
    const outside = writeFiles({ [name]: bytes("../../lib"), "lib/a.yaml": definitions });
    expect(resolved(outside, `/${name}[main]`).errors[0]).toContain("../../lib leaves the archive");
    const elsewhere = join(writeFiles({ "lib/a.yaml": definitions }), "lib");
    const absolute = writeFiles({ [name]: bytes(elsewhere) });
    expect(resolved(absolute, `/${name}[main]`).errors[0]).toContain(
      `${elsewhere} leaves the archive`,
    );
  });

  test.each([
    "../evil.yaml",
    "a/../../evil.yaml",
    "/etc/evil.yaml",
    "a\\..\\evil.yaml",
    "C:/evil.yaml",
  ])("with the path %s is refused as a whole", (path) => {
    const evil = writeFiles({
      [name]: write([
        { path: "a.yaml", content: definitions },
        { path, content: "groups: []" },
      ]),
    });
    const { errors, groups } = resolved(evil, `/${name}`);
    expect(errors).toEqual([`${name}: error: the archive is refused: entry ${path} leaves it`]);
    expect(groups).toEqual([]);
  });

  test("does not follow links", () => {
    const linked = writeFiles({
      "secret.yaml": definitions,
      [name]: write([
        { path: "a.yaml", content: definitions },
        { path: "b.yaml", link: "../secret.yaml" },
      ]),
    });
    expect(resolved(linked, `/${name}`).errors).toEqual([
      `${name}/b.yaml: error: no file but a link`,
    ]);
  });

  test("cut anywhere is an error or the same registry, never an exception", () => {
    const whole = write(entries);
    const { version } = resolved(folder, `/${name}[model]`);
    for (let cut = 0; cut < whole.length; cut += 61) {
      const cutFolder = writeFiles({ [name]: whole.subarray(0, cut) });
      const outcome = resolved(cutFolder, `/${name}[model]`);
      if (outcome.errors.length === 0) expect(outcome.version).toBe(version);
      else expect(outcome.errors.join("\n")).not.toContain("undefined");
    }
  });
});

describe("a tar file", () => {
  const whole = tar([
    { path: "a.yaml", content: definitions },
    { path: "b.yaml", content: definitions.replace("registry.a", "registry.b") },
  ]);
  const second = whole.indexOf("b.yaml");

  test.each([1, 6, 100, 511])("cut after %d bytes of a header is an error", (bytes) => {
    const folder = writeFiles({ "a.tar": whole.subarray(0, second + bytes) });
    expect(resolved(folder, "/a.tar").errors).toEqual([
      `a.tar: error: the tar file is cut at byte ${second + bytes}`,
    ]);
  });

  test.each([0, 511])("without a whole block of zeros behind it may be cut: %d bytes", (zeros) => {
    const folder = writeFiles({ "a.tar": whole.subarray(0, second + zeros).fill(0, second) });
    const { problems, groups } = resolved(folder, "/a.tar");
    expect(groups.map(({ id }) => id)).toEqual(["registry.a"]);
    expect(problems).toEqual([
      "a.tar: warning: the tar file ends without a block of zeros: if it is cut, files are missing",
    ]);
  });

  test.each([0, 1, 511, 512, 700])("that ends with %d zeros is whole", (zeros) => {
    const short = writeFiles({ "a.tar": whole.subarray(0, whole.length - 1024 + zeros) });
    const long = writeFiles({ "a.tar": whole });
    expect(resolved(short, "/a.tar").groups).toEqual(resolved(long, "/a.tar").groups);
  });
});

describe("limits of archives", () => {
  test.each([
    ["a.zip", zip],
    ["a.tar.gz", tarGz],
  ] as const)("a file of %s that unpacks to more than fileBytesMax is refused", (name, write) => {
    const bomb = writeFiles({
      [name]: write([{ path: "a.yaml", content: " ".repeat((4 << 20) + 1) }]),
    });
    expect(resolved(bomb, `/${name}`).errors.join()).toContain("fileBytesMax=4194304");
  });

  test("a tar.gz that unpacks to more than archiveBytesMax is refused by that name", () => {
    const bomb = writeFiles({ "a.tar.gz": gzipSync(Buffer.alloc((128 << 20) + 1)) });
    expect(resolved(bomb, "/a.tar.gz").errors.join()).toContain("archiveBytesMax=134217728");
  });

  test("a zip entry that lies about its size is refused", () => {
    const bytes = zip([{ path: "a.yaml", content: " ".repeat(5 << 20) }]);
    // The size in the directory, 24 bytes into its entry.
    const at = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 24;
    bytes.writeUInt32LE(10, at);
    expect(resolved(writeFiles({ "a.zip": bytes }), "/a.zip").errors).toHaveLength(1);
  });

  test("damaged data is an error", () => {
    const bytes = zip([{ path: "a.yaml", content: definitions }]);
    bytes.writeUInt32LE(7, 14 + bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 2);
    expect(resolved(writeFiles({ "a.zip": bytes }), "/a.zip").errors[0]).toContain("is damaged");
  });

  test("a file of other bytes is no archive", () => {
    const folder = writeFiles({ "a.bin": definitions });
    expect(resolved(folder, "/a.bin").errors[0]).toContain("neither a folder nor a zip");
  });
});
