// The extractor, ns a transaction, its prefilter included, with a list of 64 programs: finding the
// watched instruction and its places, then writing the whole candidate. Rivals in the same
// run: a plain twin, and where it is at hand the prototype's extraction (one program, four keys, no
// list). Figures only.
import { type BenchOptions, figure, report } from "./harness.ts";
import { prototypeSniff, sniffCost } from "./sniff-cost.ts";
import { sniffTwin } from "./sniff-twin.ts";

/** Called by test/bench/main.ts. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const size = { count: smoke ? 64 : 1024, rounds: smoke ? 5 : 60 };
  for (const programs of [1, 64]) {
    for (const use of ["extract", "write"] as const) {
      const ns = await sniffCost({ use, programs, ...size });
      figure(`${use} with ${programs}, refused (ns)`, ns.refused);
      figure(`${use} with ${programs}, watched (ns)`, ns.watched);
      report({ bench: "extractor", use, programs, ns });
    }
    const twinNs = sniffTwin("extract", programs, size.count);
    report({ bench: "extractor", programs, rival: "plain twin", twinNs });
  }
  const prototypeNs = smoke ? null : prototypeSniff("extract", size.count);
  report({ bench: "extractor", rival: "prototype extract", prototypeNs });
};
