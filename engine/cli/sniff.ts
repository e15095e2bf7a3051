// weir sniff: the market thread's sniffer over files. One line per transaction; the tally of
// verdicts goes to standard error.
import { instructionRules } from "../../schemas/market/programs.ts";
import { RpcShapeError } from "../sniff/rpc-value.ts";
import { SecureLines } from "../sniff/secure-line.ts";
import { sniffLine } from "../sniff/sniff-line.ts";
import { Sniffer } from "../sniff/sniffer.ts";
import { WatchList, watchedPrograms } from "../sniff/watch-list.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UsageError } from "./command.ts";
import { InputError } from "./input.ts";
import { type SniffFormat, sniffFormats, type SniffItem, sniffItems } from "./sniff-input.ts";

const run = async (args: Arguments, io: Io): Promise<number> => {
  const files = args.positionals;
  if (files.length === 0) throw new UsageError("weir sniff needs a FILE, or - for standard input");
  const format = formatOf(args.values["format"]);
  const strict = args.values["strict"] === true;
  const sniffer = new Sniffer({
    watch: new WatchList(watchedPrograms(instructionRules)),
    v1: args.values["v1"] === true,
  });
  const secure = args.values["secure"] === true ? new SecureLines() : null;
  const tally = new Map<string, number>();
  let problems = 0;
  for (const file of files) {
    for await (const item of readable(sniffItems(file, format, io))) {
      if (io.signal.aborted) break;
      const problem = await sniffOne({ sniffer, secure, io, tally }, file, item);
      if (problem !== null) {
        problems += 1;
        io.note(`weir sniff: ${problem}`);
        if (strict) return exitCode.failed;
      }
    }
    if (io.signal.aborted) break;
  }
  io.note(tallyText(tally, problems));
  return problems === 0 ? exitCode.good : exitCode.failed;
};

/** A file that cannot be read (on) is a problem like any other: the next file follows. */
async function* readable(items: AsyncIterable<SniffItem>): AsyncGenerator<SniffItem> {
  try {
    yield* items;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    yield { problem: error.message };
  }
}

type Context = {
  readonly sniffer: Sniffer;
  readonly secure: SecureLines | null;
  readonly io: Io;
  readonly tally: Map<string, number>;
};

/** Writes the line of one transaction; returns what is wrong with the input, or null. */
const sniffOne = async (
  { sniffer, secure, io, tally }: Context,
  file: string,
  item: SniffItem,
): Promise<string | null> => {
  if ("problem" in item) return item.problem;
  try {
    const found = sniffLine(sniffer, item);
    const line = secure === null ? found : secure.check(found, item);
    const name = line.reason ?? line.verdict;
    tally.set(name, (tally.get(name) ?? 0) + 1);
    await io.line(JSON.stringify(line));
    return null;
  } catch (error) {
    if (error instanceof RpcShapeError) return `${file}: ${error.message}`;
    throw error;
  }
};

const formatOf = (value: unknown): SniffFormat | null => {
  if (value === undefined) return null;
  const format = sniffFormats.find((name) => name === value);
  if (format !== undefined) return format;
  throw new UsageError(
    `--format must be one of ${sniffFormats.join(", ")}, found ${JSON.stringify(value)}`,
  );
};

const tallyText = (tally: ReadonlyMap<string, number>, problems: number): string => {
  const parts = [...tally].map(([name, count]) => `${name} ${count}`);
  if (problems > 0) parts.push(`unreadable ${problems}`);
  return `weir sniff: ${parts.length > 0 ? parts.join(", ") : "no transaction"}`;
};

export const sniff: Command = {
  name: "sniff",
  purpose: "Finds launches and trades in Solana transactions with the market thread's sniffer.",
  usage: "[options] FILE...",
  options: {
    format: {
      value: "FORMAT",
      help: `${sniffFormats.join(", ")}; without it the first bytes tell`,
    },
    strict: { help: "stop at the first input that cannot be read" },
    secure: {
      help: "check signatures, replays within the input, and suspicious mints too",
    },
    v1: { help: "accept v1 transactions (SIMD-0385)" },
  },
  examples: [
    "weir sniff --format getBlock block.json | jq -c .matches[]",
    "solana-capture | weir sniff --format wire -",
  ],
  run,
};
