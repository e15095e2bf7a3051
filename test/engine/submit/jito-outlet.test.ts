// Bundles to a strict block engine: what becomes of them is told when it is known.
import { expect, it, onTestFinished } from "vitest";

import type { Fate } from "../../../engine/events/event-layout.ts";
import { JitoSender } from "../../../engine/send/jito-sender.ts";
import { JsonRpc } from "../../../engine/send/json-rpc.ts";
import { JitoOutlet } from "../../../engine/submit/jito-outlet.ts";
import { throwAwayKey, TipPayer } from "../../../engine/submit/tip-payer.ts";
import { runSeed, seeded } from "../../random.ts";
import { FakeJito } from "../send/fake-jito.ts";
import { anyTransfer } from "../send/transfers.ts";

const random = seeded(runSeed("jito-outlet"));

const setUp = async () => {
  const clock = { ms: 0 };
  const nowMs = (): number => clock.ms;
  const sleepMs = (ms: number): Promise<void> => {
    clock.ms += ms;
    return Promise.resolve();
  };
  const jito = new FakeJito(nowMs);
  const url = await jito.server.listen();
  onTestFinished(() => jito.server.close());
  const fates: Fate[] = [];
  const outlet = new JitoOutlet({
    sender: new JitoSender({
      regions: [{ name: "here", rpc: new JsonRpc({ url, fetch }) }],
      mode: "live",
      nowMs,
      sleepMs,
      random: () => 0.5,
    }),
    payer: new TipPayer({ ...throwAwayKey(), lamports: 5000, random: () => 0.5 }),
    report: {
      settled: (transactions, fate) =>
        void fates.push(...Array.from({ length: transactions }, () => fate)),
      submitted: () => undefined,
    },
    sleepMs,
    signal: new AbortController().signal,
    lookMs: 2000,
  });
  return { jito, outlet, fates };
};

it("a bundle that landed is found behind five that never do", async () => {
  const { jito, outlet, fates } = await setUp();
  for (let id = 0; id < 6; id += 1) {
    await outlet.send([{ id, bytes: anyTransfer(random), traceId: 0, lane: 0, receivedUs: 0 }]);
  }
  jito.land([...jito.bundles.keys()].at(-1) ?? "", 7);
  await outlet.finish();
  expect(fates).toEqual(["landed", ...Array.from({ length: 5 }, () => "accepted")]);
});
