import { generateKeyPairSync } from "node:crypto";

import { describe, expect, it } from "vitest";

import { tipProblem, jitoTipAccounts } from "../../../engine/send/jito-tip.ts";
import { Secret } from "../../../engine/send/secret.ts";
import { signedTransaction } from "../../../engine/send/signed-transaction.ts";
import { throwAwayKey, tipKeyOf, TipPayer } from "../../../engine/submit/tip-payer.ts";
import { encodeBase58 } from "../../../schemas/market/base58.ts";
import { decodedByKit, wireBytes } from "../../oracles/wire-transaction.ts";
import { runSeed, seeded } from "../../random.ts";
import { anyTransfer, transfersOf } from "../send/transfers.ts";
import { verifiesWire } from "./verifies-wire.ts";

const random = seeded(runSeed("tip-payer"));

const pairOf = (): { readonly pair: Buffer; readonly publicKey: Uint8Array } => {
  const { d, x } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const publicKey = Buffer.from(String(x), "base64url");
  return { pair: Buffer.concat([Buffer.from(String(d), "base64url"), publicKey]), publicKey };
};

const payerOf = () => {
  const { pair, publicKey } = pairOf();
  const key = tipKeyOf(new Secret(encodeBase58(pair), "KEY"), "KEY");
  return { publicKey, payer: new TipPayer({ ...key, lamports: 5000, random: () => 0.4 }) };
};

describe("the tip of a bundle", () => {
  it("is a signed transfer to a tip account, as foreign code reads it", () => {
    const { payer, publicKey } = payerOf();
    const transaction = transfersOf(random, [{ to: random.bytes(32), lamports: 5000 }]);
    const tip = payer.tip([anyTransfer(random), wireBytes(transaction)]);
    if (tip === null) throw new Error("no tip");
    expect(verifiesWire(tip, publicKey)).toBe(true);
    const decoded = decodedByKit(tip);
    expect(decoded?.message.staticAccounts[0]).toBe(encodeBase58(publicKey));
    expect(jitoTipAccounts).toContain(decoded?.message.staticAccounts[1]);
    expect(decoded?.message.lifetimeToken).toBe(encodeBase58(transaction.blockhash));
    const signed = signedTransaction(tip);
    if (typeof signed === "string") throw new Error(signed);
    expect(tipProblem(signed, jitoTipAccounts)).toBeNull();
  });

  it("is another one for each bundle, even of the same transactions", () => {
    const { payer } = payerOf();
    const bundle = [anyTransfer(random)];
    const tips = Array.from({ length: 1000 }, () => Buffer.from(payer.tip(bundle) ?? []));
    expect(new Set(tips.map((tip) => tip.toString("hex"))).size).toBe(1000);
  });

  it("cannot be made of a durable nonce, nor of bytes that are no transaction", () => {
    const { payer } = payerOf();
    const nonce = transfersOf(random, [{ to: random.bytes(32), lamports: 1 }]);
    const advance = { ...nonce.instructions[0], data: [4, 0, 0, 0] };
    const wire = wireBytes({ ...nonce, instructions: [advance] } as typeof nonce);
    expect(payer.tip([wire])).toBeNull();
    expect(payer.tip([Uint8Array.of(1, 2, 3)])).toBeNull();
    expect(payer.tip([anyTransfer(random), wire])).not.toBeNull();
  });
});

describe("a tip key", () => {
  it("is taken as base58 and as the JSON that Solana's tools write", () => {
    const { pair, publicKey } = pairOf();
    for (const text of [encodeBase58(pair), JSON.stringify([...pair])]) {
      expect(Buffer.from(tipKeyOf(new Secret(text, "KEY"), "KEY").publicKey)).toEqual(publicKey);
    }
    expect(throwAwayKey().publicKey).toHaveLength(32);
  });

  it("that is none is refused by its name, without its value", () => {
    const { pair } = pairOf();
    const mixed = Buffer.concat([pair.subarray(0, 32), pairOf().publicKey]);
    const bad = ["abc", "[1,2,3]", "[1,", encodeBase58(mixed), encodeBase58(pair.subarray(0, 32))];
    for (const text of bad) {
      const make = (): unknown => tipKeyOf(new Secret(text, "KEY"), "KEY");
      expect(make).toThrow(/^KEY: /);
      expect(make).not.toThrow(text.length > 40 ? text : "never");
    }
  });
});
