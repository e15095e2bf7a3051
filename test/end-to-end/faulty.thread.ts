// A thread of the engine that fails on purpose: it runs the real module, and after so many messages
// out of its rings throws, spins for ever, or exits, in the middle of a batch. How it fails, and
// when, is in shared memory.
import { getEnvironmentData, workerData } from "node:worker_threads";

import type { WorkerPlace } from "../../engine/host/thread-data.ts";
import { threadNames } from "../../engine/host/workers.ts";
import { MessageRingReader } from "../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../engine/ring/message-ring-writer.ts";
import { faultKinds, faultsKey } from "./faults.ts";

// The lanes of a role share their faults: the first that comes to one has it.
const [thread = ""] = (workerData as WorkerPlace).name.split("-");
const at = threadNames.findIndex((name) => name === thread);
const words = new Int32Array(getEnvironmentData(faultsKey) as SharedArrayBuffer, at * 16, 4);

const fail = (): void => {
  const kind = faultKinds[Atomics.load(words, 1)];
  if (kind === "throw") throw new Error("a fault of the test");
  if (kind === "exit") process.exit(0);
  for (;;);
};

/** One more message was taken or is to be written; fails when its turn has come. */
const step = (): void => {
  if (Atomics.load(words, 0) === 0 || Atomics.sub(words, 2, 1) > 1) return;
  if (Atomics.sub(words, 0, 1) > 0) fail();
};

// After the handler: its outputs are claimed, and not yet published.
const drain = Reflect.get(MessageRingReader.prototype, "drain");
MessageRingReader.prototype.drain = function (handler, limit) {
  return drain.call(
    this,
    (type, at, length, stampUs) => {
      handler(type, at, length, stampUs);
      step();
    },
    limit,
  );
};
// Ingest reads no ring: it fails between two records of a batch.
if (thread === "ingest") {
  const claim = Reflect.get(MessageRingWriter.prototype, "claim");
  MessageRingWriter.prototype.claim = function (...args) {
    step();
    return claim.apply(this, args);
  };
}
// The log has no ring at all: it fails some time after its start.
if (thread === "log") setInterval(step, 1).unref();

await import(`../../engine/threads/${thread}.thread.ts`);
