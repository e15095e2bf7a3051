// The edge's process: how it starts, ends, and never outlives the one that started it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { EdgeBundle } from "../../../engine/up/edge-bundle.ts";
import { type RunningEdge, bundleEdge, startEdge } from "../../../engine/up/edge-process.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-edge-"));
const vars = { SAMPLE: "off", LOG_KIND: "rest", REST_URL: "http://127.0.0.1:1" };
let bundle: EdgeBundle;
let storage = 0;

const start = (port = 0): Promise<RunningEdge> => {
  storage += 1;
  const storageDir = join(folder, `storage-${storage}`);
  return startEdge({ bundle, port, host: "127.0.0.1", vars, storageDir });
};

beforeAll(async () => {
  bundle = await bundleEdge({ root, outDir: join(root, ".weir", "edge") });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const untilGone = async (pid: number): Promise<void> => {
  while (isAlive(pid)) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
};

/** An edge whose parent is another process than this one. */
const startInParent = async (
  storageDir: string,
): Promise<{ parent: ChildProcess; pid: number }> => {
  const options = JSON.stringify({ bundle, port: 0, host: "127.0.0.1", vars, storageDir });
  const script = `
    import { startEdge } from ${JSON.stringify(join(root, "engine/up/edge-process.ts"))};
    const edge = await startEdge(${options});
    console.log(edge.pid);
    setInterval(() => {}, 1000);
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
  return { parent, pid: Number(line) };
};

describe("the process", () => {
  test("on a port that is taken is a clear error", async () => {
    const edge = await start();
    const { port } = new URL(edge.url);
    await expect(start(Number(port))).rejects.toThrow(
      `edge: port ${port} on 127.0.0.1 is already in use`,
    );
    await edge.stop();
  });

  test("ends on stop, and says so", async () => {
    const other = await start();
    expect(isAlive(other.pid)).toBe(true);
    await other.stop();
    await other.exited;
    expect(isAlive(other.pid)).toBe(false);
    await other.stop();
  });

  test("has its storage for itself: another process is refused, until it has ended", async () => {
    const holder = await start();
    const storageDir = join(folder, `storage-${storage}`);
    const url = new URL("../../../engine/up/edge-process.ts", import.meta.url).href;
    const options = JSON.stringify({ bundle, port: 0, host: "127.0.0.1", vars, storageDir });
    const code = `const { startEdge } = await import("${url}");
      await startEdge(${options}).then((edge) => edge.stop())
        .then(() => console.log("started"), (error) => console.log(error.message));`;
    const another = async (): Promise<string> => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
      return line;
    };
    expect(await another()).toContain(`${storageDir} is in use by process ${process.pid}`);
    await holder.stop();
    expect(await another()).toBe("started");
  });

  test("that is killed resolves exited with a code", async () => {
    const other = await start();
    process.kill(other.pid, "SIGKILL");
    expect(await other.exited).toBe(137);
  });

  test("does not outlive a parent that is killed", async () => {
    const { parent, pid } = await startInParent(join(folder, "orphan"));
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await untilGone(pid);
  });

  test.skipIf(process.platform !== "linux")(
    "waits until the one of a killed parent has ended: two never share a storage",
    async () => {
      const storageDir = join(folder, "shared");
      const { parent, pid } = await startInParent(storageDir);
      // It cannot end by itself now: it is killed two seconds later.
      process.kill(pid, "SIGSTOP");
      parent.kill("SIGKILL");
      await once(parent, "exit");
      const next = await startEdge({ bundle, port: 0, host: "127.0.0.1", vars, storageDir });
      expect(isAlive(pid)).toBe(false);
      await next.stop();
    },
  );
});
