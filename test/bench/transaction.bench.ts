// Cost of the wire parser, the prefilter, the whole sniffer and the candidate record, per
// transaction, on synthetic ones of 8 to 24 keys and about 740 bytes, in shared memory as they
// stand in the ring. Rivals in the same run: @solana/kit's decoders, and the prototype's loops
// (no parse, no validation) when the prototype is there. Each line checks its own outcome counts.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

import { getCompiledTransactionMessageDecoder, getTransactionDecoder } from "@solana/kit";

import { Extractor } from "../../engine/sniff/extractor.ts";
import { Prefilter } from "../../engine/sniff/prefilter.ts";
import { Sniffer } from "../../engine/sniff/sniffer.ts";
import { verdict } from "../../engine/sniff/verdict.ts";
import { WatchList, watchedPrograms } from "../../engine/sniff/watch-list.ts";
import { CandidateWriter } from "../../engine/sniff/write-candidate.ts";
import { decodeKey, encodeBase58 } from "../../schemas/market/base58.ts";
import { candidateBytes } from "../../schemas/market/candidate-layout.ts";
import { instructionRules, programIds } from "../../schemas/market/programs.ts";
import { TransactionItem } from "../../schemas/market/transaction-item.ts";
import { TransactionView } from "../../schemas/market/transaction.ts";
import { transactionCode } from "../../schemas/market/transaction-layout.ts";
import { wireBytes } from "../oracles/wire-transaction.ts";
import { type Random, seeded } from "../random.ts";
import { type BenchOptions, report, type Spread, timeNs } from "./harness.ts";

const slotBytes = 1280;
const pump = decodeKey(programIds["pump.fun"]) ?? new Uint8Array(32);
const buy = [...Buffer.from("66063d1201daebea", "hex")];

/** The shape of the prototype's transactions, valid: its indexes and counts kept the rules not. */
const transaction = (random: Random, watched: boolean): Uint8Array => {
  const signatures = random.next() < 0.8 ? 1 : 2;
  const keyCount = 8 + random.below(17);
  const program = keyCount - 1 - random.below(4);
  const keys = Array.from({ length: keyCount }, (_, i) =>
    watched && i === program ? pump : random.bytes(32),
  );
  const count = 2 + random.below(3);
  return wireBytes({
    version: random.pick(["legacy", 0] as const),
    signatures: Array.from({ length: signatures }, () => random.bytes(64)),
    header: [signatures, 0, 4],
    keys,
    blockhash: random.bytes(32),
    instructions: Array.from({ length: count }, (_, i) => ({
      program: i === count - 1 ? program : program - 1,
      accounts: Array.from({ length: Math.min(14, keyCount) }, () => random.below(keyCount)),
      data: [...buy, ...random.bytes(1 + random.below(24))],
    })),
    lookups: [],
  });
};

type Slab = { readonly view: DataView; readonly ends: Int32Array; readonly wires: Uint8Array[] };

const slab = (random: Random, count: number, share: number): Slab => {
  const memory = new Uint8Array(new SharedArrayBuffer(count * slotBytes));
  const wires: Uint8Array[] = [];
  const ends = new Int32Array(count);
  while (wires.length < count) {
    const wire = transaction(random, random.next() < share);
    if (wire.length > 1232) continue;
    memory.set(wire, wires.length * slotBytes);
    ends[wires.length] = wires.length * slotBytes + wire.length;
    wires.push(wire);
  }
  return { view: new DataView(memory.buffer), ends, wires };
};

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

/** Median ns of the prototype's loops by name; null where the prototype is not there. */
const prototype = (method: string): { reject: number; mix5: number; accept: number } | null => {
  const script = new URL("../../../shared/prototypes/sniff/sniff.cjs", import.meta.url);
  if (!existsSync(script)) return null;
  const out = execFileSync(process.execPath, [script.pathname, "1024", method], {
    encoding: "utf8",
  });
  const line = JSON.parse(out.trim().split("\n").at(-1) ?? "") as {
    readonly [key in "reject" | "mix5" | "accept"]: { readonly med: number };
  };
  return { reject: line.reject.med, mix5: line.mix5.med, accept: line.accept.med };
};

type Slabs = { readonly reject: Slab; readonly mix: Slab; readonly accept: Slab };
type One = (view: DataView, start: number, end: number) => number;

