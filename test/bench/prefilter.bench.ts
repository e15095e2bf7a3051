// The prefilter alone, ns a transaction, for one program and for a list of 64: all keys are looked at
// and all hits noted. Rivals in the same run: a plain twin, and where they are at hand the prototype's
// loops, which end at the first hit.
import { type BenchOptions, figure, report } from "./harness.ts";
import { prototypeSniff, sniffCost } from "./sniff-cost.ts";
import { sniffTwin } from "./sniff-twin.ts";

/** Called by test/bench/main.ts. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const size = { count: smoke ? 64 : 1024, rounds: smoke ? 5 : 60 };
  for (const programs of [1, 64]) {
    const ns = await sniffCost({ use: "check", programs, ...size });
    figure(`prefilter for ${programs}, refused (ns)`, ns.refused);
    figure(`prefilter for ${programs}, watched (ns)`, ns.watched);
    report({ bench: "prefilter", programs, ns });
    const twinNs = sniffTwin("check", programs, size.count);
    report({ bench: "prefilter", programs, rival: "plain twin", twinNs });
    const method = programs === 1 ? "dvI32" : "hash64";
    const prototypeNs = smoke ? null : prototypeSniff(method, size.count);
    report({ bench: "prefilter", programs, rival: `prototype ${method}`, prototypeNs });
  }
};
