// What custom stages do before they are stages: a check of the settings names it and goes on.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, it } from "vitest";

import { stageProblems } from "../../../engine/config/check-stages.ts";
import { resolveConfig } from "../../../engine/config/resolve-config.ts";
import { writeModule } from "../threads/stage-modules.ts";
import { effective } from "./effective.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-check-stages-"));
afterAll(() => rmSync(folder, { recursive: true }));

const problemsOf = async (modules: readonly string[], loadMsMax?: number): Promise<string[]> => {
  const { config, ...rest } = effective();
  const stages = modules.map((module) => ({ module: join(folder, module), options: {} }));
  const problems = await stageProblems(
    { ...rest, config: { ...config, stages: stages as unknown as typeof config.stages } },
    null,
    loadMsMax,
  );
  return problems.map(({ field, message }) => `${field}: ${message.replaceAll(folder, "")}`);
};

const source = (help: string, configure = "() => () => ({})"): string => `export const stage = {
  name: "gate-${help}", inputBytes: 32, outputBytes: 32, configure: ${configure},
  metrics: { counters: { seen: { name: "gate_seen_total", help: "${help}" } } } };`;

it("a module that loops when it is imported or configured is named after a time limit", async () => {
  const looping = writeModule(folder, "looping", "for (;;);");
  const configured = writeModule(folder, "configured", source("a", "() => { for (;;); }"));
  const found = "its module or configure has not ended within 3000 ms: it loops";
  expect(await problemsOf([looping, configured], 1500)).toEqual([
    `stages[0]: stage=/looping.mjs: ${found}`,
    `stages[1]: stage=/configured.mjs: ${found}`,
  ]);
});

it("a module that ends the process when it is imported is named, and the process lives on", async () => {
  const exiting = writeModule(folder, "exiting", "process.exit(0);");
  expect(await problemsOf([exiting])).toEqual([
    "stages[0]: stage=/exiting.mjs: its module ended its thread, exit code=0",
  ]);
});

it("two stages whose metrics /metrics could not tell apart are named", async () => {
  const [one, other] = ["a", "b"].map((help) => writeModule(folder, help, source(help)));
  expect(await problemsOf([one ?? "", one ?? "", other ?? ""])).toEqual([
    "stages[2]: gate_seen_total: stage=gate-b and stage=gate-a declare it differently",
  ]);
});

it("a stage of a file is named by the line on which it begins", async () => {
  const text = ["one", "two"]
    .map((name) => `[[stages]]\nname = "${name}"\nmodule = "./${name}-is-not-there.mjs"\n`)
    .join("\n");
  const file = { path: join(folder, "weir.toml"), text };
  const resolved = resolveConfig({ file, variables: {}, flags: [] });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
  const problems = await stageProblems(resolved, file.path);
  expect(problems.map(({ place, field }) => [place.slice(folder.length + 1), field])).toEqual([
    ["weir.toml:1", "stages[0]"],
    ["weir.toml:5", "stages[1]"],
  ]);
});
