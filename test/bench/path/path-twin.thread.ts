// Thread entry of the plain twin's market: a transaction comes as a message, its program is looked for
// in all bytes, levels are in a map, the result goes back as a message.
import { parentPort } from "node:worker_threads";

import { decodeKey } from "../../../schemas/market/base58.ts";
import { programIds } from "../../../schemas/market/programs.ts";
import { tradeData } from "../transaction-slab.ts";

const program = Buffer.from(decodeKey(programIds["pump.fun"]) ?? []);
const sell = Buffer.from(tradeData.sell);
const buy = Buffer.from(tradeData.buy);
const levels = { bids: new Map<number, number>(), asks: new Map<number, number>() };

parentPort?.on("message", (wire: Uint8Array) => {
  const bytes = Buffer.from(wire.buffer, wire.byteOffset, wire.length);
  if (bytes.indexOf(program) < 0) return;
  const isSell = bytes.indexOf(sell) >= 0;
  const at = bytes.lastIndexOf(isSell ? sell : buy);
  const size = bytes.readUInt32LE(at + 8);
  const side = isSell ? levels.asks : levels.bids;
  const price = bytes.readUInt32LE(at + 16);
  if (size === 0) side.delete(price);
  else side.set(price, size);
  parentPort?.postMessage({ price, size, levels: side.size }, []);
});
