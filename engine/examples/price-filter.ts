// A stage of one's own, named as a configuration would name it: loaded from its module, started on
// a thread between two rings, counting in cells that this thread reads at the end.
import { readRecord, transactionRecordBytes, transactionSide, writeRecord } from "weir/bundle";
import { StageMetricsReader } from "weir/metrics";
import { createSlotRing, SlotRingReader, SlotRingWriter } from "weir/ring";
import { loadStage, startStageThread } from "weir/stage";

const records = 10_000;

const stage = await loadStage(
  new URL("price-filter.stage.ts", import.meta.url).href,
  // From here on as a configuration file would have it.
  { priceMin: "99.50", priceMax: "100.50" },
);
const ring = () =>
  createSlotRing({ slotBytes: transactionRecordBytes, slots: 1024, policy: "block" });
const [input, output] = [ring(), ring()];
const metrics = stage.createMetrics();
const thread = startStageThread({ stage, input, output, metrics });
thread.ended.catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
// This thread is source and sink at once; both rings hold fewer records than there are.
const source = new SlotRingWriter(input);
const sink = new SlotRingReader(output);
const seen = { passed: 0, outside: 0, priceLowest: Infinity, priceHighest: 0 };
const drain = (): void => {
  // A run of slots ends at the wrap, so one look may not show all.
  for (let count = sink.available(); count > 0; count = sink.available()) {
    for (let i = 0; i < count; i += 1) {
      const { price } = readRecord(sink.view, sink.slotBase(i));
      seen.passed += 1;
      if (price < 995_000 || price > 1_005_000) seen.outside += 1;
      seen.priceLowest = Math.min(seen.priceLowest, price);
      seen.priceHighest = Math.max(seen.priceHighest, price);
    }
    sink.release(count);
  }
};

for (let id = 0; id < records; id += 1) {
  while (source.claim(1) === 0) {
    drain();
    await source.waitForSpaceAsync(10);
  }
  // Distinct prices from 98 to 102, in mixed order, both limits among them.
  const price = 980_000 + ((id * 7919) % 10_000) * 4;
  const side = id % 2 === 0 ? transactionSide.bid : transactionSide.ask;
  writeRecord(source.view, source.slotBase(0), { id, price, size: 1, side, ingressNs: id });
  source.publish(1);
}
// The stage empties its input before it ends, so its output is read on until then.
const timer = setInterval(drain, 1);
await thread.stop();
clearInterval(timer);
drain();
console.log(JSON.stringify({ stage: stage.name, given: records, ...seen }));
console.log(JSON.stringify(new StageMetricsReader(metrics).read()));
