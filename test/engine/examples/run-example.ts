// Runs one example as `npm run example -- NAME` does and reads its lines.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import packageFile from "../../../package.json" with { type: "json" };

const root = fileURLToPath(new URL("../../../", import.meta.url));
const msMax = 240_000;

type Output = { readonly code: number | null; readonly out: string; readonly err: string };

/** The script's own words, so that a change of it is tested too. */
const words = packageFile.scripts.example.split(" ");
const script = words.slice(words.lastIndexOf("node") + 1);

const runScript = async (more: readonly string[]): Promise<Output> => {
  const child = spawn(process.execPath, [...script, ...more], {
    cwd: root,
    timeout: msMax,
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
};

/** Standard output of `npm run example` without a name, or with one that it does not know. */
export const exampleList = (...args: readonly string[]): Promise<Output> => runScript(args);

type Line = Record<string, unknown>;

/** Its lines; every one must be a JSON object. @throws Error with what it said instead. */
export const runExample = async (name: string, ...args: string[]): Promise<readonly Line[]> => {
  const { code, out, err } = await runScript([name, ...args]);
  if (code !== 0 || err !== "") throw new Error(`example ${name}: code=${code} ${err}${out}`);
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
};
