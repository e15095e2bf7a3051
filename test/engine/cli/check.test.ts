import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { describe, expect, it, vi } from "vitest";

import { check } from "../../../engine/cli/check.ts";
import { UsageError } from "../../../engine/cli/command.ts";
import { InputError } from "../../../engine/cli/input.ts";
import { adviceIn } from "../check/registries.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import { type Ran, runCommand } from "./captured-io.ts";
import { fileOf } from "./input-files.ts";

type Report = {
  readonly samples: readonly { readonly [kind: string]: unknown }[];
  readonly statistics: { readonly [key: string]: unknown };
};
const runWith = (stdin: string, ...words: readonly string[]): Promise<Ran> =>
  runCommand(check, words, stdin);
const run = (...words: readonly string[]): Promise<Ran> => runCommand(check, words);

const reportOf = ({ lines }: Ran): Report => JSON.parse(lines.join("\n")) as Report;
const idsOf = (ran: Ran): string[] => adviceIn(reportOf(ran).samples).map(({ id }) => id);

const own = fileURLToPath(new URL("../../../schemas/registry", import.meta.url));
const resolved = fileOf(
  JSON.stringify({
    registry_url: "",
    schema_url: "",
    version: "",
    groups: [
      {
        id: "job",
        type: "span",
        brief: "",
        attributes: [{ name: "job.id", type: "int", brief: "", requirement_level: "required" }],
      },
    ],
  }),
  ".json",
);

const samples = fileOf(
  '[{"span":{"name":"job","kind":"internal","attributes":[{"name":"job.id","value":7.0}]}}]',
);

