import {
  address,
  appendTransactionMessageInstructions,
  type Blockhash,
  compileTransaction,
  createKeyPairSignerFromPrivateKeyBytes,
  createTransactionMessage,
  getBase58Codec,
  getCompiledTransactionMessageDecoder,
  getTransactionEncoder,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransaction,
} from "@solana/kit";
import { describe, expect, it } from "vitest";

import { signatureVerifies } from "../../../engine/sniff/verify-signature.ts";
import { TransactionView } from "../../../schemas/market/transaction.ts";
import {
  instructionField as field,
  transactionCode,
} from "../../../schemas/market/transaction-layout.ts";
import { runSeed, seeded, type Random } from "../../random.ts";

const base58 = getBase58Codec();

const signedV1 = async (random: Random) => {
  const payer = await createKeyPairSignerFromPrivateKeyBytes(random.bytes(32));
  const randomAddress = () => address(base58.decode(random.bytes(32)));
  const message = appendTransactionMessageInstructions(
    Array.from({ length: 1 + random.below(5) }, () => ({
      programAddress: randomAddress(),
      accounts: Array.from({ length: random.below(6) }, () => ({
        address: randomAddress(),
        role: random.below(2),
      })),
      data: random.bytes(random.below(300)),
    })),
    setTransactionMessageLifetimeUsingBlockhash(
      { blockhash: randomAddress() as string as Blockhash, lastValidBlockHeight: 0n },
      setTransactionMessageFeePayer(payer.address, createTransactionMessage({ version: 1 })),
    ),
  );
  const compiled = await signTransaction([payer.keyPair], compileTransaction(message));
  return {
    wire: Uint8Array.from(getTransactionEncoder().encode(compiled)),
    message: getCompiledTransactionMessageDecoder().decode(compiled.messageBytes),
  };
};

describe("v1 transaction", () => {
  it("is read as @solana/kit wrote it, and its signature verifies", async () => {
    const random = seeded(runSeed("transaction v1"));
    const tx = new TransactionView({ v1: true });
    for (let round = 0; round < 50; round += 1) {
      const { wire, message } = await signedV1(random);
      expect(tx.parse(new DataView(wire.buffer), 0, wire.length)).toBe(transactionCode.ok);
      expect(signatureVerifies(wire)).toBe(true);
      expect(
        Array.from({ length: tx.keyCount }, (_, i) =>
          base58.decode(wire.subarray(tx.keyAt(i), tx.keyAt(i) + 32)),
        ),
      ).toEqual(message.staticAccounts);
      expect(tx.version).toBe(1);
      expect(base58.decode(wire.subarray(tx.blockhashAt, tx.blockhashAt + 32))).toBe(
        message.lifetimeToken,
      );
      expect(tx.instructionCount).toBeGreaterThan(0);
      for (let i = 0; i < tx.instructionCount; i += 1) {
        const end = tx.instruction(i, field.dataAt) + tx.instruction(i, field.dataBytes);
        expect(end).toBeLessThanOrEqual(tx.messageEnd);
      }
    }
  });

  it("is refused unless it is asked for, and when cut or lengthened", async () => {
    const { wire } = await signedV1(seeded(1));
    const parse = (bytes: Uint8Array, v1: boolean): number =>
      new TransactionView({ v1 }).parse(new DataView(bytes.buffer), 0, bytes.length);
    expect(parse(wire, false)).toBe(transactionCode.v1Disabled);
    for (let length = 1; length < wire.length; length += 1) {
      expect(parse(wire.slice(0, length), true)).not.toBe(transactionCode.ok);
    }
    expect(parse(Uint8Array.from([...wire, 0]), true)).toBe(transactionCode.trailingBytes);
    const halfFee = Uint8Array.from(wire);
    halfFee[4] = 1;
    expect(parse(halfFee, true)).toBe(transactionCode.configMask);
  });
});
