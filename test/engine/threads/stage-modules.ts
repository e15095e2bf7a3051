// Modules of custom stages for tests, as text: they are written to a folder and loaded from there.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes a module and returns how a configuration in its folder would name it. */
export const writeModule = (folder: string, name: string, source: string): string => {
  writeFileSync(join(folder, `${name}.mjs`), source);
  return `./${name}.mjs`;
};

/** Adds `options.step` to each record, an Int32 and four bytes of nothing; `dies` makes it throw, `exits` exit with 0. */
export const adderSource = (name: string): string => `
  export const stage = {
    name: "${name}",
    inputBytes: 8,
    outputBytes: 8,
    metrics: { counters: { added: { name: "adder_added_total", help: "Records" } } },
    configure: ({ step, dies = false, exits = "" }) => {
      if (!Number.isInteger(step)) throw new RangeError("step=" + step + ": expected an integer");
      return ({ input, output, metrics }) => {
        const added = metrics.counter("added");
        return {
          name: "${name}",
          start() {
            if (exits === "start") process.exit(0);
          },
          work() {
            if (exits === "work" && input.available() > 0) process.exit(0);
            if (dies) throw new Error("as it was told");
            const count = Math.min(input.available(), output.claim(64));
            for (let i = 0; i < count; i += 1) {
              const at = output.slotBase(i) >> 2;
              output.i32[at] = input.i32[input.slotBase(i) >> 2] + step;
            }
            output.publish(count);
            input.release(count);
            added.add(count);
            return count;
          },
          stop() {
            if (exits === "stop") process.exit(0);
          },
        };
      };
    },
  };`;
