import { describe, expect, it } from "vitest";

import { RecordEdits } from "../../../schemas/otlp/record-edits.ts";
import { recordWord, spanWord } from "../../../schemas/otlp/record-layout.ts";
import { Regroup } from "../../../schemas/otlp/regroup.ts";
import { createTraceScan } from "../../../schemas/otlp/signal-scan.ts";
import type { Plain } from "../../oracles/otlp-proto.ts";
import { protoDecode, protoEncode } from "../../oracles/otlp-proto.ts";
import { runSeed, seeded } from "../../random.ts";

const request = "ExportTraceServiceRequest";
const utf8 = new TextEncoder();

const spansOf = (bytes: Uint8Array): Plain[] =>
  ((protoDecode(request, bytes)["resourceSpans"] ?? []) as Plain[]).flatMap((resource) =>
    ((resource["scopeSpans"] ?? []) as Plain[]).flatMap(
      (scope) => (scope["spans"] ?? []) as Plain[],
    ),
  );

describe("edits of records", () => {
  it("cut and add bytes of single spans while others are copied as they are", () => {
    const random = seeded(runSeed("record edits"));
    const scan = createTraceScan();
    const edits = new RecordEdits();
    const regroup = new Regroup(400);
    for (let round = 0; round < 200; round += 1) {
      const spans = Array.from({ length: 1 + random.below(12) }, (_, index) => ({
        traceState: "x".repeat(random.below(40)),
        name: "n".repeat(random.below(160)) + index,
      }));
      const bytes = protoEncode(request, { resourceSpans: [{ scopeSpans: [{ spans }] }] });
      expect(scan.scan(bytes, 0, bytes.length)).toBe(0);
      edits.begin(scan.count);
      const expected = spans.map((span, index) => {
        const row = index * scan.layout.stride;
        let after: { name: string; traceState?: string } = span;
        if (span.traceState === "") after = { name: span.name };
        // The field of the state: its tag, one byte of length, its value.
        const start = scan.records[row + spanWord.traceStateStart] ?? 0;
        const end = scan.records[row + spanWord.traceStateEnd] ?? 0;
        if (start > 0 && random.below(2) === 0) {
          edits.cut(index, start - 2, end);
          after = { name: span.name };
        }
        if (random.below(2) === 0) {
          const text = "y".repeat(1 + random.below(50));
          const from = edits.added.open(0x1a);
          const value = utf8.encode(text);
          edits.added.reserve(value.length);
          edits.added.bytes.set(value, from);
          edits.added.to += value.length;
          edits.added.close(from);
          edits.add(index, from - 2, edits.added.to);
          after = { name: span.name, traceState: text };
        }
        return after;
      });
      const messages = regroup.build(scan, new Int32Array(scan.count), 1, edits);
      expect(regroup.oversizeCount).toBe(0);
      expect(messages.flatMap((message) => spansOf(message.bytes))).toEqual(expected);
      for (const message of messages) expect(message.bytes.length).toBeLessThanOrEqual(400);
    }
  });

  it("replace a whole message", () => {
    const scan = createTraceScan();
    const bytes = protoEncode(request, {
      resourceSpans: [{ scopeSpans: [{ spans: [{ name: "a" }, { name: "b" }, { name: "c" }] }] }],
    });
    scan.scan(bytes, 0, bytes.length);
    const edits = new RecordEdits();
    edits.begin(scan.count);
    const row = scan.layout.stride;
    const { added } = edits;
    added.reserve(4);
    added.bytes.set([0x2a, 2, 66, 66], added.to);
    added.to += 4;
    edits.cut(
      1,
      scan.records[row + recordWord.start] ?? 0,
      scan.records[row + recordWord.end] ?? 0,
    );
    edits.add(1, added.to - 4, added.to);
    expect(edits.growth(1)).toBe(1);
    const [message] = new Regroup(1000).build(scan, new Int32Array(3), 1, edits);
    const names = spansOf(message?.bytes ?? bytes).map((span) => span["name"]);
    expect(names).toEqual(["a", "BB", "c"]);
  });

  it("are forgotten when the next pass begins", () => {
    const edits = new RecordEdits();
    edits.begin(2);
    edits.add(1, 1, 4);
    expect(edits.isEdited(1)).toBe(true);
    edits.begin(2);
    expect(edits.isEdited(1)).toBe(false);
    edits.begin(1000);
    expect(edits.isEdited(999)).toBe(false);
  });
});
