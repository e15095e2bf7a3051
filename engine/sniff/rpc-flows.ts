// What moved beside a trade, so that the change of its user's balances tells the trade alone: tips,
// payments and funds that go by transfers of their own, and the rent of token accounts, by who paid it
// and who got it back.
import { programIds, wrappedSolMint } from "../../schemas/market/programs.ts";
import type { InnerInstruction, RpcMeta, TokenBalance } from "./rpc-meta.ts";

/** What keys got, minus what they gave; a key that is not there did neither. */
export type Flows = {
  /** Lamports by outer system transfers. */
  readonly lamports: ReadonlyMap<string, bigint>;
  /** Raw units by outer token transfers between owners, by `holding`. */
  readonly tokens: ReadonlyMap<string, bigint>;
  /** Lamports of rent, for token accounts that were closed or opened. */
  readonly rents: ReadonlyMap<string, bigint>;
};

/** The key of one owner's units of one mint in `Flows`. */
export const holding = (owner: string, mint: string): string => `${owner}/${mint}`;

/** `outer` are the transaction's own instructions. */
export const flowsOf = (outer: readonly InnerInstruction[], meta: RpcMeta): Flows => {
  const holders = new Map<string, TokenBalance>();
  for (const one of [...meta.preTokens, ...meta.postTokens]) {
    const key = meta.keys[one.account];
    if (key !== undefined) holders.set(key, one);
  }
  const rents = rentFlows([...outer, ...[...meta.inner.values()].flat()], meta);
  return {
    lamports: lamportFlows(outer, holders, (key) => nativeChange(meta, rents, key) ?? 0n),
    tokens: tokenFlows(outer, holders),
    rents,
  };
};

/** Change of a key's own lamports, without rents, and without the fee when it is the payer. */
export const nativeChange = (
  { keys, fee, preBalances, postBalances }: RpcMeta,
  rents: Flows["rents"],
  key: string,
): bigint | null => {
  const index = keys.indexOf(key);
  const pre = preBalances[index];
  const post = postBalances[index];
  if (pre === undefined || post === undefined) return null;
  const change = post - pre - (rents.get(key) ?? 0n);
  return index === 0 ? change + fee : change;
};

type Holders = ReadonlyMap<string, TokenBalance>;

// Only what makes its receiver richer was given away: not the funding of an account that the trade
// then spends. The lamports of token accounts are rent, or wrapped.
const lamportFlows = (
  outer: readonly InnerInstruction[],
  holders: Holders,
  gainOf: (key: string) => bigint,
): ReadonlyMap<string, bigint> => {
  const flows = new Map<string, bigint>();
  for (const move of outer.map(systemMove)) {
    if (move === null || move.from === move.to || holders.has(move.to)) continue;
    add(flows, move.to, move.amount);
    if (gainOf(move.to) >= move.amount) add(flows, move.from, -move.amount);
  }
  return flows;
};

const tokenFlows = (
  outer: readonly InnerInstruction[],
  holders: Holders,
): ReadonlyMap<string, bigint> => {
  const flows = new Map<string, bigint>();
  for (const move of outer.map(tokenMove)) {
    const from = holders.get(move?.from ?? "");
    const to = holders.get(move?.to ?? "");
    if (move === null || from === undefined || to === undefined || from.owner === to.owner)
      continue;
    if (from.owner !== null) add(flows, holding(from.owner, from.mint), -move.amount);
    if (to.owner !== null) add(flows, holding(to.owner, to.mint), move.amount);
  }
  return flows;
};

// Where no instruction says it, the payer of the transaction paid, and the owner got it back.
const rentFlows = (
  all: readonly InnerInstruction[],
  { keys, preBalances, postBalances, preTokens, postTokens }: RpcMeta,
): ReadonlyMap<string, bigint> => {
  const flows = new Map<string, bigint>();
  for (const one of postTokens) {
    if (preBalances[one.account] !== 0n) continue;
    const key = keys[one.account];
    const funds = all.map(systemMove).find((move) => move !== null && move.to === key);
    add(flows, funds?.from ?? keys[0], -rentOf(one, postBalances));
  }
  for (const one of preTokens) {
    if (postBalances[one.account] !== 0n) continue;
    const key = keys[one.account];
    const close = all.find(
      (instruction) => isClose(instruction) && instruction.accounts[0] === key,
    );
    add(flows, close?.accounts[1] ?? one.owner, rentOf(one, preBalances));
  }
  return flows;
};

/** Of a wrapped SOL account only what is not its balance is rent. */
const rentOf = ({ account, mint, amount }: TokenBalance, balances: readonly bigint[]): bigint => {
  const lamports = balances[account] ?? 0n;
  return mint === wrappedSolMint && lamports >= amount ? lamports - amount : lamports;
};

const add = (flows: Map<string, bigint>, key: string | null | undefined, amount: bigint): void => {
  if (key !== null && key !== undefined) flows.set(key, (flows.get(key) ?? 0n) + amount);
};

type Move = { readonly from: string; readonly to: string; readonly amount: bigint };

const moveOf = (
  { accounts, data }: InnerInstruction,
  places: { readonly from: number; readonly to: number; readonly amount: number },
): Move | null => {
  const from = accounts[places.from] ?? null;
  const to = accounts[places.to] ?? null;
  if (data === null || from === null || to === null || data.length < places.amount + 8) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return { from, to, amount: view.getBigUint64(places.amount, true) };
};

// Tags of the system program: u32.
const createAccount = 0;
const transfer = 2;
const createAccountWithSeed = 3;
/** Of the seed's u64 length, behind the tag and the base. */
const seedLengthAt = 36;

const systemMove = (instruction: InnerInstruction): Move | null => {
  const { program, data } = instruction;
  if (program !== programIds.System || data === null || data.length < 4) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const tag = view.getUint32(0, true);
  if (tag === createAccount || tag === transfer) {
    return moveOf(instruction, { from: 0, to: 1, amount: 4 });
  }
  if (tag !== createAccountWithSeed || data.length < seedLengthAt + 8) return null;
  const amount = seedLengthAt + 8 + view.getUint32(seedLengthAt, true);
  return moveOf(instruction, { from: 0, to: 1, amount });
};

// Tags of both token programs: a byte.
const tokenTransfer = 3;
const closeAccount = 9;
const transferChecked = 12;

const tokenTag = ({ program, data }: InnerInstruction): number | undefined =>
  program === programIds["SPL Token"] || program === programIds["Token-2022"]
    ? data?.[0]
    : undefined;

const tokenMove = (instruction: InnerInstruction): Move | null => {
  const tag = tokenTag(instruction);
  if (tag === tokenTransfer) return moveOf(instruction, { from: 0, to: 1, amount: 1 });
  // The mint stands between both.
  return tag === transferChecked ? moveOf(instruction, { from: 0, to: 2, amount: 1 }) : null;
};

const isClose = (instruction: InnerInstruction): boolean => tokenTag(instruction) === closeAccount;
