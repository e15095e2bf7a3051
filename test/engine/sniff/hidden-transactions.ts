// Watched v0 transactions with some of their accounts behind lookup tables, each beside its twin that
// has all its keys itself: what is made of both must be the same once the tables are known.
import { decodeKey } from "../../../schemas/market/base58.ts";
import {
  type InstructionRule,
  instructionRules,
  programIds,
} from "../../../schemas/market/programs.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import type { Random } from "../../random.ts";

type HiddenTable = { readonly name: Uint8Array; readonly keys: Uint8Array };

export type HiddenTransaction = {
  readonly wire: Uint8Array<ArrayBuffer>;
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly rule: InstructionRule;
  readonly tables: readonly HiddenTable[];
  /** Highest address of each table that the transaction refers to. */
  readonly highest: readonly number[];
};

export type Shape = {
  readonly rule?: InstructionRule;
  /** Whether the mint is among the hidden accounts; the others are hidden by chance. */
  readonly hidesMint?: boolean;
  readonly mint?: Uint8Array<ArrayBuffer>;
};

const tableKeys = 40;
const positionsOf = ({ mint, user, pool, quoteMint }: InstructionRule): readonly number[] =>
  [mint, user, pool, quoteMint].map((place) => (place === "sol" ? 0 : place));

export const hiddenTransaction = (random: Random, shape: Shape = {}): HiddenTransaction => {
  const rule = shape.rule ?? random.pick(instructionRules);
  const { hidesMint = true } = shape;
  const count = Math.max(...positionsOf(rule)) + 1 + random.below(3);
  const keys = Array.from({ length: count }, () => random.bytes(32));
  if (shape.mint !== undefined) keys[rule.mint] = shape.mint;
  const isHidden = keys.map((_, i) => (i === rule.mint ? hidesMint : random.below(3) === 0));
  const program = decodeKey(programIds[rule.program]) ?? new Uint8Array(32);
  const data = [...Buffer.from(rule.discriminator, "hex"), ...random.bytes(24), random.below(2)];
  const payer = random.bytes(32);
  const common = {
    version: 0,
    signatures: [random.bytes(64)],
    header: [1, 0, 1],
    blockhash: random.bytes(32),
  } as const;
  const plain = wireBytes({
    ...common,
    keys: [payer, ...keys, program],
    instructions: [{ program: count + 1, accounts: keys.map((_, i) => i + 1), data }],
    lookups: [],
  });
  const shown = keys.filter((_, i) => isHidden[i] !== true);
  const tables = Array.from({ length: 1 + random.below(3) }, () => ({
    name: random.bytes(32),
    keys: random.bytes(32 * tableKeys),
    writable: [] as number[],
    readonly: [] as number[],
    places: [] as { readonly account: number; readonly isWritable: boolean }[],
  }));
  for (const [account, key] of keys.entries()) {
    if (isHidden[account] !== true) continue;
    const table = random.pick(tables);
    const isWritable = random.below(2) === 0;
    const used = new Set([...table.writable, ...table.readonly]);
    const entry = random.pick(
      Array.from({ length: tableKeys }, (_, i) => i).filter((i) => !used.has(i)),
    );
    table.keys.set(key, entry * 32);
    (isWritable ? table.writable : table.readonly).push(entry);
    table.places.push({ account, isWritable });
  }
  const referred = tables.filter(({ places }) => places.length > 0);
  // All writable ones in the order of the tables, then all readonly ones.
  const loaded = [true, false].flatMap((kind) =>
    referred.flatMap(({ places }) =>
      places.filter(({ isWritable }) => isWritable === kind).map(({ account }) => account),
    ),
  );
  const staticCount = 2 + shown.length;
  const indexOf = (account: number): number =>
    isHidden[account] === true
      ? staticCount + loaded.indexOf(account)
      : 1 + shown.indexOf(keys[account] ?? payer);
  const wire = wireBytes({
    ...common,
    keys: [payer, ...shown, program],
    instructions: [{ program: staticCount - 1, accounts: keys.map((_, i) => indexOf(i)), data }],
    lookups: referred.map(({ name, writable, readonly }) => ({ table: name, writable, readonly })),
  });
  return {
    wire,
    plain,
    rule,
    tables: referred.map(({ name, keys: all }) => ({ name, keys: all })),
    highest: referred.map(({ writable, readonly }) => Math.max(...writable, ...readonly)),
  };
};