describe("weir check", () => {
  it("writes one report with the samples as they came in and results in each part", async () => {
    const ran = await run("--registry", resolved, "--profile", "weaver", samples);
    expect(ran.lines).toHaveLength(1);
    expect(ran.lines[0]).toContain('"name":"job.id","value":7.0,"type":"double"');
    const [sample] = reportOf(ran).samples;
    expect(sample).toMatchObject({
      span: {
        name: "job",
        kind: "internal",
        attributes: [
          {
            name: "job.id",
            live_check_result: {
              all_advice: [
                {
                  id: "type_mismatch",
                  level: "violation",
                  context: { attribute_key: "job.id", attribute_type: "double", expected: "int" },
                  message: "Attribute 'job.id' has type 'double'. Type should be 'int'.",
                  signal_type: "span",
                  signal_name: "job",
                },
              ],
              highest_advice_level: "violation",
            },
          },
        ],
        live_check_result: { all_advice: [], highest_advice_level: null },
      },
    });
    expect(ran.code).toBe(1);
  });

  it("fails from the level on that --fail-on names", async () => {
    const improvement = fileOf('[{"span":{"name":"other","kind":"client"}}]');
    const codes = [];
    for (const level of ["violation", "improvement", "information", "none"]) {
      const ran = await run("--registry", resolved, "--fail-on", level, improvement);
      codes.push(ran.code);
    }
    expect(codes).toEqual([0, 1, 1, 0]);
    expect((await run("--registry", resolved, "--fail-on", "none", samples)).code).toBe(0);
  });

  it("reads lines from standard input and several files as one stream", async () => {
    const zipped = fileOf(gzipSync("job.id=1\n"));
    const ran = await runWith("job.id=2\njob.name=x", "--registry", resolved, zipped, "-");
    expect(reportOf(ran).statistics).toMatchObject({
      total_entities: 3,
      seen_registry_attributes: { "job.id": 2 },
      seen_non_registry_attributes: { "job.name": 1 },
    });
  });

  it("reads OTLP, protobuf by --signal", async () => {
    const request = protoEncode("ExportLogsServiceRequest", {
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ eventName: "job.done" }] }] }],
    });
    const ran = await run("--registry", resolved, "--signal", "logs", fileOf(request));
    expect(idsOf(ran)).toEqual(["missing_event"]);
  });

  const requests = {
    traces: protoEncode("ExportTraceServiceRequest", {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  traceId: new Uint8Array(16).fill(1),
                  spanId: new Uint8Array(8).fill(2),
                  name: "job",
                  kind: 1,
                  startTimeUnixNano: 1,
                  endTimeUnixNano: 2,
                },
              ],
            },
          ],
        },
      ],
    }),
    metrics: protoEncode("ExportMetricsServiceRequest", {
      resourceMetrics: [
        {
          scopeMetrics: [
            { metrics: [{ name: "job.count", unit: "1", gauge: { dataPoints: [{ asInt: 1 }] } }] },
          ],
        },
      ],
    }),
    logs: protoEncode("ExportLogsServiceRequest", {
      resourceLogs: [
        {
          scopeLogs: [
            {
              logRecords: [{ timeUnixNano: 1, eventName: "job.done", body: { stringValue: "x" } }],
            },
          ],
        },
      ],
    }),
  };

  it.each([
    ["traces", "span"],
    ["metrics", "metric"],
    ["logs", "log"],
  ] as const)("knows OTLP protobuf of %s by its fields", async (signal, kind) => {
    const ran = await run("--registry", resolved, "--fail-on", "none", fileOf(requests[signal]));
    expect([ran.code, ran.notes]).toEqual([0, []]);
    expect(reportOf(ran).samples.map((sample) => Object.keys(sample)[0])).toEqual([kind]);
  });

  it("refuses OTLP protobuf of another signal than was asked for", async () => {
    const file = fileOf(requests.metrics);
    const ran = await run("--registry", resolved, "--signal", "traces", file);
    expect(ran.code).toBe(1);
    expect(ran.notes).toEqual([
      `${file}: byte 0: OTLP protobuf of metrics, asked for --signal traces`,
    ]);
  });

  it("asks for --signal where the bytes do not tell, and takes no bytes for text", async () => {
    const empty = fileOf(protoEncode("ExportLogsServiceRequest", { resourceLogs: [{}] }));
    const unknown = await run("--registry", resolved, empty);
    expect([unknown.code, unknown.notes[0]]).toEqual([1, expect.stringContaining("--signal")]);
    const told = await run("--registry", resolved, "--signal", "logs", empty);
    expect([told.code, told.notes]).toEqual([0, []]);
    const cut = fileOf(requests.logs.subarray(0, -2));
    const broken = await run("--registry", resolved, cut);
    expect(broken.code).toBe(1);
    expect(broken.notes).toEqual([`${cut}: byte 0: neither text nor JSON nor OTLP protobuf`]);
    expect(reportOf(broken).samples).toEqual([]);
  });

  it("goes on behind a sample that is none, and fails; with --strict it ends", async () => {
    const file = fileOf('[{"attribute":{}},{"attribute":{"name":"job.id"}}]');
    const ran = await run("--registry", resolved, file);
    expect(ran.code).toBe(1);
    expect(ran.notes).toEqual([`${file}: [0].attribute.name: found nothing, expected a text`]);
    expect(reportOf(ran).samples).toHaveLength(1);
    expect(reportOf(await run("--registry", resolved, "--strict", file)).samples).toEqual([]);
  });

  it("writes for people with --format text", async () => {
    const ran = await run("--registry", resolved, "--format", "text", samples);
    expect(ran.lines.slice(0, 3)).toEqual([
      "span job",
      "  attribute job.id = 7.0",
      "    [violation] type_mismatch: Attribute 'job.id' has type 'double'. Type should be 'int'.",
    ]);
    expect(ran.lines.at(-1)).toBe("registry coverage: 100.00 %");
  });

  it("names the option that is wrong and what was expected", async () => {
    await expect(run("--registry", resolved, "--profile", "otel", samples)).rejects.toThrow(
      new UsageError("--profile must be one of weaver, weir, found otel"),
    );
    await expect(run(samples)).rejects.toThrow(UsageError);
    await expect(run("--registry", resolved)).rejects.toThrow("check needs FILE...");
  });

  it("says what is wrong with a registry that it cannot use", async () => {
    await expect(run("--registry", fileOf("[]", ".json"), samples)).rejects.toThrow(InputError);
    await expect(run("--registry", fileOf("{", ".json"), samples)).rejects.toThrow(InputError);
    await expect(run("--registry", join(import.meta.dirname, "absent"), samples)).rejects.toThrow(
      InputError,
    );
    const group = { id: "g", type: "span", attributes: [{ name: "a", type: "int" }, null, {}] };
    const document = JSON.stringify({ groups: [group, { ...group, id: 5, attributes: [] }] });
    await expect(run("--registry", fileOf(document, ".json"), samples)).rejects.toThrow(
      /no resolved registry: groups\[0\]\.attributes\[1\]: .*groups\[0\]\.attributes\[2\]\.name: .*groups\[1\]\.id: /,
    );
  });

  it("shows what came in on one line, so that no text passes for a finding", async () => {
    const forged = { attribute: { name: "job.id\n[violation] made_up: x", value: "a\u2028b" } };
    const ran = await run(
      "--registry",
      resolved,
      "--format",
      "text",
      fileOf(JSON.stringify([forged])),
    );
    expect(ran.lines[0]).toBe(
      String.raw`attribute job.id\u000a[violation] made_up: x = "a\u2028b"`,
    );
    expect(ran.lines.filter((line) => line.includes("made_up"))).toHaveLength(
      1 + ran.lines.filter((line) => line.startsWith("  [")).length,
    );
  });

  it("refuses samples in JSON that are no UTF-8, as it refuses OTLP", async () => {
    const bytes = Buffer.from('\n[{"attribute":{"name":"a.x?","value":"y"}}]');
    bytes[bytes.indexOf("?")] = 0xff;
    const file = fileOf(bytes);
    const ran = await run("--registry", resolved, file);
    expect([ran.code, ran.notes]).toEqual([
      1,
      [`${file}: byte 1: a sample in JSON that is no UTF-8`],
    ]);
  });

  it("notes a file that cannot be read, and reports the others", async () => {
    const ran = await run("--registry", resolved, join(import.meta.dirname, "absent"), samples);
    expect([ran.code, ran.notes.length, reportOf(ran).samples.length]).toEqual([1, 1, 1]);
  });

  it("says that a report is too long for one document, and what helps", async () => {
    // A real one takes a gigabyte of memory and six seconds.
    vi.spyOn(JSON, "stringify").mockImplementationOnce(() => {
      throw new RangeError("Invalid string length");
    });
    const ran = run("--registry", resolved, samples);
    await expect(ran.finally(() => vi.restoreAllMocks())).rejects.toThrow(InputError);
    await expect(run("--registry", resolved, samples)).resolves.toMatchObject({ notes: [] });
  });

  it("holds the spans of our own registry to their contract", async () => {
    const span = (name: string, ...keys: string[]): object => ({
      span: { name, kind: "internal", attributes: keys.map((key) => ({ name: key, value: "x" })) },
    });
    const file = fileOf(
      JSON.stringify([
        span("workflow.execute", "workflow.id", "workflow.pattern"),
        span("workflow.execute", "workflow.id"),
        span("task.execute"),
        span("nothing.known"),
      ]),
    );
    const ran = await run("--registry", own, file);
    const told = adviceIn(reportOf(ran).samples)
      .filter(({ level, id }) => level === "violation" || id === "schema_not_found")
      .map(({ id, context }) => [id, context["attribute_key"] ?? null, context["group"] ?? null]);
    expect(told).toEqual([
      ["required_attribute_not_present", "workflow.pattern", "workflow.execute"],
      ["required_attribute_not_present", "task.id", "task.execute"],
      ["schema_not_found", null, null],
    ]);
  });
});

