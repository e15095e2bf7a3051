// Random requests of the three signals, damaged in most cases: checker, reader and scanner must say
// what protobufjs says, never throw, and never look at what lies around the bytes.
import { scanCode } from "../../schemas/otlp/limits.ts";
import type { Signal } from "../../schemas/otlp/messages.ts";
import { signals } from "../../schemas/otlp/messages.ts";
import { Agreement } from "../oracles/otlp-agreement.ts";
import { protoEncode } from "../oracles/otlp-proto.ts";
import { damaged, randomMessage } from "../oracles/otlp-random.ts";
import type { Random } from "../random.ts";
import { seeded } from "../random.ts";
import type { FuzzOptions } from "./main.ts";

const signalNames = Object.keys(signals) as Signal[];
const damagesEach = 7;

const fuzz = (agreement: Agreement, random: Random, cases: number): void => {
  let left = cases;
  while (left > 0) {
    const signal = random.pick(signalNames);
    const { request } = signals[signal];
    const bytes = protoEncode(request, randomMessage(random, request, 3));
    agreement.assert(signal, bytes);
    for (let i = 0; i < damagesEach; i += 1) agreement.assert(signal, damaged(random, bytes));
    left -= 1 + damagesEach;
  }
};

/** Runs the cases. @throws Error with the request in hex at the first disagreement. */
export const run = ({ seed, cases }: FuzzOptions): Promise<void> => {
  fuzz(new Agreement(), seeded(seed), cases);
  return Promise.resolve();
};

/** A check that takes everything must be found out. @throws Error when it is not. */
export const canary = (): void => {
  const blind = { errorAt: 0, check: () => scanCode.ok };
  try {
    fuzz(new Agreement(blind), seeded(1), 1_000);
  } catch {
    return;
  }
  throw new Error("the canary was not caught: a check that takes everything passed");
};