/** Medians on the three slabs; `one` must hit nothing of the first and all of the last. */
const overSlabs = ({ reject, mix, accept }: Slabs, smoke: boolean, one: One) => {
  const rejected = timed(reject, smoke, one);
  const mixed = timed(mix, smoke, one);
  const accepted = timed(accept, smoke, one);
  must("reject", rejected.hits, 0);
  must("accept", accepted.hits, accept.wires.length);
  return { reject: rejected.median, mix5: mixed.median, accept: accepted.median };
};

const benchParse = ({ reject }: Slabs, smoke: boolean): void => {
  const parser = new TransactionView();
  const parse = timed(reject, smoke, (view, start, end) =>
    parser.parse(view, start, end) === transactionCode.ok ? 1 : 0,
  );
  must("parse", parse.hits, reject.wires.length);
  const rival = kit(reject.wires, smoke);
  const ratio = rival.median / parse.median;
  report({ parseNs: parse.median, min: parse.min, kitDecodeNs: rival.median, ratio });
};

const benchPrefilter = (slabs: Slabs, smoke: boolean, programs: number): void => {
  const prefilter = new Prefilter({ watch: listOf(programs) });
  const own = overSlabs(slabs, smoke, (view, start, end) =>
    prefilter.hasWatchedKey(view, start, end) ? 1 : 0,
  );
  const peer = smoke ? null : prototype(programs === 1 ? "dvI32" : "hash64");
  const ratio = peer === null ? null : own.reject / peer.reject;
  report({ prefilterNs: own, programs, prototypeNs: peer, ratioToPrototype: ratio });
};

const benchInspect = (slabs: Slabs, smoke: boolean, validate: "all" | "watched"): void => {
  const sniffer = new Sniffer({ watch: listOf(64), validate });
  const own = overSlabs(slabs, smoke, (view, start, end) =>
    sniffer.inspect(view, start, end) === verdict.candidate ? 1 : 0,
  );
  report({ inspectNs: own, validate });
};

/** Light extraction with its prefilter, and with the whole record written as the rival does. */
const benchExtract = (slabs: Slabs, smoke: boolean): void => {
  const extractor = new Extractor({ watch: listOf(64) });
  const writer = new CandidateWriter(extractor.table);
  const item = new TransactionItem();
  const to = new DataView(new SharedArrayBuffer(candidateBytes));
  const place = { from: slabs.accept.view, to };
  const isFound: One = (view, start, end) =>
    extractor.extract(view, start, end) === verdict.candidate ? 1 : 0;
  const own = overSlabs(slabs, smoke, isFound);
  const passed = timed(slabs.accept, smoke, (view, start, end) =>
    extractor.prefilter.check(view, start, end) === verdict.candidate ? 1 : 0,
  );
  must("prefilter check", passed.hits, slabs.accept.wires.length);
  const written = timed(slabs.accept, smoke, (view, start, end) => {
    if (extractor.extract(view, start, end) !== verdict.candidate) return 0;
    writer.write(place, 0, 0, item);
    return 1;
  });
  must("extract and write", written.hits, slabs.accept.wires.length);
  report({
    prefilterAndExtractNs: own,
    extractNs: own.accept - passed.median,
    writeNs: written.median - own.accept,
    candidateBytes,
    prototypeNs: smoke ? null : prototypeExtract(),
  });
};

/** The prototype's `extract` (one program, four keys, no invariants) by slab; it runs them all. */
const prototypeExtract = (): unknown => {
  const script = new URL("../../../shared/prototypes/sniff/sniff.cjs", import.meta.url);
  if (!existsSync(script)) return null;
  const out = execFileSync(process.execPath, [script.pathname, "1024"], { encoding: "utf8" });
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { method: string });
  return lines.find(({ method }) => method === "extract");
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
  report({ inspectAndWriteNs: full.median, min: full.min });
};

export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const random = seeded(777);
  const count = smoke ? 64 : 1024;
  const slabs = {
    reject: slab(random, count, 0),
    mix: slab(random, count, 0.05),
    accept: slab(random, count, 1),
  };
  const bytes = slabs.reject.wires.reduce((sum, { length }) => sum + length, 0);
  report({ transactions: count, averageBytes: bytes / count });
  benchParse(slabs, smoke);
  benchPrefilter(slabs, smoke, 1);
  benchPrefilter(slabs, smoke, 64);
  benchExtract(slabs, smoke);
  benchInspect(slabs, smoke, "all");
  benchInspect(slabs, smoke, "watched");
  benchCandidate(slabs, smoke);
};
