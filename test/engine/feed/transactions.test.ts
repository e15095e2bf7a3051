import { getTransactionDecoder } from "@solana/kit";
import { describe, expect, it } from "vitest";

import { createTransactionMix, feedKinds, mixCountMax } from "../../../engine/feed/transactions.ts";
import { signatureVerifies } from "../../../engine/sniff/verify-signature.ts";
import { runSeed } from "../../random.ts";

describe("transaction feed", () => {
  it("signs what it declares valid, has every kind, and repeats itself for a seed", async () => {
    const seed = runSeed("transaction feed");
    const mix = await createTransactionMix({ seed, count: 1_000 });
    const decoder = getTransactionDecoder();
    for (const { wire, kind } of mix) {
      if (kind.startsWith("broken-")) continue;
      expect(wire.length).toBeLessThanOrEqual(1232);
      for (let i = 0; i < (wire[0] ?? 0); i += 1) expect(signatureVerifies(wire, i)).toBe(true);
      expect(() => decoder.decode(wire)).not.toThrow();
    }
    const kinds = new Set(mix.map(({ kind }) => kind));
    expect([...feedKinds].filter((kind) => !kinds.has(kind))).toEqual([]);
    expect([...kinds].some((kind) => kind.startsWith("broken-"))).toBe(true);
    const again = await createTransactionMix({ seed, count: 100 });
    expect(again).toEqual(mix.slice(0, 100));
  });

  it("refuses a count beyond its limit", async () => {
    await expect(createTransactionMix({ seed: 1, count: mixCountMax + 1 })).rejects.toThrow(
      "mixCountMax=100000",
    );
  });
});
