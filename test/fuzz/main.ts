// npm run fuzz -- [NAME...] [--smoke] [--seed N] [--cases N]: runs the fuzzers *.fuzz.ts beside
// this file. Each prints its seed and ends at the first finding; each has a canary, a broken
// twin that the fuzzer must catch, or it is no fuzzer.
import { readdirSync } from "node:fs";

export type FuzzOptions = { readonly seed: number; readonly cases: number };

type Fuzz = { readonly run: (options: FuzzOptions) => Promise<void>; readonly canary: () => void };

const smokeCases = 2_000;
const longCases = 1_000_000;
const suffix = ".fuzz.ts";

const numberAfter = (words: readonly string[], option: string, otherwise: number): number => {
  const at = words.indexOf(option);
  return at < 0 ? otherwise : Number(words[at + 1]);
};

const words = process.argv.slice(2);
const seed = numberAfter(words, "--seed", Date.now() % 2 ** 31);
const cases = numberAfter(words, "--cases", words.includes("--smoke") ? smokeCases : longCases);
const known = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length));
const options = new Set(["--smoke", "--seed", "--cases"]);
const asked = words.filter((word) => !word.startsWith("--") && Number.isNaN(Number(word)));
const strange = words.find((word) => word.startsWith("--") && !options.has(word));
const unknown = strange ?? asked.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`unknown: ${unknown}; npm run fuzz -- [NAME...] [--smoke] [--seed N] [--cases N]`);
  console.error(`names: ${known.join(", ")}`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : known) {
  const fuzz = (await import(`./${name}${suffix}`)) as Fuzz;
  fuzz.canary();
  await fuzz.run({ seed, cases }).catch((error: unknown) => {
    console.error(`fuzz ${name}: finding with --seed ${seed} --cases ${cases}`);
    throw error;
  });
  console.log(`fuzz ${name}: ${cases} cases, seed ${seed}, canary caught, no finding`);
}
