// Who has the embedded log's directory: the engine, for as long as it runs, whatever becomes of the
// threads that work with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { afterAll, expect, it } from "vitest";

import { startEngine } from "../../../engine/host/engine.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-lock-"));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Another process, which tries to have the directory until it does or is told to end. */
const rival = async (directory: string): Promise<() => Promise<string>> => {
  const url = new URL("../../../engine/log/embedded/lock.ts", import.meta.url).href;
  const code = `const { lockDirectory } = await import("${url}");
    let told = false;
    process.stdin.once("end", () => { told = true; }).resume();
    console.log("tries");
    for (let last = ""; ; await new Promise(setImmediate)) {
      try { lockDirectory("${directory}"); console.log("has it"); break; }
      catch (error) { last = error.message; }
      if (told) { console.log(last); break; }
    }
    process.exit();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  await once(lines, "line");
  const last = once(lines, "line");
  return async () => {
    child.stdin.end();
    const [line] = (await last) as [string];
    return line;
  };
};

it("has the log's directory until it has stopped, also while its log thread is started again", async () => {
  const directory = join(folder, "log");
  const options = { log: { directory, port: 0 }, runId: "r" } as const;
  const engine = await startEngine(options);
  const ended = await rival(directory);
  for (let i = 0; i < 5; i += 1) await engine.steering.restart("log");
  const outcome = await ended();
  expect((await engine.stop(60_000)).clean).toBe(true);
  expect(outcome).toContain(`${directory} is in use by process ${process.pid}`);
  const again = await startEngine(options);
  expect((await again.stop(60_000)).clean).toBe(true);
});
