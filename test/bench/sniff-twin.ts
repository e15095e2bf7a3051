// The plain twin of prefilter and extractor, for a run without the prototypes: each transaction as
// lists of keys and instructions in text, each instruction looked up by program and discriminator,
// each match as an object. It asks for nothing that a stranger would not write first.
import { instructionRules, programIds, type ProgramName } from "../../schemas/market/programs.ts";
import { decodeKey } from "../../schemas/market/base58.ts";
import { seeded } from "../random.ts";
import { type Spread, timeNs } from "./harness.ts";
import { transactionSlab } from "./transaction-slab.ts";

const discriminatorBytes = 8;
const accountsMax = 8;

type Instruction = {
  readonly program: string;
  readonly accounts: readonly string[];
  readonly data: Buffer;
};

class WireText {
  readonly #wire: Buffer;
  #at = 0;

  constructor(wire: Uint8Array) {
    this.#wire = Buffer.from(wire.buffer, wire.byteOffset, wire.length);
  }

  get isVersioned(): boolean {
    return (this.#wire[this.#at] ?? 0) >= 0x80;
  }

  take(bytes: number): Buffer {
    this.#at += bytes;
    return this.#wire.subarray(this.#at - bytes, this.#at);
  }

  compactU16(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.take(1)[0] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  list<T>(each: () => T): readonly T[] {
    return Array.from({ length: this.compactU16() }, each);
  }
}

/** The instructions of a transaction without lookup tables. */
const instructionsOf = (wire: Uint8Array): readonly Instruction[] => {
  const text = new WireText(wire);
  text.list(() => text.take(64));
  if (text.isVersioned) text.take(1);
  text.take(3);
  const keys = text.list(() => text.take(32).toString("hex"));
  text.take(32);
  return text.list(() => {
    const program = keys[text.take(1)[0] ?? 0] ?? "";
    const accounts = text.list(() => keys[text.take(1)[0] ?? 0] ?? "");
    return { program, accounts, data: text.take(text.compactU16()) };
  });
};

const hexOf = (program: ProgramName): string =>
  Buffer.from(decodeKey(programIds[program]) ?? []).toString("hex");

type Rules = ReadonlyMap<string, (typeof instructionRules)[number]>;

/** pump.fun's rules by discriminator, and as many other programs as it takes. */
const watchedOf = (programs: number): ReadonlyMap<string, Rules> => {
  const random = seeded(64);
  const rules = instructionRules.filter(({ program }) => program === "pump.fun");
  const watched = new Map<string, Rules>([
    [hexOf("pump.fun"), new Map(rules.map((rule) => [rule.discriminator, rule]))],
  ]);
  while (watched.size < programs) {
    watched.set(Buffer.from(random.bytes(32)).toString("hex"), new Map());
  }
  return watched;
};

const matchOf = ({ program, accounts, data }: Instruction, watched: ReadonlyMap<string, Rules>) => {
  const rules = watched.get(program);
  const rule = rules?.get(data.toString("hex", 0, discriminatorBytes));
  if (rule === undefined) return null;
  return {
    instruction: rule.instruction,
    direction: rule.direction,
    mint: accounts[rule.mint] ?? null,
    accounts: accounts.slice(0, accountsMax),
  };
};

export type TwinCost = { readonly refused: Spread; readonly watched: Spread };

/** ns a transaction. `check` ends with whether there is a match, `extract` makes all of them. */
export const sniffTwin = (use: "check" | "extract", programs: number, count: number): TwinCost => {
  const watched = watchedOf(programs);
  const isHit = (wire: Uint8Array): boolean => {
    const instructions = instructionsOf(wire);
    if (use === "check") {
      return instructions.some(({ program, data }) =>
        watched.get(program)?.has(data.toString("hex", 0, discriminatorBytes)),
      );
    }
    return instructions.flatMap((one) => matchOf(one, watched) ?? []).length > 0;
  };
  const measure = (share: 0 | 1): Spread => {
    const { wires } = transactionSlab(seeded(777), count, share);
    let hits = 0;
    const ns = timeNs({ warmups: 3, rounds: 9, operations: count }, () => {
      hits = wires.filter(isHit).length;
    });
    if (hits !== share * count) throw new Error(`twin's ${use}: ${hits} hits of ${share * count}`);
    return ns;
  };
  return { refused: measure(0), watched: measure(1) };
};
