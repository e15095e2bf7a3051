// Random trace requests, most of them damaged, against a registry with one of everything: the pass
// never throws, takes what scanner and message check take, and says by shapes what it says without.
import { protoEncode } from "../oracles/otlp-proto.ts";
import { damaged, randomMessage } from "../oracles/otlp-random.ts";
import { randomSpans } from "../oracles/random-spans.ts";
import { smallDefinitions, smallRegistry } from "../oracles/small-registry.ts";
import { ValidationAgreement } from "../oracles/validation-agreement.ts";
import type { Random } from "../random.ts";
import { seeded } from "../random.ts";
import type { FuzzOptions } from "./main.ts";

const request = "ExportTraceServiceRequest";
const damagesEach = 6;

const fuzz = (agreement: ValidationAgreement, random: Random, cases: number): void => {
  for (let left = cases; left > 0; left -= 1 + damagesEach) {
    const isSpans = random.below(4) > 0;
    const message = isSpans
      ? randomSpans(random, smallDefinitions)
      : randomMessage(random, request, 3);
    const bytes = protoEncode(request, message);
    if (isSpans) agreement.assertPlain(bytes);
    agreement.assertProof(bytes);
    for (let i = 0; i < damagesEach; i += 1) {
      const broken = damaged(random, bytes);
      agreement.assert(broken);
      agreement.assertProof(broken);
    }
  }
};

/** Runs the cases. @throws Error with what differs at the first disagreement. */
export const run = ({ seed, cases }: FuzzOptions): Promise<void> => {
  fuzz(new ValidationAgreement({ registry: smallRegistry }), seeded(seed), cases);
  return Promise.resolve();
};

/** A memory that takes every shape for the first one must be found out. @throws Error when not. */
export const canary = (): void => {
  const agreement = new ValidationAgreement({ registry: smallRegistry });
  const { shapes } = agreement.plan;
  const add = shapes.addVerdict.bind(shapes);
  shapes.addVerdict = (state, selector) => add(state, selector, 0);
  shapes.addFinding = () => undefined;
  try {
    fuzz(agreement, seeded(1), 500);
  } catch {
    return;
  }
  throw new Error("the canary was not caught: verdicts without findings passed");
};
