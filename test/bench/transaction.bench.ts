// Cost of the wire parser, the whole sniffer and the candidate record, per transaction, on synthetic
// ones of 8 to 24 keys and about 740 bytes, in shared memory as they stand in the ring. Rival in the
// same run: @solana/kit's decoders. Each line checks its own outcome counts. The prefilter and the
// extractor by themselves: prefilter.bench.ts, extractor.bench.ts.
import { getCompiledTransactionMessageDecoder, getTransactionDecoder } from "@solana/kit";

import { Sniffer } from "../../engine/sniff/sniffer.ts";
import { verdict } from "../../engine/sniff/verdict.ts";
import { WatchList, watchedPrograms } from "../../engine/sniff/watch-list.ts";
import { CandidateWriter } from "../../engine/sniff/write-candidate.ts";
import { encodeBase58 } from "../../schemas/market/base58.ts";
import { candidateBytes } from "../../schemas/market/candidate-layout.ts";
import { instructionRules } from "../../schemas/market/programs.ts";
import { TransactionItem } from "../../schemas/market/transaction-item.ts";
import { TransactionView } from "../../schemas/market/transaction.ts";
import { transactionCode } from "../../schemas/market/transaction-layout.ts";
import { seeded } from "../random.ts";
import { type BenchOptions, figure, report, type Spread, timeNs } from "./harness.ts";
import { type Slab, slotBytes, transactionSlab } from "./transaction-slab.ts";

type Timed = Spread & { readonly hits: number };

/** ns per call of `one(view, start, end)`, and how many calls of one pass returned 1. */
const timed = (
  { view, ends }: Slab,
  smoke: boolean,
  one: (view: DataView, start: number, end: number) => number,
): Timed => {
  const passes = smoke ? 1 : Math.ceil(100_000 / ends.length);
  let hits = 0;
  const spread = timeNs(
    { warmups: smoke ? 1 : 4, rounds: smoke ? 1 : 9, operations: passes * ends.length },
    () => {
      hits = 0;
      for (let pass = 0; pass < passes; pass += 1) {
        for (let i = 0; i < ends.length; i += 1) hits += one(view, i * slotBytes, ends[i] ?? 0);
      }
    },
  );
  return { ...spread, hits: hits / passes };
};

const must = (what: string, found: number, expected: number): void => {
  if (found !== expected) throw new Error(`${what}: ${found} hits, expected ${expected}`);
};

const listOf = (programs: number): WatchList => {
  const random = seeded(64);
  const others = Array.from({ length: programs - 1 }, (_, i) => ({
    name: `other ${i}`,
    id: encodeBase58(random.bytes(32)),
    rules: [],
  }));
  const [first] = watchedPrograms(instructionRules);
  return new WatchList(first === undefined ? others : [first, ...others]);
};

const kit = (wires: readonly Uint8Array[], smoke: boolean): Spread => {
  const transactions = getTransactionDecoder();
  const messages = getCompiledTransactionMessageDecoder();
  const some = wires.slice(0, smoke ? 20 : 400);
  let instructions = 0;
  const spread = timeNs({ warmups: 2, rounds: smoke ? 1 : 7, operations: some.length }, () => {
    for (const wire of some) {
      const { messageBytes } = transactions.decode(wire);
      const message = messages.decode(messageBytes);
      instructions += "instructions" in message ? message.instructions.length : 0;
    }
  });
  if (instructions === 0) throw new Error("kit decoded nothing");
  return spread;
};

type Slabs = { readonly reject: Slab; readonly mix: Slab; readonly accept: Slab };
type One = (view: DataView, start: number, end: number) => number;

/** ns on the three slabs; `one` must hit nothing of the first and all of the last. */
const overSlabs = ({ reject, mix, accept }: Slabs, smoke: boolean, one: One) => {
  const rejected = timed(reject, smoke, one);
  const mixed = timed(mix, smoke, one);
  const accepted = timed(accept, smoke, one);
  must("reject", rejected.hits, 0);
  must("accept", accepted.hits, accept.wires.length);
  return { reject: rejected, mix5: mixed, accept: accepted };
};

const benchParse = ({ reject }: Slabs, smoke: boolean): void => {
  const parser = new TransactionView();
  const parse = timed(reject, smoke, (view, start, end) =>
    parser.parse(view, start, end) === transactionCode.ok ? 1 : 0,
  );
  must("parse", parse.hits, reject.wires.length);
  figure("parse (ns)", parse);
  const rival = kit(reject.wires, smoke);
  const ratio = rival.median / parse.median;
  report({ parseNs: parse.median, min: parse.min, kitDecodeNs: rival.median, ratio });
};

const benchInspect = (slabs: Slabs, smoke: boolean, validate: "all" | "watched"): void => {
  const sniffer = new Sniffer({ watch: listOf(64), validate });
  const own = overSlabs(slabs, smoke, (view, start, end) =>
    sniffer.inspect(view, start, end) === verdict.candidate ? 1 : 0,
  );
  figure(`inspect, validate ${validate}, refused (ns)`, own.reject);
  figure(`inspect, validate ${validate}, watched (ns)`, own.accept);
  report({ inspectNs: own, validate });
};

const benchCandidate = (slabs: Slabs, smoke: boolean): void => {
  const sniffer = new Sniffer({ watch: listOf(64), validate: "watched" });
  const writer = new CandidateWriter(sniffer.table);
  const item = new TransactionItem();
  const to = new DataView(new SharedArrayBuffer(candidateBytes));
  const place = { from: slabs.accept.view, to };
  const full = timed(slabs.accept, smoke, (view, start, end) => {
    if (sniffer.inspect(view, start, end) !== verdict.candidate) return 0;
    writer.write(place, 0, 0, item);
    return 1;
  });
  must("candidate", full.hits, slabs.accept.wires.length);
  figure("inspect and write (ns)", full);
  report({ inspectAndWriteNs: full.median, min: full.min });
};

export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const random = seeded(777);
  const count = smoke ? 64 : 1024;
  const slabs = {
    reject: transactionSlab(random, count, 0),
    mix: transactionSlab(random, count, 0.05),
    accept: transactionSlab(random, count, 1),
  };
  const bytes = slabs.reject.wires.reduce((sum, { length }) => sum + length, 0);
  report({ transactions: count, averageBytes: bytes / count });
  benchParse(slabs, smoke);
  benchInspect(slabs, smoke, "all");
  benchInspect(slabs, smoke, "watched");
  benchCandidate(slabs, smoke);
};