const shared = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
const official = join(shared, "registry/semantic-conventions-1.40.0");
const otlp = join(shared, "otlp");

describe.skipIf(!existsSync(official))(
  "weir check by the official registry (skipped without ../shared/data)",
  () => {
    it("finds on the sample span of Weaver what its documentation shows", async () => {
      const values = [
        ["http.response.status_code", "foo"],
        ["aws.s3.bucket", "value"],
        ["aws.s3.bucket.name", "value"],
        ["task.id", "value"],
        ["TaskId", "value"],
        ["aws.s3.extension.name", "foo"],
        ["http.request.method", "GET"],
      ];
      const attributes = values.map(([name, value]) => ({ name, value }));
      const file = fileOf(JSON.stringify([{ span: { name: "test", kind: "client", attributes } }]));
      const ran = await run("--registry", official, "--profile", "weaver", file);
      expect(idsOf(ran)).toEqual([
        "type_mismatch",
        "not_stable",
        "missing_attribute",
        "extends_namespace",
        "illegal_namespace",
        "missing_attribute",
        "missing_attribute",
        "missing_namespace",
        "invalid_format",
        "missing_attribute",
        "extends_namespace",
      ]);
    });

    it("binds client and server spans of HTTP by their attributes", async () => {
      const span = (kind: string, ...names: string[]): object => ({
        span: { name: "GET /", kind, attributes: names.map((name) => ({ name, value: "GET" })) },
      });
      const file = fileOf(
        JSON.stringify([
          span("client", "http.request.method", "url.full", "server.address"),
          span("server", "http.request.method", "url.path"),
        ]),
      );
      const ran = await run("--registry", official, file);
      const absent = adviceIn(reportOf(ran).samples)
        .filter(({ id }) => id === "required_attribute_not_present")
        .map(({ context }) => [context["group"], context["attribute_key"]]);
      expect(absent).toEqual([
        ["span.http.client", "server.port"],
        ["span.http.server", "url.scheme"],
      ]);
    });

    it.skipIf(!existsSync(otlp))("reads the examples of the OTLP specification", async () => {
      const paths = readdirSync(otlp).map((name) => join(otlp, name));
      const ran = await run("--registry", official, "--fail-on", "none", ...paths);
      expect([ran.code, ran.notes]).toEqual([0, []]);
      expect(reportOf(ran).statistics["total_entities"]).toBeGreaterThan(20);
    });
  },
);
