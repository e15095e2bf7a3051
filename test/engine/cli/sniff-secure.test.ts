import { describe, expect, it } from "vitest";

import { sniff } from "../../../engine/cli/sniff.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { decodeKey } from "../../../schemas/market/base58.ts";
import { programIds } from "../../../schemas/market/programs.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { seeded } from "../../random.ts";
import { capturedIo, parsedLines } from "./captured-io.ts";

type Line = {
  readonly verdict: string;
  readonly reason?: string;
  readonly matches: readonly Record<string, unknown>[];
};

/** Lines of base64 through `weir sniff -`. */
const run = async (input: readonly string[], values: Record<string, string | boolean> = {}) => {
  const { io, lines } = capturedIo(input.join("\n"));
  await sniff.run({ values: { format: "base64", ...values }, positionals: ["-"] }, io);
  return parsedLines<Line>(lines);
};

describe("weir sniff --secure", () => {
  it("rejects forged signatures, replays and mints that are none, with the reason", async () => {
    const mix = await createTransactionMix({ seed: 5, count: 80 });
    const good = mix.filter(({ expected }) => expected === "candidate").slice(0, 6);
    const wires = good.map(({ wire }) => wire.slice());
    const [first, second] = wires;
    if (first === undefined || second === undefined) throw new Error("no candidates");
    second[5] = (second[5] ?? 0) ^ 1;
    const random = seeded(4);
    const zeroMint = wireBytes({
      version: "legacy",
      signatures: [random.bytes(64)],
      header: [1, 0, 0],
      keys: [random.bytes(32), new Uint8Array(32), decodeKey(programIds["pump.fun"]) ?? first],
      blockhash: random.bytes(32),
      instructions: [
        { program: 2, accounts: [1], data: [...Buffer.from("181ec828051c0777", "hex")] },
      ],
      lookups: [],
    });
    const input = [...wires, first, zeroMint].map((wire) => Buffer.from(wire).toString("base64"));
    const plain = await run(input);
    expect(plain.every(({ verdict }) => verdict === "candidate")).toBe(true);
    const lines = await run(input, { secure: true });
    expect(lines.map(({ reason }) => reason ?? "")).toEqual([
      "",
      "signature",
      "",
      "",
      "",
      "",
      "replay",
      "suspicious-mint",
    ]);
    expect(lines[1]).toMatchObject({ verdict: "rejected", matches: [] });
    for (const match of lines[0]?.matches ?? []) {
      expect(match["priority"]).toBe(match["direction"] === "create" ? "HIGH" : "LOW");
    }
  });
});
