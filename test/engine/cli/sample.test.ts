import { gzipSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { sample } from "../../../engine/cli/sample.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import type { PlainSpan } from "../../oracles/plain-sampling.ts";
import { oracleThreshold, plainDecision, readPlainState } from "../../oracles/plain-sampling.ts";
import { runSeed, seeded } from "../../random.ts";
import { parsedLines, runCommand } from "./captured-io.ts";
import { fileOf } from "./input-files.ts";

type Line = { readonly [name: string]: unknown };

const run = async (...words: readonly string[]) => {
  const { lines, ...ran } = await runCommand(sample, words);
  return { ...ran, lines: parsedLines<Line>(lines) };
};

const low = "5b8efff798038103d200000000000001";
const high = "5b8efff798038103d2ffffffffffffff";
const tracesJson = (...spans: readonly object[]): string =>
  JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

describe("weir sample", () => {
  it("shows decision, rule, randomness, threshold and the tracestate that goes on", async () => {
    const spanId = "EEE19B7EC3C1B174";
    const slow = { startTimeUnixNano: "1", endTimeUnixNano: "1000000002" };
    const file = fileOf(
      tracesJson(
        { traceId: low, spanId, status: { code: 2 }, traceState: "v=1" },
        { traceId: high, spanId, ...slow },
        { traceId: low, spanId, ...slow },
        { traceId: high, spanId, traceState: "ot=th:fd70a;x:y" },
        { traceId: high, traceState: "v=1,ot=rv:fd70a000000000" },
        { traceId: high, traceState: "ot=rv:fd709ffffffff0" },
      ),
    );
    const { code, lines } = await run(file);
    expect(code).toBe(0);
    expect(lines[0]).toEqual({
      traceId: low,
      spanId: "eee19b7ec3c1b174",
      decision: "keep",
      rule: "error",
      randomness: "00000000000001",
      threshold: "00000000000000",
      adjustedCount: 1,
      tracestate: "ot=th:0,v=1",
      signal: "traces",
    });
    const shown = lines.map(({ decision, rule, threshold, adjustedCount, tracestate }) =>
      [decision, rule, threshold, adjustedCount, tracestate].join(" "),
    );
    expect(shown.slice(1)).toEqual([
      "keep slow 80000000000000 2 ot=th:8",
      "drop slow 80000000000000 0 ",
      "keep base fd70a000000000 99.99771123402633 ot=th:fd70a;x:y",
      "keep base fd70a000000000 99.99771123402633 ot=th:fd70a;rv:fd70a000000000,v=1",
      "drop base fd70a000000000 0 ",
    ]);
  });

  it("agrees with its plain twin on a compressed request of many spans", async () => {
    const random = seeded(runSeed("weir sample"));
    const spans = Array.from({ length: 500 }, (): PlainSpan => {
      const startNs = 10n ** 18n;
      return {
        traceId: Buffer.from(random.bytes(16)).toString("hex"),
        isError: random.below(5) === 0,
        startNs,
        endNs: startNs + BigInt(random.below(2_000_000)) * 1000n,
        traceState: random.pick(["", "ot=th:8", "v=1", "ot=th:fff"]),
      };
    });
    const request = protoEncode("ExportTraceServiceRequest", {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: spans.map((span) => ({
                traceId: Buffer.from(span.traceId, "hex"),
                traceState: span.traceState,
                startTimeUnixNano: span.startNs.toString(),
                endTimeUnixNano: span.endNs.toString(),
                status: { code: span.isError ? 2 : 0 },
              })),
            },
          ],
        },
      ],
    });
    const { lines } = await run("--rate", "0.1", fileOf(gzipSync(request)));
    const rules = {
      error: 0n,
      slow: oracleThreshold(0.5, 4),
      base: oracleThreshold(0.1, 4),
      slowNs: 10n ** 9n,
    };
    expect(lines.length).toBe(spans.length);
    lines.forEach((line, index) => {
      const decision = plainDecision(spans[index] as PlainSpan, rules);
      const { isKept, rule, threshold } = decision;
      expect([index, line["decision"], line["rule"]]).toEqual([
        index,
        isKept ? "keep" : "drop",
        rule,
      ]);
      expect(BigInt(`0x${String(line["threshold"])}`)).toBe(threshold);
      expect(line["traceId"]).toBe(spans[index]?.traceId);
      if (isKept) {
        expect(readPlainState(String(line["tracestate"])).threshold).toBe(threshold);
        const exact = 2 ** 56 / Number(2n ** 56n - threshold);
        expect(line["adjustedCount"]).toBe(exact);
      }
    });
  });

  it("decides log records and leaves metrics out with a note", async () => {
    const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ traceId: high }, {}] }] }] };
    const both = `${JSON.stringify(logs)}\n${JSON.stringify({ resourceMetrics: [] })}\n`;
    const { code, lines, notes } = await run("--rate", "0.25", fileOf(both));
    expect(code).toBe(0);
    expect(lines.map(({ signal }) => signal)).toEqual(["logs", "logs"]);
    expect(lines[0]).toMatchObject({ decision: "keep", rule: "base", threshold: "c0000000000000" });
    expect(lines[0]).toMatchObject({ adjustedCount: 4, tracestate: "" });
    expect(lines[1]?.["randomness"]).toMatch(/^[0-9a-f]{14}$/);
    expect(notes.join()).toContain("metrics are not sampled");
  });

  it("keeps everything at rate 1", async () => {
    const slow = { startTimeUnixNano: "1", endTimeUnixNano: "9000000002" };
    const file = fileOf(tracesJson({ traceId: low }, { traceId: low, ...slow }));
    const { lines } = await run("--rate", "1", file);
    expect(lines.map(({ tracestate }) => tracestate)).toEqual(["ot=th:0", "ot=th:0"]);
  });

  it("takes a policy from a file, a tenant's when named, and says what is wrong with it", async () => {
    const policy = {
      base: 0.5,
      overrides: [{ operation: "pay*", base: 1 }],
      tenants: { acme: { base: 0.25 } },
    };
    const config = fileOf(JSON.stringify(policy));
    const file = fileOf(tracesJson({ traceId: high, name: "payment" }, { traceId: high }));
    const { lines } = await run("--config", config, file);
    expect(lines.map(({ threshold, override }) => [threshold, override])).toEqual([
      ["00000000000000", 0],
      ["80000000000000", undefined],
    ]);
    const acme = await run("--config", config, "--tenant", "acme", file);
    expect(acme.lines[1]?.["threshold"]).toBe("c0000000000000");
    const bad = fileOf('{"base":2,"overides":[]}');
    await expect(run("--config", bad, file)).rejects.toThrow(
      /policy\.overides: unknown, expected .*\n.*policy\.base: expected a rate from 2\^-56 to 1/,
    );
  });

  it("reports a bad record and goes on, or ends there when strict", async () => {
    const good = [0x0a, 16, ...Buffer.from(high, "hex")];
    const bad = [0x0a, 3, 1, 2, 3];
    const records = [good, bad, good].flatMap((span) => [0x12, span.length].concat(span));
    const bytes = Uint8Array.from([0x0a, records.length + 2, 0x12, records.length, ...records]);
    const { code, lines, notes } = await run(fileOf(bytes));
    expect([code, lines.length]).toEqual([1, 2]);
    expect(notes[0]).toContain("badIdLength");
    const strict = await run("--strict", fileOf(bytes));
    expect([strict.code, strict.lines.length]).toEqual([1, 0]);
  });

  it.each(["0", "1.5", "-1", "x", "", "1e-20"])("refuses the rate %j", async (rate) => {
    await expect(run("--rate", rate, "x")).rejects.toThrow("--rate must be a number");
  });
});
