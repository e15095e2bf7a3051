// Thread entry: what one call of the prefilter or the extractor costs, in a thread of its own, because
// code that has seen several watch lists or uses is compiled for all of them.
import { parentPort, workerData } from "node:worker_threads";

import { Extractor } from "../../engine/sniff/extractor.ts";
import { Prefilter } from "../../engine/sniff/prefilter.ts";
import { verdict } from "../../engine/sniff/verdict.ts";
import { WatchList, watchedPrograms } from "../../engine/sniff/watch-list.ts";
import { CandidateWriter } from "../../engine/sniff/write-candidate.ts";
import { encodeBase58 } from "../../schemas/market/base58.ts";
import { candidateBytes } from "../../schemas/market/candidate-layout.ts";
import { instructionRules } from "../../schemas/market/programs.ts";
import { TransactionItem } from "../../schemas/market/transaction-item.ts";
import { seeded } from "../random.ts";
import { timeNs } from "./harness.ts";
import type { SniffCost, SniffCostOrder } from "./sniff-cost.ts";
import { type Slab, slotBytes, transactionSlab } from "./transaction-slab.ts";

const order = workerData as SniffCostOrder;

/** pump.fun and as many others as it takes. */
const watch = ((): WatchList => {
  const random = seeded(64);
  const others = Array.from({ length: order.programs - 1 }, (_, i) => ({
    name: `other ${i}`,
    id: encodeBase58(random.bytes(32)),
    rules: [],
  }));
  const [first] = watchedPrograms(instructionRules);
  return new WatchList(first === undefined ? others : [first, ...others]);
})();

type Loop = (slab: Slab, from: number, to: number) => number;

const uses: { readonly [use in SniffCostOrder["use"]]: () => Loop } = {
  check: () => {
    const prefilter = new Prefilter({ watch });
    return ({ view, ends }, from, to) => {
      let hits = 0;
      for (let i = from; i < to; i += 1)
        hits +=
          prefilter.check(view, i * slotBytes, ends[i] as number) === verdict.candidate ? 1 : 0;
      return hits;
    };
  },
  extract: () => {
    const extractor = new Extractor({ watch });
    return ({ view, ends }, from, to) => {
      let hits = 0;
      for (let i = from; i < to; i += 1)
        hits +=
          extractor.extract(view, i * slotBytes, ends[i] as number) === verdict.candidate ? 1 : 0;
      return hits;
    };
  },
  write: () => {
    const extractor = new Extractor({ watch });
    const writer = new CandidateWriter(extractor.table);
    const item = new TransactionItem();
    const to = new DataView(new SharedArrayBuffer(candidateBytes));
    return ({ view, ends }, first, end) => {
      const place = { from: view, to };
      let hits = 0;
      for (let i = first; i < end; i += 1) {
        if (extractor.extract(view, i * slotBytes, ends[i] as number) !== verdict.candidate)
          continue;
        writer.write(place, 0, 0, item);
        hits += 1;
      }
      return hits;
    };
  },
};

const { count, rounds } = order;
const passes = 4;
/** Of the transactions of a block that are watched, about. */
const mixedShare = 0.05;
const random = seeded(777);
const slabs = {
  refused: transactionSlab(random, count, 0),
  watched: transactionSlab(random, count, 1),
  mixed: transactionSlab(random, count, mixedShare),
};
const loop = uses[order.use]();
const measure = (slab: Slab, hitsExpected: number) => {
  let hits = 0;
  const ns = timeNs({ warmups: 40, rounds, operations: passes * count }, () => {
    hits = 0;
    for (let pass = 0; pass < passes; pass += 1) hits += loop(slab, 0, count);
  });
  if (hits !== passes * hitsExpected)
    throw new Error(`${order.use}: ${hits} hits, expected ${passes * hitsExpected}`);
  return ns;
};
// Both kinds in turn first, so that neither is measured on code made for the other alone.
for (let i = 0; i < 60; i += 1) {
  loop(slabs.refused, 0, count);
  loop(slabs.watched, 0, count);
}
const cost: SniffCost = {
  refused: measure(slabs.refused, 0),
  watched: measure(slabs.watched, count),
  mixed: measure(slabs.mixed, loop(slabs.mixed, 0, count)),
};
parentPort?.postMessage(cost, []);
