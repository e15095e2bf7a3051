// npm run bench -- [NAME...] [--smoke]: runs the benchmarks named *.bench.ts beside this file.
import { readdirSync } from "node:fs";

import type { BenchOptions } from "./harness.ts";
import { printMachine } from "./harness.ts";

type Bench = { readonly run: (options: BenchOptions) => Promise<void> };

const suffix = ".bench.ts";
const known = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length));
const words = process.argv.slice(2);
const names = words.filter((word) => !word.startsWith("--"));
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`unknown benchmark ${unknown.join(", ")}; known: ${known.join(", ")}`);
  process.exitCode = 2;
} else {
  printMachine();
  for (const name of names.length > 0 ? names : known) {
    console.log(`# ${name}`);
    const bench = (await import(`./${name}${suffix}`)) as Bench;
    await bench.run({ smoke: words.includes("--smoke") });
  }
}
