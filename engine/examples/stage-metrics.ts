// What stages count, read as one snapshot while nobody stops for it: two of the sniffer's own stages
// with their ring and latencies, and behind them a stage of one's own with metrics that it declares.
import {
  AccountRole,
  address,
  type Address,
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
import { createStageMetrics, StageMetrics, StageMetricsReader } from "weir/metrics";
import {
  createMessageRing,
  MessageRingReader,
  MessageRingWriter,
  monotonicUs,
  readRingStats,
} from "weir/ring";
import {
  ExtractStage,
  instructionRules,
  itemAt,
  PrefilterStage,
  programIds,
  receivedAt,
  stageMessage,
  traceIdAt,
  TransactionItem,
  transactionItemHeaderBytes,
  VolumePriority,
  watchedPrograms,
  WatchList,
} from "weir/sniff";
import {
  createEventMemory,
  createStageMemory,
  EventCollector,
  readEvents,
  readStageCounts,
  type Stage,
  StageOutput,
} from "weir/stage";

const signer = await generateKeyPairSigner();
const somebody = async (): Promise<Address> => (await generateKeyPairSigner()).address;

/** A signed transaction with one instruction; the accounts are anybody's. */
const transaction = async (program: string, data: Uint8Array, accounts: number) => {
  const metas = Array.from({ length: accounts }, async () => ({
    address: await somebody(),
    role: AccountRole.WRITABLE,
  }));
  const instruction = {
    programAddress: address(program),
    accounts: await Promise.all(metas),
    data,
  };
  const message = appendTransactionMessageInstructions(
    [instruction],
    setTransactionMessageLifetimeUsingBlockhash(
      { blockhash: String(await somebody()) as Blockhash, lastValidBlockHeight: 0n },
      setTransactionMessageFeePayer(signer.address, createTransactionMessage({ version: 0 })),
    ),
  );
  const signed = await signTransaction([signer.keyPair], compileTransaction(message));
  return new Uint8Array(getTransactionEncoder().encode(signed));
};

const buy = instructionRules.find(
  (rule) => rule.program === "pump.fun" && rule.direction === "buy",
);
if (buy === undefined) throw new Error("no such rule");
const buyData = Uint8Array.from([...Buffer.from(buy.discriminator, "hex"), ...new Uint8Array(16)]);
const memoData = new TextEncoder().encode("a memo");
const bought = await transaction(programIds[buy.program], buyData, 12);
const memo = await transaction("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr", memoData, 1);

// Rings and memory are made once; stages then share nothing else.
const ring = () => createMessageRing({ capacityBytes: 1 << 20, policy: "block" });
const [received, passed, extracted] = [ring(), ring(), ring()];
const eventMemory = createEventMemory(1000);
const memories = { prefilter: createStageMemory(), extract: createStageMemory() };
const parts = (from: SharedArrayBuffer, to: SharedArrayBuffer, memory: SharedArrayBuffer) => ({
  input: new MessageRingReader(from),
  output: new StageOutput({ ring: new MessageRingWriter(to), waitMs: 10 }),
  events: new EventCollector(eventMemory),
  memory,
});
const watch = new WatchList(watchedPrograms(instructionRules));
const prefilter = new PrefilterStage(parts(received, passed, memories.prefilter), { watch });
const extract = new ExtractStage(parts(passed, extracted, memories.extract), {
  watch,
  priority: new VolumePriority(),
});

const table = {
  stage: "candidate-log",
  counters: { seen: { name: "candidates_seen_total", help: "Messages with candidates" } },
  gauges: { last: { name: "candidates_last_bytes", help: "Size of the last", unit: "bytes" } },
  histograms: { age: { name: "candidates_age_seconds", help: "Receipt to here", unit: "us" } },
} as const;
const own = createStageMetrics(table);

const candidateLog = (): Stage => {
  const input = new MessageRingReader(extracted);
  const metrics = new StageMetrics<typeof table>(own);
  const [seen, last] = [metrics.counter("seen"), metrics.gauge("last")];
  const age = metrics.histogram("age");
  const onMessage = (_type: number, at: number, length: number): void => {
    seen.add(1);
    last.set(length);
    age.record(Math.round(monotonicUs() - input.view.getFloat64(at + receivedAt, true)));
  };
  return {
    name: table.stage,
    start: () => undefined,
    work: () => input.drain(onMessage, 256),
    stop: () => undefined,
  };
};

// One buy in four; all stages on this thread, as a test would run them.
const stages: readonly Stage[] = [prefilter, extract, candidateLog()];
for (const stage of stages) stage.start();
const source = new MessageRingWriter(received);
const item = new TransactionItem();
for (let traceId = 0; traceId < 400; traceId += 1) {
  const wire = traceId % 4 === 0 ? bought : memo;
  const at = source.claim(
    stageMessage.transaction,
    itemAt + transactionItemHeaderBytes + wire.length,
  );
  source.view.setFloat64(at + traceIdAt, traceId, true);
  source.view.setFloat64(at + receivedAt, monotonicUs(), true);
  item.encode(source.view, at + itemAt);
  source.bytes.set(wire, at + itemAt + transactionItemHeaderBytes);
  source.commit(at);
  source.publish();
  for (const stage of stages) stage.work();
}
for (const stage of stages) stage.stop();

// The snapshot: any thread that has the memories could take it, at any time.
console.log(JSON.stringify({ prefilter: readStageCounts(memories.prefilter) }));
console.log(JSON.stringify({ extract: readStageCounts(memories.extract) }));
console.log(JSON.stringify({ own: new StageMetricsReader(own).read() }));
const { written, read, inFlight, usedBytesHigh } = readRingStats(passed);
console.log(JSON.stringify({ ring: { written, read, inFlight, usedBytesHigh } }));
const events = readEvents([eventMemory], { type: "candidate_extracted", limit: 1 });
console.log(JSON.stringify({ lastEvent: events[0] }));
