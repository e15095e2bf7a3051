// A disk that is full while Kafka is away: nothing durable is possible, and the edge says so.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("disk-full-edge.ts", import.meta.url));
const unshare = (...words: readonly string[]) =>
  spawnSync("unshare", ["--map-root-user", "--mount", ...words], {
    encoding: "utf8",
    timeout: 50_000,
  });
const canMount = unshare("mount", "-t", "tmpfs", "tmpfs", tmpdir()).status === 0;

type Told = {
  readonly statuses: readonly number[];
  readonly status: {
    readonly refusals: { readonly [code: string]: number };
    readonly signals: { readonly spans: { readonly [name: string]: unknown } };
  };
};

describe.skipIf(!canMount)("a full disk (needs Linux and a mount namespace)", () => {
  it("is 503 by the storage's name, and every span is counted", () => {
    const folder = mkdtempSync(join(tmpdir(), "weir-disk-full-"));
    const ran = unshare(process.execPath, script, folder);
    rmSync(folder, { recursive: true, force: true });
    expect(ran.stderr).toBe("");
    const { statuses, status } = JSON.parse(ran.stdout) as Told;
    const kept = statuses.filter((code) => code === 200).length;
    expect(kept).toBeGreaterThan(0);
    expect(statuses.slice(kept)).toEqual([503, 503, 503, 503]);
    expect(status.refusals).toEqual({ "storage-failed": 4 });
    expect(status.signals.spans).toMatchObject({
      in: 3000 * statuses.length,
      accepted: 3000 * kept,
      rejected: {},
      // Whether Kafka has them only the object knew, and it ended with its storage.
      unconfirmed: 3000 * 4,
      inFlight: 0,
    });
  });
});
