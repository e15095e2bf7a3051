// Seven transactions to Jito's block engine: cut into bundles of at most five, each with a tip of its
// own as the last instruction. Without options it is a dry run, which checks what a block engine
// would refuse; with `--region URL` (repeatable, in order of preference) and `--live` the bundles are
// sent and followed. Keys are made for this run and own nothing.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import {
  AccountRole,
  address,
  appendTransactionMessageInstructions,
  type Blockhash,
  compileTransaction,
  createTransactionMessage,
  generateKeyPairSigner,
  getTransactionEncoder,
  type Instruction,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransaction,
} from "@solana/kit";
import { JitoSender, JsonRpc, type Receipt, splitBundle, tipInstruction } from "weir/bundle";

const memoProgram = address("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
const transactionsWanted = 7;
const tipLamports = 10_000n;

const { values } = parseArgs({
  options: {
    region: { type: "string", multiple: true, default: [] },
    live: { type: "boolean", default: false },
  },
});

const signer = await generateKeyPairSigner();
const { address: blockhash } = await generateKeyPairSigner();

/** A memo, and in the last transaction of a bundle the tip behind it. */
const transaction = async (number: number, isLast: boolean): Promise<Uint8Array> => {
  const data = new TextEncoder().encode(`weir ${number}`);
  const instructions: Instruction[] = [{ programAddress: memoProgram, data }];
  if (isLast) {
    const tip = tipInstruction({
      payer: signer.address,
      lamports: tipLamports,
      random: Math.random(),
    });
    const [payer, account] = tip.accounts;
    instructions.push({
      programAddress: address(tip.program),
      accounts: [
        { address: address(payer), role: AccountRole.WRITABLE_SIGNER },
        { address: address(account), role: AccountRole.WRITABLE },
      ],
      data: tip.data,
    });
  }
  const message = appendTransactionMessageInstructions(
    instructions,
    setTransactionMessageLifetimeUsingBlockhash(
      { blockhash: String(blockhash) as Blockhash, lastValidBlockHeight: 0n },
      setTransactionMessageFeePayer(signer.address, createTransactionMessage({ version: 0 })),
    ),
  );
  const signed = await signTransaction([signer.keyPair], compileTransaction(message));
  return new Uint8Array(getTransactionEncoder().encode(signed));
};

const urls = values.region.length > 0 ? values.region : ["http://127.0.0.1:8898"];
const sender = new JitoSender({
  regions: urls.map((url, i) => ({ name: `region-${i}`, rpc: new JsonRpc({ url, fetch }) })),
  mode: values.live && values.region.length > 0 ? "live" : "dry-run",
  nowMs: () => performance.now(),
  sleepMs: async (ms) => sleep(ms),
  random: Math.random,
});

const receipts: Receipt[] = [];
for (const { first, end } of splitBundle(transactionsWanted)) {
  const numbers = Array.from({ length: end - first }, (_, i) => first + i);
  const bundle = await Promise.all(numbers.map((i) => transaction(i, i === end - 1)));
  const outcome = await sender.send(bundle);
  console.log(JSON.stringify({ transactions: bundle.length, outcome }));
  if (outcome.kind === "accepted") receipts.push(outcome);
}
if (receipts.length > 0) {
  const ends = await sender.follow(receipts, { pollsMax: 5, pollMs: 1000 });
  for (const [bundleId, end] of ends) console.log(JSON.stringify({ bundleId, end }));
}
// What a block engine would take and never land is refused here, with its reason.
const untipped = await transaction(transactionsWanted, false);
console.log(JSON.stringify({ withoutTip: await sender.send([untipped]) }));
