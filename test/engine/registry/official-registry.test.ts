import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { resolved } from "./written-registry.ts";

const folder = fileURLToPath(
  new URL("../../../../shared/data/registry/semantic-conventions-1.40.0", import.meta.url),
);

describe.skipIf(!existsSync(folder))("the official registry 1.40.0 of ../shared/data", () => {
  const official = resolved(folder);

  test("resolves without errors; warnings are of an old word for a stability, and of one at a ref", () => {
    const ofK8s = official.problems.filter((text) => text.includes("k8s/registry.yaml"));
    expect(official.errors).toEqual([]);
    expect(ofK8s).toHaveLength(14);
    expect(official.problems.filter((text) => !ofK8s.includes(text))).toEqual([
      expect.stringContaining(
        "ref db.operation.parameter: stability is not allowed with ref",
      ) as string,
    ]);
  });

  test("has the groups that its YAML has, counted by type", () => {
    const counts: Record<string, number> = {};
    for (const { type } of official.groups) counts[type] = (counts[type] ?? 0) + 1;
    expect(official.groups).toHaveLength(888);
    expect(counts).toEqual({ attribute_group: 239, span: 68, event: 24, metric: 498, entity: 59 });
  });

  test("has the attributes, enums, members, templates and deprecations of its YAML", () => {
    const byName = new Map(
      official.groups.flatMap(({ attributes }) => attributes).map((one) => [one.name, one]),
    );
    const all = [...byName.values()];
    const enums = all.flatMap(({ type }) => (typeof type === "object" ? [type] : []));
    const templates = all.filter(
      ({ type }) => typeof type === "string" && type.startsWith("template["),
    );
    expect(all).toHaveLength(904);
    expect(enums).toHaveLength(159);
    expect(enums.flatMap(({ members }) => members)).toHaveLength(939);
    expect(templates).toHaveLength(36);
  });

  test("gives every attribute type and level, and groups and attributes are sorted", () => {
    const ids = official.groups.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted());
    for (const { attributes } of official.groups) {
      const names = attributes.map(({ name }) => name);
      expect(names).toEqual(names.toSorted());
      expect(attributes.every((one) => one.type !== undefined && one.requirement_level)).toBe(true);
    }
  });

  test("follows references, overrides and extends of HTTP client spans", () => {
    const id = "span.http.client";
    expect(official.attribute(id, "http.request.method")).toMatchObject({
      requirement_level: "required",
      sampling_relevant: true,
      stability: "stable",
    });
    expect(official.attribute(id, "url.full").requirement_level).toBe("required");
    expect(official.attribute(id, "http.request.header")).toMatchObject({
      type: "template[string[]]",
      requirement_level: "opt_in",
    });
    expect(official.attribute(id, "network.protocol.name").requirement_level).toHaveProperty(
      "conditionally_required",
    );
    expect(official.attribute("entity.k8s.cluster", "k8s.cluster.uid").role).toBe("identifying");
  });

  test("is the same each time", () => {
    expect(resolved(folder).version).toBe(official.version);
  });
});
