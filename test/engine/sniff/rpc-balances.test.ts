import { expect, test } from "vitest";

import { tradeAmounts } from "../../../engine/sniff/rpc-balances.ts";
import { flowsOf } from "../../../engine/sniff/rpc-flows.ts";
import { type InnerInstruction, readMeta } from "../../../engine/sniff/rpc-meta.ts";
import { encodeBase58 } from "../../../schemas/market/base58.ts";
import { programIds, wrappedSolMint } from "../../../schemas/market/programs.ts";

const rent = 2_039_280;
const fee = 5000;
const start = 1_000_000_000;

const balance = (accountIndex: number, mint: string, amount: number, owner = "user") => ({
  accountIndex,
  mint,
  owner,
  uiTokenAmount: { amount: `${amount}` },
});

const u64 = (value: number): number[] => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return [...bytes];
};

type Known = Parameters<typeof readMeta>[0];
type Given = { readonly keys?: readonly string[]; readonly outer?: readonly InnerInstruction[] };

const instruction = (
  program: "System" | "SPL Token" | "Token-2022",
  accounts: readonly string[],
  data: readonly number[],
): InnerInstruction => ({ program: programIds[program], accounts, data: Uint8Array.from(data) });
const transfer = (from: string, to: string, lamports: number) =>
  instruction("System", [from, to], [2, 0, 0, 0, ...u64(lamports)]);

/** A sale of 40 units; the payer's token account is the second. */
const sale = { direction: "sell", user: "user", mint: "coin", quoteMint: wrappedSolMint } as const;
const amountsOf = (
  json: Known,
  { keys = ["user", "coins", "wrapped"], outer = [] }: Given = {},
) => {
  const meta = readMeta({ err: null, fee, ...json }, keys);
  return tradeAmounts(meta, sale, flowsOf(outer, meta));
};

test("the rent of a token account that a sale closes is not what it was sold for", () => {
  const sold = amountsOf({
    preBalances: [start, rent, 0],
    postBalances: [start + 777 + rent - fee, 0, 0],
    preTokenBalances: [balance(1, "coin", 40)],
    postTokenBalances: [],
  });
  expect(sold).toEqual({ base: 40n, quote: 777n });
});

test("a wrapped SOL account that is closed gives its rent back, and its balance is no rent", () => {
  const sold = amountsOf({
    preBalances: [start, rent, rent + 1000],
    postBalances: [start + 1000 + 777 + rent - fee, rent, 0],
    preTokenBalances: [balance(1, "coin", 40), balance(2, wrappedSolMint, 1000)],
    postTokenBalances: [balance(1, "coin", 0)],
  });
  expect(sold).toEqual({ base: 40n, quote: 777n });
});

test("a token account that stays open gives nothing back", () => {
  const sold = amountsOf({
    preBalances: [start, rent, 0],
    postBalances: [start + 777 - fee, rent, 0],
    preTokenBalances: [balance(1, "coin", 40)],
    postTokenBalances: [balance(1, "coin", 0)],
  });
  expect(sold).toEqual({ base: 40n, quote: 777n });
});

/** A sale for 777 by "user", of which "payer" pays the fee and got or gave `payerChange` besides. */
const sponsored = (outer: readonly InnerInstruction[], change: number, payerChange: number) =>
  amountsOf(
    {
      preBalances: [start, start, rent, 0],
      postBalances: [start - fee + payerChange, start + 777 + change, rent, 0],
      preTokenBalances: [balance(2, "coin", 40)],
      postTokenBalances: [balance(2, "coin", 0)],
    },
    { keys: ["payer", "user", "coins", "tip"], outer },
  );

test("what the trader gets from another, or sends to itself, is not what it sold for", () => {
  const sold = { base: 40n, quote: 777n };
  expect(sponsored([transfer("payer", "user", 90_000)], 90_000, -90_000)).toEqual(sold);
  expect(sponsored([transfer("user", "payer", 90_000)], -90_000, 90_000)).toEqual(sold);
  expect(sponsored([transfer("user", "user", 500)], 0, 0)).toEqual(sold);
  // A payer that is paid its fee back gains nothing.
  expect(sponsored([transfer("user", "payer", fee)], -fee, fee)).toEqual(sold);
});

