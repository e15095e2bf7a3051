import { createHash } from "node:crypto";

import { describe, expect, it } from "vitest";

import { eventLayouts } from "../../../engine/sniff/rpc-events.ts";
import { decodeKey } from "../../../schemas/market/base58.ts";
import {
  eventTag,
  instructionRules,
  programIds,
  wrappedSolMint,
} from "../../../schemas/market/programs.ts";

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

// First and last bytes of ids as published by others in hex, so that a wrong character shows.
const published = {
  "pump.fun": "0156e0f693665acf44db1568bf175baa5189cb97f5d2ff3b655d2bb6fd6d18b0",
  PumpSwap: "0c14defc825ec67694250818bb654065f4298d3156d571b4d4f8090c18e9a863",
  LaunchLab: "05043b954dca26e1ef91b52c4f8f89af8a6f5ac8c62156f171cf0f21ac51c922",
  Moonshot: "05548a5e7b7840913bcc877470fc78e4b2fb4d174218d1aecae5ebbcea4bc3d9",
  Vote: "0761481d357474bb7c4d7624ebd3bdb3d8355e73d11043fc0da3538000000000",
  "SPL Token": "06ddf6e1d765a193d9cbe146ceeb79ac1cb485ed5f5b37913a8cf5857eff00a9",
  "Token-2022": "06ddf6e1ee758fde18425dbce46ccddab61afc4d83b90d27febdf928d8a18bfc",
  System: "00".repeat(32),
} as const;

describe("programs", () => {
  it("have ids of 32 bytes, all different", () => {
    const ids = Object.values(programIds);
    for (const id of [...ids, wrappedSolMint]) expect(decodeKey(id)).toHaveLength(32);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(Object.entries(published))("%s has its published bytes", (name, hex) => {
    const id = programIds[name as keyof typeof published];
    expect(Buffer.from(decodeKey(id) ?? []).toString("hex")).toBe(hex);
  });

  it("have discriminators that are the hash of their instruction's name", () => {
    for (const { program, instruction, discriminator } of instructionRules) {
      const hash = sha256(`global:${instruction}`).subarray(0, 8).toString("hex");
      expect(`${program} ${instruction} ${discriminator}`).toBe(
        `${program} ${instruction} ${hash}`,
      );
    }
  });

  it("have event discriminators that are the hash of the event's name, behind the event tag", () => {
    for (const { event, discriminator } of eventLayouts) {
      expect(discriminator).toBe(sha256(`event:${event}`).subarray(0, 8).toString("hex"));
    }
    const tag = sha256("anchor:event").subarray(0, 8).toReversed();
    expect(eventTag).toBe(Buffer.from(tag).toString("hex"));
  });

  it("are told apart by program and discriminator together", () => {
    const pairs = instructionRules.map((rule) => `${rule.program} ${rule.discriminator}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    const buys = instructionRules.filter((rule) => rule.instruction === "buy");
    expect(new Set(buys.map((rule) => rule.discriminator)).size).toBe(1);
    expect(buys.map((rule) => rule.program)).toEqual(["pump.fun", "PumpSwap", "Moonshot"]);
  });
});
