import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { Problems } from "../../../engine/registry/problem.ts";
import { resolveRegistry } from "../../../engine/registry/resolve-registry.ts";
import { compileRegistry } from "../../../schemas/weaver/compile.ts";
import { loadTables } from "../../../schemas/weaver/load.ts";
import type { ResolvedAttribute, ResolvedRegistry } from "../../../schemas/weaver/resolved.ts";
import { tableChecksum } from "../../../schemas/weaver/table-layout.ts";
import { viaTemplate } from "../../../schemas/weaver/tables.ts";
import type { Tables } from "../../../schemas/weaver/tables.ts";
import { smallKeys, smallRegistry } from "../../oracles/small-registry.ts";
import { tablesOf } from "../../oracles/validation-agreement.ts";
import { runSeed, seeded } from "../../random.ts";

const encoder = new TextEncoder();

const find = (tables: Tables, key: string): number => {
  const bytes = encoder.encode(`..${key}..`);
  return tables.findKey(new DataView(bytes.buffer), 2, bytes.length - 4);
};

/** Name of what is found; `*` behind a template's. */
const found = (tables: Tables, key: string): string => {
  const number = find(tables, key);
  if (number < 0) return "";
  const name = tables.attributeName(number & ~viaTemplate);
  return number >= viaTemplate ? `${name}.*` : name;
};

const attributesOf = (count: number): ResolvedRegistry => ({
  ...smallRegistry,
  groups: [
    {
      id: "many",
      type: "attribute_group",
      brief: "",
      attributes: Array.from({ length: count }, (_, i) => ({
        name: `many.a${i}`,
        type: "int",
        brief: "",
        requirement_level: "recommended",
      })),
    },
  ],
});

const withAttribute = (name: string, extra: Partial<ResolvedAttribute>): ResolvedRegistry => ({
  ...smallRegistry,
  groups: smallRegistry.groups.map((group) =>
    group.id === "span.pay"
      ? {
          ...group,
          attributes: [
            {
              name,
              type: "string",
              brief: "",
              requirement_level: { conditionally_required: "x" },
              ...extra,
            },
          ],
        }
      : group,
  ),
});

const problems = (registry: ResolvedRegistry): readonly string[] => {
  const result = compileRegistry(registry);
  return result.ok ? [] : result.problems;
};

const blob = (registry = smallRegistry): Uint8Array<ArrayBuffer> => {
  const result = compileRegistry(registry);
  if (!result.ok) throw new Error(result.problems.join());
  return result.bytes;
};

describe("a compiled registry", () => {
  const tables = tablesOf(smallRegistry);

  it("finds every key, templates with dot and remainder only, the longest, the exact one first", () => {
    const templates = new Set(["http.header", "http.header.x"]);
    for (const key of smallKeys) if (!templates.has(key)) expect(found(tables, key)).toBe(key);
    expect(found(tables, "http.header")).toBe("");
    expect(found(tables, "http.header.")).toBe("");
    expect(found(tables, "http.headers.host")).toBe("");
    expect(found(tables, "http.header.host")).toBe("http.header.*");
    expect(found(tables, "http.header.x.y.z")).toBe("http.header.x.*");
    expect(found(tables, "http.header.x")).toBe("http.header.*");
    expect(found(tables, "http.header.x.exact")).toBe("http.header.x.exact");
    expect(found(tables, "")).toBe("");
  });

  it("takes the last group's word on an attribute", () => {
    const { groups } = smallRegistry;
    const said = (reference: Partial<ResolvedAttribute>): string => {
      const { groups: changed } = withAttribute("user.id", reference);
      const at = groups.findIndex(({ id }) => id === "span.pay");
      const others = changed.filter((_, i) => i !== at);
      const own = tablesOf({ ...smallRegistry, groups: [...others, ...changed.slice(at, at + 1)] });
      const deprecation = own.sections.attributeDeprecation[find(own, "user.id")] ?? 0;
      return own.deprecationText(deprecation);
    };
    expect(said({})).toBe("");
    expect(said({ deprecated: { reason: "obsoleted", note: "gone" } })).toBe("gone");
  });

  it("has the namespaces of attributes, not those of templates alone", () => {
    const own = tablesOf(withAttribute("tpl.header", { type: "template[string]" }));
    const shares = (key: string): boolean => {
      const bytes = encoder.encode(key);
      return own.sharesNamespace(new DataView(bytes.buffer), 0, bytes.length);
    };
    expect(shares("user.other")).toBe(true);
    expect(shares("tpl.other")).toBe(false);
  });

  it("finds spans by name and id, metrics, events and entities by name", () => {
    const number = (index: { find: Tables["spans"]["find"] }, name: string): string => {
      const bytes = encoder.encode(name);
      const group = index.find(new DataView(bytes.buffer), 0, bytes.length);
      return group < 0 ? "" : tables.groupId(group);
    };
    expect(number(tables.spans, "http.server")).toBe("span.http.server");
    expect(number(tables.spanIds, "span.http.server")).toBe("span.http.server");
    expect(number(tables.metrics, "queue.size")).toBe("metric.queue.size");
    expect(number(tables.events, "user.login")).toBe("event.user.login");
    expect(number(tables.entities, "host")).toBe("entity.host");
    expect(number(tables.metrics, "user.login")).toBe("");
  });

  it("carries version, urls, units and what became of the deprecated", () => {
    expect(tables.version).toBe(smallRegistry.version);
    expect(tables.schemaUrl).toBe(smallRegistry.schema_url);
    const texts = Array.from({ length: tables.groupCount }, (_, group) => tables.groupUnit(group));
    expect(texts).toContain("{item}");
    const { attributeDeprecation } = tables.sections;
    const flavor = find(tables, "http.flavor");
    expect(tables.deprecationText(attributeDeprecation[flavor] ?? 0)).toBe(
      "Replaced by `network.protocol`.",
    );
    expect(tables.deprecationText(0)).toBe("");
  });

  it("is the same bytes each time", () => {
    expect(blob()).toEqual(blob());
  });

  it("names what is wrong with annotations, with group, attribute and value", () => {
    const about = (annotations: { readonly [key: string]: unknown }): string =>
      problems(withAttribute("pay.x", { annotations })).join("; ");
    expect(about({ "weir.pattern": "(" })).toMatch(/^pay\.x: weir\.pattern "\(": character 2/);
    expect(about({ "weir.pattern": 1 })).toMatch(/a text is expected, found 1/);
    expect(about({ "weir.min": 1 })).toMatch(/weir.min needs type int or double, found string/);
    const crossed = { type: "int", annotations: { "weir.min": 2, "weir.max": 1 } } as const;
    expect(problems(withAttribute("pay.x", crossed)).join()).toMatch(/no value can pass/);
    expect(about({ "weir.max_length": 1.5 })).toMatch(
      /a number of characters is expected, found 1.5/,
    );
    expect(about({ "weir.condition": "if" })).toMatch(
      /^span\.pay: pay\.x: weir\.condition "if": a map/,
    );
    expect(about({ "weir.condition": { attribute: "no.such" } })).toMatch(/a key of the registry/);
    expect(about({ "weir.condition": { status: "ok" } })).toMatch(/status: error or attribute/);
    expect(about({ "weir.condition": { attribute: "k", status: "error" } })).toMatch(/two maps/);
    expect(about({ "weir.condition": { attribute: "k", equals: [1] } })).toMatch(
      /a text, a number/,
    );
    expect(about({ "weir.condition": { if: 1 } })).toMatch(/if is not known/);
    const conflict = problems(withAttribute("user.id", { annotations: { "weir.pattern": "^x$" } }));
    expect(conflict.join()).toMatch(
      /user\.id: weir\.pattern is .* a constraint belongs to the key/,
    );
  });
});

