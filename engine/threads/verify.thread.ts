// A verifier thread: signatures of extracted transactions, off the latency-critical core. The one
// that started it stops it by the flag; what is in the ring is verified first.
import { workerData } from "node:worker_threads";

import { MessageRingReader } from "../ring/message-ring-reader.ts";
import { MessageRingWriter } from "../ring/message-ring-writer.ts";
import type { VerifyThreadData } from "../sniff/verify-pool.ts";
import { VerifyStage } from "../sniff/verify-stage.ts";
import { runDutyCycle } from "./stage.ts";

const { input, output, stop } = workerData as VerifyThreadData;
const reader = new MessageRingReader(input);
const flag = new Int32Array(stop);
const stage = new VerifyStage({ input: reader, output: new MessageRingWriter(output) });
runDutyCycle(
  stage,
  (idleMs) => reader.waitForMessages(idleMs),
  () => Atomics.load(flag, 0) === 1,
);
