// The feed of `weir up` as a child process: an instrumented application, transactions and depth,
// posted to the edge like any client's.
import { apiKeyVariable } from "../feed/options.ts";
import { moduleUrl } from "../package-root.ts";
import { startNodeChild } from "./child.ts";

export type FeedOptions = {
  readonly edgeUrl: string;
  readonly apiKey: string | null;
  readonly transactions: readonly string[];
  readonly depth: readonly string[];
  readonly speed: string;
  readonly note: (line: string) => void;
};

export type FeedProcess = {
  readonly lastLine: () => string;
  /** Settles with a reason when the feed ended by itself with an error. */
  readonly failed: Promise<string>;
  readonly stop: (deadlineMs: number) => Promise<void>;
};

export const startFeed = (options: FeedOptions): FeedProcess => {
  let last = "";
  const child = startNodeChild({
    file: moduleUrl("engine/feed/main"),
    args: feedArguments(options),
    // Every user of the machine can read an argument.
    ...(options.apiKey !== null && { env: { [apiKeyVariable]: options.apiKey } }),
    onLine: (line) => {
      last = line;
    },
    onNote: (line) => options.note(`feed: ${line}`),
  });
  const failed = Promise.withResolvers<string>();
  let isStopping = false;
  const watch = async (): Promise<void> => {
    const code = await child.exited;
    if (code !== 0 && !isStopping) failed.resolve(`the feed ended with code=${code}`);
  };
  void watch();
  return {
    lastLine: () => last,
    failed: failed.promise,
    stop: async (deadlineMs) => {
      isStopping = true;
      await child.stop(deadlineMs);
    },
  };
};

const feedArguments = (options: FeedOptions): readonly string[] => [
  `--edge=${options.edgeUrl}`,
  ...options.transactions.map((file) => `--transactions=${file}`),
  ...options.depth.map((file) => `--depth=${file}`),
  `--speed=${options.speed}`,
];
