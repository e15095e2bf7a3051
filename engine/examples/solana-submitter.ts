// Sends a signed transaction through a Solana node until it is in a block or can never be. Without
// options it is a dry run: everything is checked, nothing is sent. With `--url URL` the blockhash
// comes from that node and the transaction is simulated there; with `--live` it is sent too. The key
// is made for this run and owns nothing, so on a real network the transaction would be refused.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import {
  address,
  appendTransactionMessageInstructions,
  type Blockhash,
  compileTransaction,
  createTransactionMessage,
  generateKeyPairSigner,
  getTransactionEncoder,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransaction,
} from "@solana/kit";
import { JsonRpc, RpcSender, SolanaRpc } from "weir/bundle";

const memoProgram = address("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
const localNode = "http://127.0.0.1:8899";

const { values } = parseArgs({
  options: { url: { type: "string" }, live: { type: "boolean", default: false } },
});

const rpc = new SolanaRpc(new JsonRpc({ url: values.url ?? localNode, fetch }));

/** From the node, or for a dry run without one a text of the right form. */
const recentBlockhash = async () => {
  if (values.url === undefined) {
    const { address: anyKey } = await generateKeyPairSigner();
    return { blockhash: anyKey as string, lastValidBlockHeight: 0 };
  }
  const answer = await rpc.latestBlockhash();
  if (!answer.ok) throw new Error(`no blockhash: ${answer.failure.message}`);
  return answer.value;
};

// Signing is the caller's: senders get bytes and never see a key.
const signer = await generateKeyPairSigner();
const { blockhash, lastValidBlockHeight } = await recentBlockhash();
const message = appendTransactionMessageInstructions(
  [{ programAddress: memoProgram, data: new TextEncoder().encode("hello from weir") }],
  setTransactionMessageLifetimeUsingBlockhash(
    { blockhash: blockhash as Blockhash, lastValidBlockHeight: BigInt(lastValidBlockHeight) },
    setTransactionMessageFeePayer(signer.address, createTransactionMessage({ version: 0 })),
  ),
);
const signed = await signTransaction([signer.keyPair], compileTransaction(message));
const bytes = new Uint8Array(getTransactionEncoder().encode(signed));

const sender = new RpcSender({
  rpc,
  mode: values.live && values.url !== undefined ? "live" : "dry-run",
  sleepMs: async (ms) => sleep(ms),
  random: Math.random,
  resendMs: 500,
});
if (values.url !== undefined) {
  const simulated = await sender.simulate(bytes);
  console.log(JSON.stringify({ simulated }));
}
const outcome = await sender.send(bytes, lastValidBlockHeight);
console.log(JSON.stringify({ bytes: bytes.length, payer: signer.address, outcome }));
console.log(JSON.stringify({ requests: sender.counts }));
