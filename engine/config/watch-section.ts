// The section `watch`: which instructions of which programs become candidates. Those that Weir knows
// are chosen by the program's name; `own` adds further ones, with the places of their accounts and
// amounts. Together they are a watch list (engine/sniff/watch-list.ts).
import * as z from "zod";

import { decodeKey } from "../../schemas/market/base58.ts";
import { instructionRules, programIds } from "../../schemas/market/programs.ts";
import { watchedProgramsMax, watchedRulesMax } from "../sniff/watch-list.ts";
import { texts } from "./fields.ts";

const restart = "restart";

/** Programs that have instructions to watch. */
const watchable: readonly string[] = [...new Set(instructionRules.map(({ program }) => program))];

const nameExpected = "expected a name of up to 64 characters";
const idExpected = "expected a program's id, 32 bytes in base58, not the vote program's";
const discriminatorExpected = "expected the first 8 bytes of the data as 16 hex digits, a-f small";
const positionExpected = "expected a place in the instruction's own list, an integer from 0 to 255";
const quoteExpected = 'expected "sol", or a place in the list, an integer from 0 to 255';
const amountExpected = "expected {at, kind}: a byte of the data, 8 to 4088, and exact or limit";
const directions = ["buy", "sell", "create", "migrate"] as const;

const place = z.int(positionExpected).min(0, positionExpected).max(255, positionExpected);

const amount = z
  .strictObject(
    {
      at: z.int(amountExpected).min(8, amountExpected).max(4088, amountExpected),
      kind: z.enum(["exact", "limit"], amountExpected),
    },
    amountExpected,
  )
  .optional();

const name = z.string(nameExpected).min(1, nameExpected).max(64, nameExpected);

const instructionFields = {
  instruction: name,
  discriminator: z.string(discriminatorExpected).regex(/^[0-9a-f]{16}$/, discriminatorExpected),
  direction: z.enum(directions, `expected one of ${directions.join(", ")}, or none`).optional(),
  mint: place,
  user: place,
  pool: place,
  quote_mint: z.union([z.literal("sol"), place], quoteExpected).default("sol"),
  base: amount,
  quote: amount,
};

const keysOf = (shape: object): string => Object.keys(shape).join(", ");

/** An object of these keys alone; what is unknown is told with what is known. */
const objectOf = <T extends z.core.$ZodLooseShape>(shape: T) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `unknown key ${issue.keys.join(", ")}; known: ${keysOf(shape)}`
        : `expected an object of ${keysOf(shape)}`,
  });

const instructionsExpected = `expected a list of 1 to ${watchedRulesMax} instructions`;
const ownExpected = `expected a list of up to ${watchedProgramsMax} of {name, id, instructions}`;

const isDistinct = (values: readonly string[]): boolean => new Set(values).size === values.length;

const ownProgram = objectOf({
  name,
  id: z
    .string(idExpected)
    .refine((id) => decodeKey(id) !== null && id !== programIds.Vote, idExpected)
    .meta({ pattern: "^[1-9A-HJ-NP-Za-km-z]{32,44}$", not: { const: programIds.Vote } }),
  instructions: z
    .array(objectOf(instructionFields), instructionsExpected)
    .min(1, instructionsExpected)
    .max(watchedRulesMax, instructionsExpected)
    .refine(
      (list) => isDistinct(list.map(({ discriminator }) => discriminator)),
      "expected discriminators that differ",
    ),
});

/** The section. */
export const watch = z.strictObject({
  programs: texts({
    default: watchable,
    max: watchedProgramsMax,
    expected: watchable.join(", "),
    isGood: (name) => watchable.includes(name),
    item: { enum: watchable },
    reload: restart,
    what: "programs whose instructions become candidates",
  }),
  own: z
    .array(ownProgram, ownExpected)
    .max(watchedProgramsMax, ownExpected)
    .refine((list) => isDistinct(list.map(({ name }) => name)), "expected names that differ")
    .refine((list) => isDistinct(list.map(({ id }) => id)), "expected ids that differ")
    .default([])
    .meta({
      description: "further programs, with the instructions of them that become candidates",
      reload: restart,
    }),
});
