import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, describe, expect, it } from "vitest";

import { readArguments } from "../../../engine/cli/arguments.ts";
import { exitCode, UnreachableError, UsageError } from "../../../engine/cli/command.ts";
import { ctl } from "../../../engine/cli/ctl.ts";
import type { ControlServer } from "../../../engine/control/server.ts";
import { startSteered } from "../control/steered.ts";
import { capturedIo } from "./captured-io.ts";

let server: ControlServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

const start = async () => {
  const steered = await startSteered();
  server = steered.server;
  return steered;
};

const weirCtl = async (stdoutIsTerminal: boolean, ...argv: string[]) => {
  const { io, lines, notes } = capturedIo();
  const url = server === null ? [] : ["--url", server.url];
  const words = readArguments(ctl.options, [...argv, ...url]);
  const code = await ctl.run(words, { ...io, stdoutIsTerminal });
  return { code, lines, notes };
};

describe("weir ctl", () => {
  it("shows the status as one JSON line, also on a terminal with --json", async () => {
    await start();
    for (const { code, lines } of [
      await weirCtl(false, "status"),
      await weirCtl(true, "status", "--json"),
    ]) {
      expect(code).toBe(exitCode.good);
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? "")).toMatchObject({ runId: "r", workers: [{ restarts: 3 }] });
    }
  });

  it("shows workers and rings as tables on a terminal", async () => {
    await start();
    const { lines } = await weirCtl(true, "status");
    expect(lines).toContain("worker  state    restarts  heartbeat  last error");
    expect(lines).toContain("market  Running  3         1.5 s      Error: broken");
    expect(lines.some((line) => /^ingestMarket +0\.0 % +0 +0 +- +-$/.test(line))).toBe(true);
  });

  it("shows events, and passes type and limit on", async () => {
    await start();
    const { lines } = await weirCtl(false, "events", "--type", "bytes_received", "--limit", "5");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { event_type: "bytes_received", trace_id: "1", timestamp_us: 5, size: 740 },
    ]);
    const shown = await weirCtl(true, "events");
    expect(shown.lines.at(-1)).toMatch(/^5 +1 +bytes_received +size=740$/);
    await expect(weirCtl(false, "events", "--type", "x")).rejects.toThrow("type=x is unknown");
  });

  it("tells the engine what to do, and says when it is refused", async () => {
    const { told } = await start();
    expect((await weirCtl(false, "pause")).code).toBe(exitCode.good);
    expect((await weirCtl(false, "resume", "egress")).code).toBe(exitCode.good);
    expect((await weirCtl(true, "restart", "market")).lines.at(-1)).toContain("Running");
    expect(told).toEqual(["pause ingest", "resume egress", "restart market"]);
    await weirCtl(false, "scale", "market=2", "stream=3");
    expect(told.slice(3)).toEqual(['scale {"market":2,"stream":3}']);
    const refused = await weirCtl(false, "pause", "market");
    expect(refused.code).toBe(exitCode.failed);
    expect(refused.notes).toEqual(["weir: worker=market is Error, not Running"]);
    expect(JSON.parse(refused.lines[0] ?? "")).toMatchObject({ ok: false });
  });

  it("shows what a reload changed", async () => {
    await start();
    const { lines } = await weirCtl(true, "reload");
    expect(lines).toEqual(["configuration version 2 applied", "  sniffer.v1"]);
  });

  it("refuses what it does not know, with the nearest word", async () => {
    await expect(weirCtl(false, "statu")).rejects.toThrow("did you mean status?");
    await expect(weirCtl(false, "scale", "market")).rejects.toThrow("ROLE=THREADS, found market");
    await expect(weirCtl(false, "scale")).rejects.toThrow("needs ROLE=THREADS");
    await expect(weirCtl(false, "scale", "market=2", "market=3")).rejects.toThrow(
      "weir ctl scale was given market twice",
    );
    await expect(weirCtl(false, "restart")).rejects.toThrow("needs a WORKER");
    await expect(weirCtl(false, "status", "market")).rejects.toThrow(UsageError);
    await expect(weirCtl(false, "status", "--url", "x")).rejects.toThrow("--url must be");
  });

  it("says that no engine answers, which is exit code 3", async () => {
    const { server: gone } = await start();
    await gone.close();
    server = null;
    const asked = weirCtl(false, "status", "--url", gone.url);
    await expect(asked).rejects.toThrow(UnreachableError);
    await expect(asked).rejects.toThrow(gone.url);
  });

  it("takes what another server says for no answer of an engine", async () => {
    const answer = { status: 200, body: "<html>" };
    const other = createServer((_, response) => {
      response.writeHead(answer.status).end(answer.body);
    });
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const asked = (isTerminal: boolean, verb: string) =>
      weirCtl(isTerminal, verb, "--url", `http://127.0.0.1:${port}`);
    for (const body of ["<html>", '{"status":"ok"}', "[]"]) {
      Object.assign(answer, { body });
      for (const verb of ["status", "events", "pause", "reload"]) {
        await expect(asked(true, verb)).rejects.toThrow(UnreachableError);
        await expect(asked(false, verb)).rejects.toThrow(UnreachableError);
      }
    }
    Object.assign(answer, { status: 500, body: "{broken" });
    expect(await asked(false, "status")).toEqual({
      code: exitCode.failed,
      lines: [],
      notes: ["weir: {broken"],
    });
    other.close();
  });
});