test("rent is of those who paid it, and of those whom a closed account's lamports went to", () => {
  const opened = (funds: InnerInstruction | null, userChange: number) =>
    amountsOf(
      {
        preBalances: [start, start, rent, 0],
        postBalances: [start - fee, start + 777 + userChange, rent, rent],
        preTokenBalances: [balance(2, "coin", 40)],
        postTokenBalances: [balance(2, "coin", 0), balance(3, "other", 0)],
        innerInstructions: [
          {
            index: 0,
            instructions:
              funds === null
                ? []
                : [
                    {
                      ...funds,
                      programId: funds.program,
                      data: funds.data && encodeBase58(funds.data),
                    },
                  ],
          },
        ],
      },
      { keys: ["payer", "user", "coins", "others"] },
    );
  const size = [...u64(rent), ...u64(165), ...Array.from({ length: 32 }, () => 6)];
  const created = instruction("System", ["user", "others"], [0, 0, 0, 0, ...size]);
  const base = Array.from({ length: 32 }, () => 1);
  const seeded = [3, 0, 0, 0, ...base, ...u64(4), ...Buffer.from("seed"), ...size];
  const sold = { base: 40n, quote: 777n };
  expect(opened(created, -rent)).toEqual(sold);
  expect(opened(instruction("System", ["user", "others"], seeded), -rent)).toEqual(sold);
  expect(
    opened(
      instruction("System", ["payer", "others"], created.data === null ? [] : [...created.data]),
      0,
    ),
  ).toEqual(sold);
  // Nobody says who paid: it was the payer.
  expect(opened(null, 0)).toEqual(sold);
  const closed = amountsOf(
    {
      preBalances: [start, start, rent],
      postBalances: [start - fee + rent, start + 777, 0],
      preTokenBalances: [balance(2, "coin", 40)],
      postTokenBalances: [],
    },
    {
      keys: ["payer", "user", "coins"],
      outer: [instruction("SPL Token", ["coins", "payer", "user"], [9])],
    },
  );
  expect(closed).toEqual(sold);
});

test("coins that a transfer of their own brings or takes are not the trade's", () => {
  const moved = (outer: InnerInstruction, units: number) =>
    amountsOf(
      {
        preBalances: [start, rent, rent],
        postBalances: [start + 777 - fee, rent, rent],
        preTokenBalances: [balance(1, "coin", 100), balance(2, "coin", 100, "friend")],
        postTokenBalances: [
          balance(1, "coin", 60 - units),
          balance(2, "coin", 100 + units, "friend"),
        ],
      },
      { keys: ["user", "coins", "friends"], outer: [outer] },
    );
  const sold = { base: 40n, quote: 777n };
  const given = [...u64(7)];
  expect(moved(instruction("SPL Token", ["coins", "friends", "user"], [3, ...given]), 7)).toEqual(
    sold,
  );
  const checked = ["coins", "coin", "friends", "user"];
  expect(moved(instruction("Token-2022", checked, [12, ...given, 6]), 7)).toEqual(sold);
  const back = instruction("SPL Token", ["friends", "coins", "friend"], [3, ...given]);
  expect(moved(back, -7)).toEqual(sold);
  // Cut short: no transfer.
  expect(moved(instruction("SPL Token", ["coins"], [3, ...given]), 0)).toEqual(sold);
  expect(moved(instruction("SPL Token", ["coins", "friends", "user"], [3, 7]), 0)).toEqual(sold);
});

test("without a quote when another coin of the trader moved too: the SOL may be of that trade", () => {
  const sold = amountsOf({
    preBalances: [start, rent, rent],
    postBalances: [start + 777 + 5_000_000 - fee, rent, rent],
    preTokenBalances: [balance(1, "coin", 40), balance(2, "dollar", 900)],
    postTokenBalances: [balance(1, "coin", 0), balance(2, "dollar", 100)],
  });
  expect(sold).toEqual({ base: 40n, quote: null });
});

test("rent is found in instructions that the node has parsed, and an unknown form moves nothing", () => {
  const owner = encodeBase58(Uint8Array.from({ length: 32 }, () => 6));
  const inner = (type: string, info: object) => [
    {
      index: 0,
      instructions: [
        { program: "system", programId: programIds.System, parsed: { type, info } },
        { program: "system", programId: programIds.System, parsed: { type: "new", info: {} } },
        {
          program: "system",
          programId: programIds.System,
          parsed: { type: "createAccount", info: {} },
        },
      ],
    },
  ];
  const opened = (source: string, payerChange: number, userChange: number) =>
    amountsOf(
      {
        preBalances: [start, start, rent, 0],
        postBalances: [start - fee + payerChange, start + 777 + userChange, rent, rent],
        preTokenBalances: [balance(2, "coin", 40)],
        postTokenBalances: [balance(2, "coin", 0), balance(3, "other", 0)],
        innerInstructions: inner("createAccount", {
          source,
          newAccount: "others",
          lamports: rent,
          space: 165,
          owner,
        }),
      },
      { keys: ["payer", "user", "coins", "others"] },
    );
  expect(opened("user", 0, -rent)).toEqual({ base: 40n, quote: 777n });
  expect(opened("payer", -rent, 0)).toEqual({ base: 40n, quote: 777n });
});
