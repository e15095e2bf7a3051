// A custom stage between candidates and bundles, as text: it can be told to die, hang or exit.

/** Lets one record of `every` pass. */
export const halfSource = `
  import { existsSync, writeFileSync } from "node:fs";
  export const stage = {
    name: "half",
    inputBytes: 32,
    outputBytes: 32,
    metrics: { counters: { seen: { name: "half_seen_total", help: "Records" } } },
    configure: ({ every = 1, diesAfter = Infinity, hangsAfter = Infinity, exitsAfter = Infinity, hangsOnce }) => ({ input, output, metrics }) => {
      let n = 0;
      const seen = metrics.counter("seen");
      return {
        name: "half",
        start() {
          if (hangsOnce === undefined || existsSync(hangsOnce)) return;
          writeFileSync(hangsOnce, "");
          for (;;);
        },
        work() {
          if (input.available() === 0 || output.claim(1) === 0) return 0;
          n += 1;
          if (n > diesAfter) throw new Error("as it was told");
          while (n > hangsAfter);
          if (n > exitsAfter) process.exit(0);
          seen.add(1);
          if (n % every === 0) {
            const from = input.slotBase(0);
            output.bytes.set(input.bytes.subarray(from, from + 32), output.slotBase(0));
            output.publish(1);
          }
          input.release(1);
          return 1;
        },
        stop() {},
      };
    },
  };
`;
