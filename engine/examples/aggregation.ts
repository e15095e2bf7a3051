// A custom stage driven by hand, on one thread and with a clock of its own: how a test would run it.
// Buys and sells at five prices are joined into one record for each price and side and window.
import { readRecord, transactionRecordBytes, transactionSide, writeRecord } from "weir/bundle";
import { StageMetrics, StageMetricsReader } from "weir/metrics";
import { createSlotRing, SlotRingReader, SlotRingWriter } from "weir/ring";
import { loadStage } from "weir/stage";

const clock = { us: 0 };
const stage = await loadStage(new URL("aggregation.stage.ts", import.meta.url).href, {
  windowUs: 1000,
  groupsMax: 64,
});
const ring = () =>
  createSlotRing({ slotBytes: transactionRecordBytes, slots: 256, policy: "block" });
const [before, after] = [ring(), ring()];
const metrics = stage.createMetrics();
const aggregation = stage.create({
  input: new SlotRingReader(before),
  output: new SlotRingWriter(after),
  metrics: new StageMetrics(metrics),
  nowUs: () => clock.us,
});
const source = new SlotRingWriter(before);
const sink = new SlotRingReader(after);

let sizeIn = 0;
let sizeOut = 0;
let recordsOut = 0;
const show = (): void => {
  const count = sink.available();
  for (let i = 0; i < count; i += 1) {
    const { price, side, size } = readRecord(sink.view, sink.slotBase(i));
    recordsOut += 1;
    sizeOut += size;
    const sideName = side === transactionSide.bid ? "bid" : "ask";
    console.log(JSON.stringify({ atUs: clock.us, side: sideName, price: price / 10_000, size }));
  }
  sink.release(count);
};

aggregation.start();
for (let id = 0; id < 60; id += 1) {
  clock.us += 50;
  const price = 1_000_000 + (id % 5) * 100;
  const side = id % 2 === 0 ? transactionSide.bid : transactionSide.ask;
  const size = 1 + (id % 7);
  source.claim(1);
  writeRecord(source.view, source.slotBase(0), { id, price, size, side, ingressNs: clock.us });
  source.publish(1);
  sizeIn += size;
  aggregation.work();
  show();
}
aggregation.stop();
show();
const { counters } = new StageMetricsReader(metrics).read();
console.log(JSON.stringify({ recordsIn: 60, sizeIn, recordsOut, sizeOut, counters }));
