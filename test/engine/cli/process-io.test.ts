// The command line as a process: what becomes of it when its input stays silent or its output cannot
// be written.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";

import { describe, expect, it } from "vitest";

const main = fileURLToPath(new URL("../../../engine/main.ts", import.meta.url));

type Output = "pipe" | "ignore" | number;

const weir = (words: readonly string[], stdout: Output, stderr: Output = "pipe") =>
  spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...words], {
    stdio: ["pipe", stdout, stderr],
  });

/** Reading that takes longer is shown. */
const quietMs = 550;

/** Packed, and not at its end. */
const flushedGzip = (content: string): Buffer =>
  gzipSync(content, { finishFlush: constants.Z_SYNC_FLUSH });

describe("the process", () => {
  it("ends on Ctrl-C with what is done while its standard input stays open", async () => {
    const child = weir(["sniff", "--format", "base64", "-"], "pipe");
    child.stdin?.write("AAAA\nAAAA");
    await once(child.stdout ?? child, "data");
    child.kill("SIGINT");
    const [notes, [code]] = await Promise.all([
      text(child.stderr ?? Readable.from([])),
      once(child, "exit"),
    ]);
    expect([code, notes]).toEqual([0, expect.stringMatching(/^weir sniff: [a-z]+ 1\n$/)]);
  });

  it("shows what a line would order the terminal, and does not pass it on", async () => {
    const child = weir(["book", "--venue", "okx", "-"], "ignore");
    child.stdin?.end('1 {"\u001B[31mred\r\u009B2J\n');
    const notes = await text(child.stderr ?? Readable.from([]));
    expect(notes).toContain('found {"\\u001b[31mred\\u000d\\u009b2J, expected JSON\n');
  });

  it.skipIf(!existsSync("/usr/bin/script"))(
    "shows progress on a terminal whose cursor moves, none on a dumb one (skipped without script)",
    async () => {
      const words = [
        "--disable-warning=ExperimentalWarning",
        main,
        "sniff",
        "--format",
        "base64",
        "-",
      ];
      const command = [process.execPath, ...words].map((word) => `'${word}'`).join(" ");
      for (const [TERM, hasBar] of [
        ["xterm", true],
        ["dumb", false],
      ] as const) {
        const child = spawn("script", ["-qec", command, "/dev/null"], {
          env: { ...process.env, TERM },
        });
        let shown = "";
        child.stdin.write("AAAA\n");
        for await (const piece of child.stdout as AsyncIterable<Buffer>) {
          const isFirst = !shown.includes("verdict");
          shown += piece.toString();
          if (!isFirst || !shown.includes("verdict")) continue;
          await sleep(quietMs);
          // The second one is shown with a bar behind it, and the end of input follows.
          child.stdin.write("AAAA\n\u0004");
        }
        expect(shown).toMatch(/weir sniff: [a-z]+ 2\r\n$/);
        expect(shown.includes("\u001B[")).toBe(hasBar);
      }
    },
  );

  it("shows its usage on standard error when it has nothing to do, and knows its own options", async () => {
    for (const [words, expected] of [
      [[], /^Usage: weir COMMAND \[options\]\n/],
      [["--verison"], /^weir: unknown option --verison; did you mean --version\?\n$/],
    ] as const) {
      const child = weir(words, "pipe");
      const [output, notes, [code]] = await Promise.all([
        text(child.stdout ?? Readable.from([])),
        text(child.stderr ?? Readable.from([])),
        once(child, "exit"),
      ]);
      expect([code, output, notes]).toEqual([2, "", expect.stringMatching(expected)]);
    }
  });

  it("ends at the first fault with --strict while its standard input stays open", async () => {
    for (const bytes of [Buffer.from("no base64!\n"), flushedGzip("no base64!\n")]) {
      const child = weir(["sniff", "--strict", "--format", "base64", "-"], "pipe");
      child.stdin?.write(bytes);
      expect(await once(child, "exit")).toEqual([1, null]);
    }
  });

  it.skipIf(!existsSync("/dev/full"))(
    "goes on when its notes find no room, and when nobody reads them (skipped without /dev/full)",
    async () => {
      const words = ["sniff", "--format", "base64", "-"];
      const full = weir(words, "ignore", openSync("/dev/full", "w"));
      full.stdin?.end("AAAA\n");
      expect(await once(full, "exit")).toEqual([0, null]);
      const unread = weir(words, "ignore");
      unread.stderr?.destroy();
      unread.stdin?.end("AAAA\n");
      expect(await once(unread, "exit")).toEqual([0, null]);
    },
  );

  it.skipIf(!existsSync("/dev/full"))(
    "exits with 1 and says why when its output cannot be written (skipped without /dev/full)",
    async () => {
      const child = weir(["config", "print"], openSync("/dev/full", "w"));
      const [notes, [code]] = await Promise.all([
        text(child.stderr ?? Readable.from([])),
        once(child, "exit"),
      ]);
      expect(notes).toMatch(/^weir: standard output: ENOSPC/);
      expect(code).toBe(1);
    },
  );
});
