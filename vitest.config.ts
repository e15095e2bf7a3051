// What runs in Node, the edge inside real workerd, and, one file at a time when the others are done,
// what needs the machine for itself: spinning threads and whole systems. Test files that leave nothing
// behind share their process or isolate (test/tidy.test.ts looks after it).
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

const alone = ["test/end-to-end/**/*.test.ts", "test/engine/ring/ring-threads.test.ts"];
// Functions of their arguments: they share a process, whose modules are read once.
const plain = [
  "test/schemas/{market,otlp,sampling,validate,weaver}/**/*.test.ts",
  "test/engine/{arbitrage,bundle,check,handoff,registry,resolve,send,stream}/**/*.test.ts",
];
// They replace timers, which would stay so for who shares their isolate.
const timed = [
  "test/edge/forward/group-commit*.test.ts",
  "test/edge/forward/isolate-batch.test.ts",
  "test/edge/forward/rest-sink.test.ts",
  "test/edge/receive/*.test.ts",
  "test/edge/registry/registry-holder.test.ts",
];
// They end what hangs, on the slowest machine too: no test says how long something takes.
const timeouts = {
  testTimeout: 300_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 120_000 } },
};

const workerd = (test: TestProjectInlineConfiguration["test"]): TestProjectInlineConfiguration => ({
  plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
  test: { ...timeouts, sequence: { groupOrder: 1 }, ...test },
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...timeouts,
          name: "plain",
          include: plain,
          pool: "forks",
          maxWorkers: 2,
          isolate: false,
        },
      },
      {
        test: {
          ...timeouts,
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/edge/**", ...plain, ...alone],
          pool: "forks",
          maxWorkers: 2,
        },
      },
      workerd({
        name: "workerd",
        include: ["test/edge/**/*.test.ts"],
        exclude: timed,
        // One isolate for all: each of its own reads the Worker's modules anew, for two seconds.
        isolate: false,
      }),
      workerd({ name: "workerd-timers", include: timed }),
      {
        test: {
          ...timeouts,
          // With WEIR_KILLS one starts an engine twenty times.
          testTimeout: 900_000,
          name: "alone",
          include: alone,
          pool: "forks",
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
