// The words after `npm run bench --`, as one value. A bad word gives a message, never a guess.

export type BenchArguments = {
  /** Benchmarks to run, in order; all when none is named. */
  readonly names: readonly string[];
  readonly smoke: boolean;
  /** Fresh processes to run each benchmark in. */
  readonly runs: number;
  /** Where the figures go: a file, "-" for standard output alone, null for nowhere. */
  readonly json: string | null;
  /** The base to compare with. */
  readonly compare: string | null;
};

/** Words or files that the user must change: its message is all that they need. */
export class UsageError extends Error {}

const runsMax = 50;
/** Runs of a measurement that is kept or judged, unless `--runs` says otherwise. */
const runsKept = 3;

const usage = `usage: npm run bench -- [NAME...] [--smoke] [--runs N] [--json [FILE.json]] [--compare BASE.json]`;

type Words = { readonly words: readonly string[]; at: number };

const isFile = (word: string | undefined): word is string => word?.endsWith(".json") === true;

const fileAfter = (option: string, rest: Words): string => {
  const word = rest.words[rest.at];
  if (!isFile(word)) throw new UsageError(`${option} needs a file that ends in .json\n${usage}`);
  rest.at += 1;
  return word;
};

const runsAfter = (rest: Words): number => {
  const word = rest.words[rest.at] ?? "";
  const runs = Number(word);
  if (!Number.isInteger(runs) || runs < 1 || runs > runsMax)
    throw new UsageError(`--runs=${word} must be an integer, 1 to ${runsMax}\n${usage}`);
  rest.at += 1;
  return runs;
};

/** @throws UsageError. */
export const parseBenchArguments = (
  words: readonly string[],
  known: readonly string[],
): BenchArguments => {
  const names: string[] = [];
  const rest: Words = { words, at: 0 };
  let smoke = false;
  let runs: number | null = null;
  let json: string | null = null;
  let compare: string | null = null;
  while (rest.at < words.length) {
    const word = words[rest.at] ?? "";
    rest.at += 1;
    if (word === "--smoke") smoke = true;
    else if (word === "--runs") runs = runsAfter(rest);
    else if (word === "--json") json = isFile(words[rest.at]) ? fileAfter(word, rest) : "-";
    else if (word === "--compare") compare = fileAfter(word, rest);
    else if (known.includes(word)) names.push(word);
    else if (word.startsWith("-")) throw new UsageError(`unknown option ${word}\n${usage}`);
    else throw new UsageError(`unknown benchmark ${word}; known: ${known.join(", ")}`);
  }
  const isKept = (json !== null || compare !== null) && !smoke;
  return {
    names: names.length > 0 ? names : known,
    smoke,
    runs: runs ?? (isKept ? runsKept : 1),
    json,
    compare,
  };
};
