// The prefilter alone, ns a transaction: the scan of all keys for one program and for a list of 64, and
// the whole check with vote test and hits. Rival in the same run: the prototype's loops. Figures only.
import { type BenchOptions, figure, report } from "./harness.ts";
import { prototypeSniff, sniffCost } from "./sniff-cost.ts";

/** Called by test/bench/main.ts. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const size = { count: smoke ? 64 : 1024, rounds: smoke ? 5 : 60 };
  for (const programs of [1, 64]) {
    for (const use of ["scan", "check"] as const) {
      const ns = await sniffCost({ use, programs, ...size });
      figure(`${use} for ${programs}, refused (ns)`, ns.refused);
      figure(`${use} for ${programs}, watched (ns)`, ns.watched);
      report({ bench: "prefilter", use, programs, ns });
    }
    const method = programs === 1 ? "dvI32" : "hash64";
    const prototypeNs = smoke ? null : prototypeSniff(method, size.count);
    report({ bench: "prefilter", programs, rival: `prototype ${method}`, prototypeNs });
  }
};
