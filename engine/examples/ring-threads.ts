// A ring between two threads, with back-pressure: a writer thread sends 20,000 messages of varying
// length as fast as it can, this thread reads them more slowly. The ring has 16 KiB and the policy
// "block", so the writer has to wait, and nothing is lost, reordered or changed on the way.
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, Worker, workerData } from "node:worker_threads";

import { createMessageRing, MessageRingReader, MessageRingWriter, readRingStats } from "weir/ring";

const messages = 20_000;
const messageType = 1;
const lengthOf = (number: number): number => 8 + (number % 50) * 8;

const write = (memory: SharedArrayBuffer): void => {
  const writer = new MessageRingWriter(memory);
  for (let number = 0; number < messages; number += 1) {
    const length = lengthOf(number);
    // Under "block" a refused claim is no drop: wait until the reader has made room.
    let at = writer.claim(messageType, length);
    while (at < 0) {
      writer.waitForSpace(length, 1000);
      at = writer.claim(messageType, length);
    }
    // Fields are written in place; nothing is allocated or copied.
    for (let i = 0; i < length; i += 8) writer.view.setFloat64(at + i, number, true);
    writer.commit(at);
    // One publication a batch: until then the reader sees none of it.
    if (number % 32 === 31) writer.publish();
  }
  writer.publish();
};

const read = async (memory: SharedArrayBuffer): Promise<void> => {
  const worker = new Worker(new URL(import.meta.url), { workerData: memory });
  worker.on("error", (error) => {
    throw error;
  });
  const reader = new MessageRingReader(memory);
  const seen = { messages: 0, faults: 0 };
  const onMessage = (_type: number, at: number, length: number): void => {
    const first = reader.view.getFloat64(at, true);
    const last = reader.view.getFloat64(at + length - 8, true);
    const next = seen.messages;
    if (first !== next || last !== next || length !== lengthOf(next)) seen.faults += 1;
    seen.messages += 1;
  };
  while (seen.messages < messages) {
    if (reader.drain(onMessage, 256) === 0) await reader.waitForMessagesAsync(100);
    // A slow reader, so that the writer meets a full ring.
    else await sleep(1);
  }
  const { written, inFlight, usedBytesHigh, capacityBytes, parks, dropped } = readRingStats(memory);
  const droppedFull = dropped.full.low + dropped.full.high;
  console.log(JSON.stringify({ written, ...seen, inFlight, droppedFull }));
  console.log(JSON.stringify({ capacityBytes, usedBytesHigh, writerWaits: parks.writer }));
};

if (isMainThread) await read(createMessageRing({ capacityBytes: 16_384, policy: "block" }));
else write(workerData as SharedArrayBuffer);
