// v1 transactions reach the senders when the sniffer lets them through (sniffer.accept_v1).
import {
  appendTransactionMessageInstructions,
  type Blockhash,
  compileTransaction,
  createKeyPairSignerFromPrivateKeyBytes,
  createTransactionMessage,
  getAddressDecoder,
  getSignatureFromTransaction,
  getTransactionEncoder,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransaction,
} from "@solana/kit";
import { expect, it } from "vitest";

import { signedTransaction } from "../../../engine/send/signed-transaction.ts";
import { throwAwayKey, TipPayer } from "../../../engine/submit/tip-payer.ts";
import { decodedByKit } from "../../oracles/wire-transaction.ts";
import { runSeed, seeded } from "../../random.ts";

const random = seeded(runSeed("signed transaction"));
const randomAddress = () => getAddressDecoder().decode(random.bytes(32));

const signedV1 = async (blockhash: string) => {
  const payer = await createKeyPairSignerFromPrivateKeyBytes(random.bytes(32));
  const message = appendTransactionMessageInstructions(
    [{ programAddress: randomAddress(), accounts: [], data: random.bytes(1500) }],
    setTransactionMessageLifetimeUsingBlockhash(
      { blockhash: blockhash as Blockhash, lastValidBlockHeight: 0n },
      setTransactionMessageFeePayer(payer.address, createTransactionMessage({ version: 1 })),
    ),
  );
  return signTransaction([payer.keyPair], compileTransaction(message));
};

it("a v1 transaction can be sent, under the name that its signature gives it", async () => {
  const signed = await signedV1(randomAddress());
  const wire = Uint8Array.from(getTransactionEncoder().encode(signed));
  expect(signedTransaction(wire)).toMatchObject({
    signature: getSignatureFromTransaction(signed),
    base64: Buffer.from(wire).toString("base64"),
  });
  // Its signatures stand last.
  wire.fill(0, wire.length - 64);
  expect(signedTransaction(wire)).toBe("signature 0 is missing");
});

it("a bundle of v1 transactions alone shares its blockhash with its tip", async () => {
  const blockhash = randomAddress();
  const wire = Uint8Array.from(getTransactionEncoder().encode(await signedV1(blockhash)));
  const payer = new TipPayer({ ...throwAwayKey(), lamports: 5000, random: () => 0 });
  const tip = payer.tip([wire]);
  if (tip === null) throw new Error("no tip");
  expect(decodedByKit(tip)?.message.lifetimeToken).toBe(blockhash);
});
