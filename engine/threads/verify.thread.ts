// A verifier thread: signatures of extracted transactions, off the latency-critical core. It takes
// its orders from the supervisor's memory, or without one from the flag of its own memory; what is
// in the ring is verified before it ends.
import { workerData } from "node:worker_threads";

import type { SignatureThreadData } from "../host/thread-data.ts";
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import { MessageRingWriter } from "../ring/message-ring-writer.ts";
import { VerifyStage } from "../sniff/verify-stage.ts";
import { WorkerCells } from "../supervise/worker-cells.ts";
import { say } from "./say.ts";
import { runDutyCycle } from "./stage.ts";
import { runSupervised } from "./supervised-cycle.ts";

const { input, output, stop, workers, worker } = workerData as SignatureThreadData;
const reader = new MessageRingReader(input);
const parts = { input: reader, output: new MessageRingWriter(output) };
const idle = (idleMs: number): void => {
  reader.waitForMessages(idleMs);
};
if (workers === undefined || worker === undefined) {
  const flag = new Int32Array(stop);
  runDutyCycle(new VerifyStage(parts), idle, () => Atomics.load(flag, 0) === 1);
} else {
  const cells = new WorkerCells(workers, worker);
  say({ is: "ready" });
  runSupervised(new VerifyStage({ ...parts, onWait: () => cells.beat() }), idle, cells);
}
