// A stage to be loaded by a configuration: passes on the transaction records whose price is within
// limits. Options: `priceMin` and `priceMax`, decimal texts. Run by price-filter.ts.
import { copyRecord, readRecord, transactionRecordBytes } from "weir/bundle";
import { parseDecimal } from "weir/book";
import type { StageModule, StageOptions, StageResources } from "weir/stage";

// Records have prices in 1/10,000.
const priceScale = 4;
const recordsPerTurn = 256;

const priceOption = (options: StageOptions, field: string): number => {
  const value = options[field];
  const price = typeof value === "string" ? parseDecimal(value, priceScale) : -1;
  if (price > 0) return price;
  throw new RangeError(`${field}=${String(value)}: expected a decimal text above 0, 4 places`);
};

export const stage: StageModule = {
  name: "price-filter",
  inputBytes: transactionRecordBytes,
  outputBytes: transactionRecordBytes,
  metrics: {
    counters: {
      received: { name: "price_filter_received_total", help: "Records taken in" },
      passed: { name: "price_filter_passed_total", help: "Records within the limits" },
      below: { name: "price_filter_below_total", help: "Records below the lower limit" },
      above: { name: "price_filter_above_total", help: "Records above the upper limit" },
    },
  },
  configure: (options) => {
    const priceMin = priceOption(options, "priceMin");
    const priceMax = priceOption(options, "priceMax");
    if (priceMin > priceMax) throw new RangeError("priceMin must not be above priceMax");
    return (resources) => priceFilter(resources, priceMin, priceMax);
  },
};

const priceFilter = (
  { input, output, metrics }: StageResources,
  priceMin: number,
  priceMax: number,
) => {
  const received = metrics.counter("received");
  const passed = metrics.counter("passed");
  const below = metrics.counter("below");
  const above = metrics.counter("above");
  return {
    name: "price-filter",
    start: () => undefined,
    stop: () => undefined,
    work: (): number => {
      const readable = Math.min(input.available(), recordsPerTurn);
      let taken = 0;
      for (; taken < readable; taken += 1) {
        const at = input.slotBase(taken);
        const { price } = readRecord(input.view, at);
        if (price < priceMin) below.add(1);
        else if (price > priceMax) above.add(1);
        else {
          // No room: what is left stays in the input, so nothing is lost and the source slows down.
          if (output.claim(1) === 0) break;
          copyRecord(input.view, at, output.view, output.slotBase(0));
          output.publish(1);
          passed.add(1);
        }
        received.add(1);
      }
      input.release(taken);
      return taken;
    },
  };
};
