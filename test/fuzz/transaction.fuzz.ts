// Fuzzer of the wire parser and the sniffer: random and damaged transactions, legacy, v0 and v1.
// Found wrong is: an exception, a read outside the range (the view ends with the bytes, so it
// would throw), offsets outside the range, or a verdict on legacy and v0 bytes that differs from
// @solana/kit and a literal reading of the rules. Its canary is a parser that forgives
// bytes left over.
import { Sniffer } from "../../engine/sniff/sniffer.ts";
import { verdict } from "../../engine/sniff/verdict.ts";
import { WatchList, watchedPrograms } from "../../engine/sniff/watch-list.ts";
import { instructionRules } from "../../schemas/market/programs.ts";
import { TransactionView } from "../../schemas/market/transaction.ts";
import {
  instructionField as field,
  transactionCode,
} from "../../schemas/market/transaction-layout.ts";
import {
  keepsTheRules,
  mutated,
  randomTransaction,
  wireBytes,
} from "../oracles/wire-transaction.ts";
import { type Random, seeded } from "../random.ts";

type Accepts = (wire: Uint8Array<ArrayBuffer>) => boolean;

const sniffer = new Sniffer({ watch: new WatchList(watchedPrograms(instructionRules)) });

const accepts: Accepts = (wire) => {
  const code = sniffer.inspect(new DataView(wire.buffer), 0, wire.length);
  return code <= verdict.notWatched;
};

/** Throws with the bytes when `parser` and the oracle disagree. */
const compare = (wire: Uint8Array<ArrayBuffer>, parser: Accepts): void => {
  const expected = keepsTheRules(wire);
  if (parser(wire) === expected) return;
  throw new Error(
    `oracle ${expected ? "accepts" : "refuses"} ${Buffer.from(wire).toString("hex")}`,
  );
};

const v1 = new TransactionView({ v1: true });

// v1 has no such oracle: its offsets must stay inside, whatever the bytes.
const checkV1 = (random: Random): void => {
  const wire = random.bytes(60 + random.below(700));
  wire.set([0x81, 1 + random.below(2), 0, random.below(2), 0, 0, 0, 0]);
  wire.set([random.below(4), 2 + random.below(6)], 40);
  if (v1.parse(new DataView(wire.buffer), 0, wire.length) !== transactionCode.ok) return;
  for (let i = 0; i < v1.instructionCount; i += 1) {
    const end = v1.instruction(i, field.dataAt) + v1.instruction(i, field.dataBytes);
    if (end > v1.messageEnd)
      throw new Error(`v1 data beyond the message: ${Buffer.from(wire).toString("hex")}`);
  }
};

const oneCase = (random: Random, parser: Accepts): void => {
  const wire = wireBytes(randomTransaction(random));
  compare(random.below(10) === 0 ? wire : mutated(wire, random), parser);
};

export const run = async ({ seed, cases }: { seed: number; cases: number }): Promise<void> => {
  const random = seeded(seed);
  for (let i = 0; i < cases; i += 1) {
    oneCase(random, accepts);
    checkV1(random);
  }
};

/** A parser that forgives trailing bytes must be caught. */
export const canary = (): void => {
  const random = seeded(1);
  const forgiving: Accepts = (wire) => accepts(wire) || accepts(wire.slice(0, -1));
  let caught = false;
  for (let i = 0; i < 2_000 && !caught; i += 1) {
    try {
      oneCase(random, forgiving);
    } catch {
      caught = true;
    }
  }
  if (!caught) throw new Error("canary: a parser that forgives trailing bytes was not caught");
};
