import { expect, test } from "vitest";

import { tenantsOf } from "../../../edge/authenticate/tenant-document.ts";
import { readConfig } from "../../../edge/config.ts";
import { defaultRules, parseRules, ruleTable } from "../../../edge/validate/validation-rules.ts";
import { finding, level, profileLevels } from "../../../schemas/validate/finding-table.ts";
import { modeNames, ruleSignals } from "../../../schemas/validate/finding-rules.ts";
import type { FindingRule } from "../../../schemas/validate/finding-rules.ts";

const modeOf = (lists: readonly (readonly FindingRule[])[], code: number, signal = "span") => {
  const levels = profileLevels("weir");
  const at = ruleSignals.findIndex((name) => name === signal);
  return modeNames[ruleTable(...lists).decide(code, levels[code] ?? level.off, at, 0)];
};

test("by default what contradicts the registry is rejected, what it does not know is warned of", () => {
  for (const code of [finding.requiredAttribute, finding.typeMismatch, finding.aboveMax])
    expect(modeOf([defaultRules], code)).toBe("reject");
  const { missingAttribute, missingMetric, missingEvent, schemaNotFound, invalidFormat } = finding;
  for (const code of [missingAttribute, missingMetric, missingEvent, schemaNotFound, invalidFormat])
    expect(modeOf([defaultRules], code)).toBe("warn");
  expect(modeOf([defaultRules], finding.typeMismatch, "resource")).toBe("warn");
});

test("earlier lists decide before later ones", () => {
  const own: readonly FindingRule[] = [{ mode: "quarantine", finding: "type_mismatch" }];
  expect(modeOf([own, defaultRules], finding.typeMismatch)).toBe("quarantine");
  expect(modeOf([own, defaultRules], finding.requiredAttribute)).toBe("reject");
});

test.each([
  ["no JSON", "{", "expected JSON"],
  ["no array", "{}", "expected an array of rules"],
  ["an unknown mode", '[{"mode":"drop"}]', "[0].mode: expected off, warn, reject, quarantine"],
  ["an unknown key", '[{"mode":"warn","if":1}]', "[0]: expected an object with mode"],
  ["an unknown finding", '[{"mode":"warn","finding":"nope"}]', "[0]: "],
  ["too many", `[${Array(100).fill('{"mode":"warn"}').join()}]`, "expected at most 97 rules"],
])("%s is said", (_, json, message) => {
  expect(parseRules(json)).toContain(message);
});

test("rules of the settings and of a tenant are checked where they are read", () => {
  const kafka = { LOG_KIND: "kafka", KAFKA_BROKERS: "a:1" };
  const rules = '[{"mode":"off","signal":"log"}]';
  expect(readConfig({ ...kafka, VALIDATION_RULES: rules }).validation).toEqual({
    profile: "weir",
    rules: [{ mode: "off", signal: "log" }],
  });
  expect(() => readConfig({ ...kafka, VALIDATION_RULES: "[1]" })).toThrow("VALIDATION_RULES: [0]");
  const tenant = (own: unknown): string =>
    JSON.stringify({ tenants: [{ name: "acme", keys: ["0".repeat(64)], rules: own }] });
  expect(tenantsOf(tenant([{ mode: "warn" }]))).toMatchObject([{ rules: [{ mode: "warn" }] }]);
  expect(tenantsOf(tenant([{ mode: "stop" }]))).toContain("tenants[0].rules: [0].mode");
});
