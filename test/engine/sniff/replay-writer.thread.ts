// Remembers numbered signatures, each a record of its own, until it is killed.
import { parentPort, workerData } from "node:worker_threads";

import { ReplayWindow } from "../../../engine/sniff/replay-window.ts";
import { numberedSignature } from "./numbered-signature.ts";

const { memory, from } = workerData as { memory: SharedArrayBuffer; from: number };
const window = new ReplayWindow(memory);
const view = new DataView(new ArrayBuffer(64));
// From here on it writes: a slow machine takes long to come here.
parentPort?.postMessage(null);
for (let offset = from; ; offset += 1) {
  numberedSignature(view, offset);
  if (!window.add(view, 0, { offset, index: 0 })) throw new Error(`number=${offset} is known`);
}