describe("loading", () => {
  it("uses aligned bytes in place and copies others", () => {
    const bytes = blob();
    const odd = new Uint8Array(bytes.length + 3);
    odd.set(bytes, 3);
    const loaded = loadTables(odd.subarray(3));
    expect(loaded.ok && found(loaded.tables, "user.id")).toBe("user.id");
  });

  it("refuses what is no registry, another version, cut or damaged bytes", () => {
    const bytes = blob();
    expect(loadTables(new Uint8Array(0))).toMatchObject({ ok: false });
    expect(loadTables(new Uint8Array(4096))).toMatchObject({
      problem: "tables: not a compiled registry",
    });
    expect(loadTables(bytes.slice(0, -8))).toMatchObject({
      problem: expect.stringMatching(/header says/),
    });
    const newer = bytes.slice();
    newer[4] = 9;
    expect(loadTables(newer)).toMatchObject({
      problem: expect.stringMatching(/version 9, expected 3/),
    });
    const random = seeded(runSeed("damaged tables"));
    for (let i = 0; i < 300; i += 1) {
      const at = random.below(bytes.length);
      const broken = bytes.slice();
      broken[at] = (broken[at] ?? 0) ^ (1 << random.below(8));
      expect([at, loadTables(broken).ok]).toEqual([at, false]);
    }
  });

  it("survives tables that were forged with a right checksum", () => {
    const random = seeded(runSeed("forged tables"));
    const bytes = blob();
    let taken = 0;
    for (let i = 0; i < 3000; i += 1) {
      const forged = bytes.slice();
      const at = 16 + random.below(bytes.length - 16);
      forged[at] = random.below(256);
      new DataView(forged.buffer).setUint32(12, tableChecksum(forged), true);
      const loaded = loadTables(forged);
      if (!loaded.ok) continue;
      taken += 1;
      for (const key of ["user.id", "http.header.x.y", "nope.nope", "k"]) found(loaded.tables, key);
    }
    expect(taken).toBeGreaterThan(0);
  });
});

const official = fileURLToPath(
  new URL("../../../../shared/data/registry/semantic-conventions-1.40.0", import.meta.url),
);

describe.skipIf(!existsSync(official))("the official registry (../shared/data/registry)", () => {
  it("compiles into 150 KB and finds each of its keys and groups", () => {
    const resolved = resolveRegistry(official, new Problems());
    if (resolved === null) throw new Error("not resolved");
    const bytes = blob(resolved.registry);
    expect(bytes.length).toBeLessThanOrEqual(150_000);
    const tables = tablesOf(resolved.registry);
    expect([tables.attributeCount, tables.spanCount]).toEqual([904, 68]);
    const groups = resolved.registry.groups;
    for (const { attributes } of groups) {
      for (const { name, type } of attributes) {
        const isTemplate = typeof type === "string" && type.startsWith("template[");
        expect(found(tables, isTemplate ? `${name}.x` : name)).toBe(
          isTemplate ? `${name}.*` : name,
        );
      }
    }
  });
});

describe("a registry as large as tables can hold", () => {
  it("compiles, and every key is found", () => {
    const tables = tablesOf(attributesOf(32_767));
    expect(tables.attributeCount).toBe(32_767);
    expect(["many.a0", "many.a32766"].map((key) => found(tables, key))).toEqual([
      "many.a0",
      "many.a32766",
    ]);
  });

  it("with one attribute more is told so, and nothing else", () => {
    expect(compileRegistry(attributesOf(32_768))).toEqual({
      ok: false,
      problems: ["attributes: 32768, limit 32767"],
    });
  });
});
