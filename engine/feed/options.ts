// The command line of the feed process. Rates of 0 leave a part out.
import { integerOption, readArguments } from "../cli/arguments.ts";
import { type Options, UsageError, type Values } from "../cli/command.ts";
import { messageVenueNames } from "../../schemas/market/venues.ts";
import { venueOfFile } from "./depth.ts";

const feedOptionTable: Options = {
  edge: { value: "URL", help: "address of the edge", default: "http://127.0.0.1:4318" },
  spans: { value: "N", help: "spans per second of the application", default: "200" },
  "transactions-rate": { value: "N", help: "transactions per second", default: "500" },
  "depth-rate": { value: "N", help: "generated depth updates per second", default: "20" },
  transactions: { value: "FILE...", many: true, help: "recorded transactions to send" },
  depth: { value: "FILE...", many: true, help: "recorded depth to play, VENUE=FILE or by name" },
  speed: { value: "N", help: "speed of recorded depth, 0 = as fast as possible", default: "1" },
  seed: { value: "N", help: "seed of all that is drawn; without it the clock's" },
};

/** What `weir up` starts the feed with. Rates are per second. */
export type FeedSettings = {
  readonly edgeUrl: string;
  readonly apiKey: string | null;
  readonly spansPerSecond: number;
  readonly transactionsPerSecond: number;
  readonly depthPerSecond: number;
  readonly transactions: readonly string[];
  readonly depth: readonly string[];
  readonly speed: number;
  /** Null: ids and draws differ from run to run. */
  readonly seed: number | null;
};

/** Environment variable of the key that is sent as bearer token. */
export const apiKeyVariable = "WEIR_FEED_API_KEY";

const rateMax = 1_000_000;
const seedMax = 2 ** 32 - 1;
const speedMax = 1_000_000;

/** @throws UsageError naming the option, what was found and what was expected. */
export const readFeedSettings = (argv: readonly string[], apiKey: string | null): FeedSettings => {
  const args = readArguments(feedOptionTable, argv);
  if (args.positionals.length > 0) {
    throw new UsageError(`the feed takes options only, found ${args.positionals.join(" ")}`);
  }
  const { values } = args;
  const rate = (name: string): number => integerOption(args, name, { min: 0, max: rateMax }) ?? 0;
  return {
    edgeUrl: edgeUrl(values),
    apiKey,
    spansPerSecond: rate("spans"),
    transactionsPerSecond: rate("transactions-rate"),
    depthPerSecond: rate("depth-rate"),
    transactions: files(values, "transactions"),
    depth: files(values, "depth"),
    speed: speedOption(values),
    seed: integerOption(args, "seed", { min: 0, max: seedMax }) ?? null,
  };
};

const files = (values: Values, name: string): readonly string[] => {
  const given = values[name];
  return Array.isArray(given) ? (given as readonly string[]) : [];
};

const edgeUrl = (values: Values): string => {
  const text = String(values["edge"]);
  if (!URL.canParse(text) || !/^https?:/.test(text)) {
    throw new UsageError(`--edge must be an http(s) address, found ${text}`);
  }
  return text.replace(/\/+$/, "");
};

/** Of `--speed`. @throws UsageError naming the range. */
export const speedOption = (values: Values): number => {
  const text = String(values["speed"]);
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= speedMax) return value;
  throw new UsageError(`--speed must be a number from 0 to ${speedMax}, found ${text}`);
};

/** Of one word of `--depth`. @throws UsageError when it does not tell the venue. */
export const depthFileOf = (word: string): NonNullable<ReturnType<typeof venueOfFile>> => {
  const file = venueOfFile(word);
  if (file !== null) return file;
  throw new UsageError(
    `--depth ${word}: name the venue, as in --depth binance-spot=${word}; one of ${messageVenueNames.join(", ")}`,
  );
};
