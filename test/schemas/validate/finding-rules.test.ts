import { describe, expect, it } from "vitest";

import type { FindingRule, RuleTable } from "../../../schemas/validate/finding-rules.ts";
import {
  compileRules,
  modeNames,
  ruleGlobsMax,
  ruleSignals,
  rulesMax,
} from "../../../schemas/validate/finding-rules.ts";
import {
  finding,
  findingCodeMax,
  findingId,
  findingRows,
  level,
  levelNames,
  profileLevels,
} from "../../../schemas/validate/finding-table.ts";
import { runSeed, seeded } from "../../random.ts";

const table = (...rules: readonly FindingRule[]): RuleTable => {
  const compiled = compileRules(rules);
  if (!compiled.ok) throw new Error(compiled.message);
  return compiled.table;
};

const nameRange = (name: string): { view: DataView; at: number; end: number } => {
  const bytes = new TextEncoder().encode(name);
  return { view: new DataView(bytes.buffer), at: 0, end: bytes.length };
};

type Asked = { code?: number; worst?: number; signal?: string; name?: string };

const decide = (rules: RuleTable, asked: Asked): string => {
  const { code = finding.missingAttribute, worst = level.violation } = asked;
  const signal = ruleSignals.findIndex((one) => one === (asked.signal ?? "span"));
  const mask = rules.nameMask(nameRange(asked.name ?? "workflow.execute"));
  return modeNames[rules.decide(code, worst, signal, mask)] ?? "";
};

describe("the table of findings", () => {
  it("has a row for each code, in order", () => {
    expect(findingRows.map(({ code }) => code)).toEqual(
      Array.from({ length: findingCodeMax }, (_, i) => i + 1),
    );
    expect(Object.values(finding)).toEqual(findingRows.map(({ code }) => code));
  });

  it("gives levels by code for each profile, and no id to a number that is no code", () => {
    expect(profileLevels("weaver")[finding.notStable]).toBe(level.improvement);
    expect(profileLevels("weir")[finding.notStable]).toBe(level.off);
    expect([findingId(0), findingId(findingCodeMax + 1)]).toEqual(["", ""]);
  });
});

describe("compileRules", () => {
  it("warns where no rule holds", () => {
    expect(decide(table(), {})).toBe("warn");
  });

  it("lets the first rule that holds decide", () => {
    const rules = table(
      { mode: "off", finding: "deprecated" },
      { mode: "quarantine", signal: "log" },
      { mode: "reject", level: "violation", name: "workflow.*" },
      { mode: "off", level: "improvement", name: "?.test" },
    );
    expect(decide(rules, { code: finding.deprecated, signal: "log" })).toBe("off");
    expect(decide(rules, { signal: "log" })).toBe("quarantine");
    expect(decide(rules, {})).toBe("reject");
    expect(decide(rules, { worst: level.improvement })).toBe("warn");
    expect(decide(rules, { name: "task.execute" })).toBe("warn");
    expect(decide(rules, { name: "a.test" })).toBe("off");
    expect(decide(rules, { name: "a.test", worst: level.information })).toBe("warn");
  });

  it("takes all codes of an id", () => {
    const rules = table({ mode: "reject", finding: "invalid_value" });
    const { belowMin, aboveMax, patternMismatch, tooLong } = finding;
    for (const code of [belowMin, aboveMax, patternMismatch, tooLong]) {
      expect(decide(rules, { code })).toBe("reject");
    }
  });

  it("says which rule is wrong and what was expected", () => {
    const wrong = (rule: object): unknown => compileRules([{ mode: "off" }, rule as FindingRule]);
    const at = (message: string): object => ({
      ok: false,
      rule: 1,
      message: expect.stringContaining(message) as string,
    });
    expect(wrong({ mode: "drop" })).toEqual(at("mode must be one of off, warn"));
    expect(wrong({ mode: "off", finding: "typo" })).toEqual(at("finding typo is not known"));
    expect(wrong({ mode: "off", level: "off" })).toEqual(at("level must be one of information"));
    expect(wrong({ mode: "off", signal: "trace" })).toEqual(at("signal must be one of span"));
    expect(wrong({ mode: "off", name: "x".repeat(300) })).toEqual(at("name is longer than"));
  });

  it("limits rules and globs", () => {
    const many = Array.from({ length: rulesMax + 1 }, (): FindingRule => ({ mode: "off" }));
    expect(compileRules(many)).toMatchObject({ ok: false, rule: rulesMax });
    const names = Array.from({ length: ruleGlobsMax + 1 }, (_, i): FindingRule => ({
      mode: "off",
      name: `n${i}`,
    }));
    expect(compileRules(names)).toMatchObject({ ok: false, rule: ruleGlobsMax });
    expect(compileRules(names.slice(0, ruleGlobsMax))).toMatchObject({ ok: true });
  });

  it("decides as a walk over the rules does", () => {
    const { below, pick } = seeded(runSeed("finding rules"));
    const names = ["a", "ab", "b*", "*b", "?"];
    const rules = Array.from({ length: 40 }, (): FindingRule => {
      const name = pick([...names, undefined]);
      const id = pick([...findingRows.map((row) => row.id), undefined, undefined]);
      const worst = pick(["information", "improvement", "violation", undefined] as const);
      const signal = pick([...ruleSignals, undefined]);
      return {
        mode: pick(modeNames),
        ...(name === undefined ? {} : { name }),
        ...(id === undefined ? {} : { finding: id }),
        ...(worst === undefined ? {} : { level: worst }),
        ...(signal === undefined ? {} : { signal }),
      };
    });
    const compiled = table(...rules);
    const matches = (glob: string, name: string): boolean =>
      new RegExp(`^${glob.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(name);
    for (let i = 0; i < 2000; i += 1) {
      const asked = {
        code: 1 + below(findingCodeMax),
        worst: 1 + below(levelNames.length - 1),
        signal: pick(ruleSignals),
        name: pick(["a", "ab", "b", "abb", "c"]),
      };
      const first = rules.find(
        (rule) =>
          (rule.finding === undefined || rule.finding === findingId(asked.code)) &&
          (rule.level === undefined || asked.worst >= level[rule.level]) &&
          (rule.signal === undefined || rule.signal === asked.signal) &&
          (rule.name === undefined || matches(rule.name, asked.name)),
      );
      expect(decide(compiled, asked)).toBe(first?.mode ?? "warn");
    }
  });
});
