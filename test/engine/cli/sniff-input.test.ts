import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { file, folder, frames, run } from "./sniff-run.ts";

describe("the input of weir sniff", () => {
  it("goes on after what it cannot read and names the place", async () => {
    const [one] = await createTransactionMix({ seed: 4, count: 1 });
    const text = Buffer.from(one?.wire ?? []).toString("base64");
    const lines = await run([file(`${text}\n!!!\n\n${text}\n`)], { format: "base64" });
    expect([lines.code, lines.lines.length]).toEqual([1, 2]);
    expect(lines.notes[0]).toContain(":2: expected base64 of a transaction, found !!!");
    const json = (wire: string): string =>
      JSON.stringify({ result: { slot: 5, transaction: [wire, "base64"] } });
    const documents = [json(text), "{", json("!"), json(text)].join("\n");
    const byLine = await run([file(documents)]);
    expect(byLine.lines.map(({ slot }) => slot)).toEqual(["5", "5"]);
    expect(byLine.notes[0]).toContain(":2: expected JSON");
    expect(byLine.notes[1]).toContain(":3: transaction: expected valid base64");
    const array = await run([file(`[\n${json(text)},\n7,\n${json(text)}]`)]);
    expect([array.code, array.lines.length]).toEqual([1, 2]);
    expect(array.notes[0]).toContain("[1]: document: expected an object, found 7");
    const cut = await run([file(frames([one, one].flatMap((x) => x ?? [])).subarray(0, -1))]);
    expect([cut.code, cut.lines.length]).toEqual([1, 1]);
    expect(cut.notes[0]).toContain("expected a whole frame");
    const missing = await run([join(folder, "missing"), file(text)]);
    expect([missing.code, missing.lines.length]).toEqual([1, 1]);
    expect(missing.notes[0]).toContain("no such file");
  });

  it("takes null for an answer about a transaction that is not known, also in the first line", async () => {
    const [one] = await createTransactionMix({ seed: 4, count: 1 });
    const wire = Buffer.from(one?.wire ?? []).toString("base64");
    const document = JSON.stringify({ slot: 5, transaction: [wire, "base64"] });
    for (const text of [`null\n${document}\n`, `null\r\n${document}`, `${document}\nnull`]) {
      const read = await run([file(text)]);
      expect(read.lines.map(({ slot }) => slot)).toEqual(["5"]);
      expect(read.notes[0]).toContain("document: expected an object, found null");
    }
    const alone = await run([file("null")]);
    expect([alone.code, alone.lines.length]).toEqual([1, 0]);
  });

  it("is by line also when its first line is bad, and a printed document that is bad is one fault", async () => {
    const [one] = await createTransactionMix({ seed: 4, count: 1 });
    const wire = Buffer.from(one?.wire ?? []).toString("base64");
    const document = JSON.stringify({ result: { slot: 5, transaction: [wire, "base64"] } });
    const first = await run([file(["", "{", document, "", document].join("\n"))]);
    expect([first.code, first.lines.length]).toEqual([1, 2]);
    expect(first.notes[0]).toContain(":2: expected JSON");
    const printed = JSON.stringify({ result: [{ a: {} }, 1, "x"] }, null, 2).slice(0, -1);
    expect((await run([file(printed)])).notes).toEqual([
      expect.stringMatching(/input-\d+: expected JSON/),
      expect.stringContaining("unreadable 1"),
    ]);
  });
});
