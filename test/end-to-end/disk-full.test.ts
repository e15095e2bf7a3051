// A disk that is full while the log is away: nothing durable is possible, and the edge says so, until
// there is room again.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { beforeAll, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("disk-full-edge.ts", import.meta.url));
const unshare = (...words: readonly string[]) =>
  spawnSync("unshare", ["--map-root-user", "--mount", ...words], {
    encoding: "utf8",
    timeout: 240_000,
  });
const canMount = unshare("mount", "-t", "tmpfs", "tmpfs", tmpdir()).status === 0;

type Answer = {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
};
type Status = {
  readonly refusals: { readonly [code: string]: number };
  readonly signals: { readonly spans: { readonly [name: string]: unknown } };
  readonly forwarder: { readonly [name: string]: unknown } | null;
};
type Told = {
  readonly full: { readonly answers: readonly Answer[]; readonly status: Status };
  readonly after: {
    readonly answers: readonly Answer[];
    readonly status: Status;
    readonly acknowledged: number;
    readonly lost: number;
  };
};

const statusesOf = (answers: readonly Answer[]): readonly number[] =>
  answers.map(({ status }) => status);

describe.skipIf(!canMount)("a full disk (needs Linux and a mount namespace)", () => {
  let told: Told;

  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), "weir-disk-full-"));
    const ran = unshare(process.execPath, script, folder);
    rmSync(folder, { recursive: true, force: true });
    expect(ran.stderr).toBe("");
    told = JSON.parse(ran.stdout) as Told;
  });

  it("is 503 by the storage's name with Retry-After, and every span is counted", () => {
    const { answers, status } = told.full;
    const kept = answers.filter((answer) => answer.status === 200).length;
    expect(kept).toBeGreaterThan(0);
    const refused = answers.slice(kept);
    expect(statusesOf(refused)).toEqual([503, 503, 503, 503]);
    for (const { retryAfter, text } of refused) {
      expect(retryAfter).toBe("1");
      expect(text).toContain("the forwarder's storage failed: ");
    }
    expect(status.refusals).toEqual({ "storage-failed": 4 });
    expect(status.signals.spans).toMatchObject({
      in: 3000 * answers.length,
      accepted: 3000 * kept,
      rejected: {},
      // Whether the log has them only the object knew, and it ended with its storage.
      unconfirmed: 3000 * 4,
      inFlight: 0,
    });
  });

  it("is over with the first request when there is room, without a restart: nothing acknowledged is lost", () => {
    const { answers, status, acknowledged, lost } = told.after;
    expect(statusesOf(answers)).toEqual([200, 200, 200]);
    expect(status.forwarder).toMatchObject({ spilledRecords: 0, isLogDown: false });
    expect(status.signals.spans).toMatchObject({ accepted: acknowledged, inFlight: 0 });
    expect(lost).toBe(0);
  });
});
