// What the section `watch` comes to: the programs of a watch list.
import { type InstructionForm, instructionRules } from "../../schemas/market/programs.ts";
import { type WatchedProgram, watchedPrograms } from "../sniff/watch-list.ts";
import type { Config } from "./schema.ts";

/** What a market thread watches: known programs in the order of the rules, then own ones. */
export const watchedProgramsOf = ({ watch }: Pick<Config, "watch">): readonly WatchedProgram[] => [
  ...watchedPrograms(instructionRules.filter(({ program }) => watch.programs.includes(program))),
  ...watch.own.map(({ name, id, instructions }) => ({
    name,
    id,
    rules: instructions.map(ownForm),
  })),
];

type OwnInstruction = Config["watch"]["own"][number]["instructions"][number];

const ownForm = (own: OwnInstruction): InstructionForm => ({
  instruction: own.instruction,
  discriminator: own.discriminator,
  direction: own.direction ?? null,
  sideAt: null,
  mint: own.mint,
  user: own.user,
  pool: own.pool,
  quoteMint: own.quote_mint,
  quoteMintOrSol: false,
  base: own.base ?? null,
  quote: own.quote ?? null,
});
