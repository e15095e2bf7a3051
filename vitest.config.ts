// Three projects: what runs in Node, the edge inside real workerd, and, one file at a time when the
// others are done, what needs the machine for itself: spinning threads and whole systems.
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const alone = ["test/end-to-end/**/*.test.ts", "test/engine/ring/ring-threads.test.ts"];
// They end what hangs, on the slowest machine too: no test says how long something takes.
const timeouts = {
  testTimeout: 300_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 120_000 } },
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...timeouts,
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/edge/**", ...alone],
          pool: "forks",
          maxWorkers: 2,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
        test: {
          ...timeouts,
          name: "workerd",
          include: ["test/edge/**/*.test.ts"],
          // One workerd for all: each would read the Worker's modules anew, five times as long.
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...timeouts,
          // One starts an engine twenty times.
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
