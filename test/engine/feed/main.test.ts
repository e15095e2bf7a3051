// The process itself: it ends by SIGTERM and by a closed standard input, with its totals last.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import type { PostTotals } from "../../../engine/feed/post-totals.ts";
import { type StubEdge, startStubEdge } from "./stub-edge.ts";

const main = fileURLToPath(new URL("../../../engine/feed/main.ts", import.meta.url));

type Report = { readonly feed: { readonly [signal: string]: PostTotals } };

const start = (args: readonly string[]) => {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = async () => {
    const [code] = (await once(child, "close")) as [number | null];
    const lines = stdout.trim().split("\n");
    return { code, stderr, last: lines.at(-1) ?? "" };
  };
  return { child, ended: ended() };
};

const until = async (isDone: () => boolean): Promise<void> => {
  while (!isDone()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
};

const withEdge = async (use: (edge: StubEdge) => Promise<void>): Promise<void> => {
  const edge = await startStubEdge(({ path, headers, body }) => {
    const isMarket = /transactions|depth/.test(path);
    const text = JSON.stringify({ accepted: body.length, rejected: 0 });
    const type = headers["content-type"] ?? "";
    const otlp = /json/.test(type) ? "{}" : "";
    return { status: 200, headers: { "content-type": type }, body: isMarket ? text : otlp };
  });
  try {
    await use(edge);
  } finally {
    await edge.close();
  }
};

const stops: readonly [string, (child: ChildProcess) => void][] = [
  ["SIGTERM", (child) => child.kill("SIGTERM")],
  ["a closed standard input", (child) => child.stdin?.end()],
];

describe("the feed process", () => {
  it.each(stops)("feeds every signal and ends on %s with nothing under way", async (_how, stop) => {
    await withEdge(async (edge) => {
      const { child, ended } = start([`--edge=${edge.url}`, "--seed=1", "--spans=400"]);
      const paths = ["/v1/traces", "/v1/logs", "/v1/metrics", "/v1/transactions", "/v1/depth"];
      await until(() => paths.every((path) => edge.posted.some((one) => one.path === path)));
      stop(child);
      const { code, last, stderr } = await ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const { feed } = JSON.parse(last) as Report;
      for (const [signal, totals] of Object.entries(feed)) {
        expect(totals.accepted, signal).toBeGreaterThan(0);
        expect(totals, signal).toEqual({ ...totals, accepted: totals.sent, failed: 0 });
      }
      expect(Object.keys(feed)).toEqual(["spans", "logs", "metrics", "transactions", "depth"]);
    });
  });

  it("plays recorded files, and leaves out what has rate 0", async () => {
    const folder = await mkdtemp(join(tmpdir(), "weir-feed-"));
    try {
      const update = '{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}';
      const depth = join(folder, "binance-spot-btcusdt.txt");
      await writeFile(depth, `1000000000 ${update}\n1001000000 ${update}\n`);
      const wire = join(folder, "transactions.bin");
      await writeFile(wire, Buffer.from([3, 0, 0, 0, 1, 2, 3]));
      await withEdge(async (edge) => {
        const args = [`--edge=${edge.url}`, "--spans=0", `--depth=${depth}`, "--speed=0"];
        const { child, ended } = start([...args, `--transactions=${wire}`]);
        await until(() => edge.posted.some(({ path }) => path === "/v1/transactions"));
        await until(() => edge.posted.some(({ path }) => path === "/v1/depth"));
        child.kill("SIGTERM");
        const { code, last } = await ended;
        const { feed } = JSON.parse(last) as Report;
        expect(code).toBe(0);
        expect(feed["depth"]).toEqual({ sent: 2, accepted: 2, rejected: 0, failed: 0 });
        expect(feed["spans"]?.sent).toBe(0);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("shows the key of its environment with everything that it sends", async () => {
    await withEdge(async (edge) => {
      const child = spawn(process.execPath, [main, `--edge=${edge.url}`], {
        stdio: ["pipe", "ignore", "ignore"],
        env: { ...process.env, WEIR_FEED_API_KEY: "sesame" },
      });
      const paths = ["traces", "metrics", "logs", "transactions", "depth"].map((p) => `/v1/${p}`);
      await until(() => paths.every((path) => edge.posted.some((one) => one.path === path)));
      child.stdin?.end();
      await once(child, "exit");
      const shown = edge.posted.map(({ headers }) => headers["authorization"]);
      expect(new Set(shown)).toEqual(new Set(["Bearer sesame"]));
    });
  });

  it("takes transactions from its parent's standard input, which is its descriptor 3", async () => {
    await withEdge(async (edge) => {
      const args = [main, `--edge=${edge.url}`, "--spans=0", "--depth-rate=0", "--transactions=-"];
      const child = spawn(process.execPath, args, { stdio: ["pipe", "ignore", "ignore", "pipe"] });
      (child.stdio[3] as Writable).end("AQID\n");
      await until(() => edge.posted.some(({ path }) => path === "/v1/transactions"));
      child.stdin?.end();
      expect(await once(child, "exit")).toEqual([0, null]);
    });
  });

  it.each([
    ["--edge=nowhere", "--edge must be an http(s) address, found nowhere"],
    ["--spans=-1", "--spans must be an integer from 0 to 1000000, found -1"],
    ["--speed=fast", "--speed must be a number from 0 to 1000000, found fast"],
    ["--depth=some-file", "--depth some-file: name the venue"],
    ["--sped=1", "unknown option --sped; did you mean --speed?"],
  ])("refuses %s", async (word, message) => {
    const { ended } = start([word]);
    const { code, stderr } = await ended;
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
