// Bundles to a strict Solana node: each transaction is sent by itself and followed to its end.
import { expect, it, onTestFinished } from "vitest";

import { openOutlet } from "../../../engine/submit/open-outlet.ts";
import type { Fate } from "../../../engine/events/event-layout.ts";
import type { Submission } from "../../../engine/submit/outlet.ts";
import type { OutletSettings } from "../../../engine/submit/submit-settings.ts";
import { runSeed, seeded } from "../../random.ts";
import { errorBodies } from "../send/error-bodies.ts";
import { FakeSolana } from "../send/fake-solana.ts";
import { anyTransfer } from "../send/transfers.ts";

const random = seeded(runSeed("solana-outlet"));
const variable = "WEIR_SENDERS_SOLANA_KEY";

const bundle = (count: number) =>
  Array.from({ length: count }, (_, id) => ({
    id,
    bytes: anyTransfer(random),
    traceId: 0,
    lane: 0,
    receivedUs: 0,
  }));

const setUp = async (isDryRun: boolean, variables: { readonly [name: string]: string } = {}) => {
  const solana = new FakeSolana();
  const url = await solana.server.listen();
  onTestFinished(() => solana.server.close());
  const settings: OutletSettings = {
    kind: "solana",
    url,
    isDryRun,
    keyFile: "",
    resendMs: 100,
    roundsMax: 10,
    backoff: { backoffMs: 1, backoffMsMax: 2 },
  };
  const fates: Fate[] = [];
  const submissions: Submission[] = [];
  const clock = { ms: 0 };
  const outlet = () =>
    openOutlet(settings, {
      variables,
      fetch,
      report: {
        settled: (transactions, fate) =>
          void fates.push(...Array.from({ length: transactions }, () => fate)),
        submitted: (submission) => void submissions.push(submission),
      },
      nowMs: () => clock.ms,
      // Each wait is a block.
      sleepMs: async (ms) => {
        clock.ms += ms;
        solana.advance(1);
      },
      random: () => 0.5,
      signal: new AbortController().signal,
    });
  return { solana, outlet, fates, submissions, clock };
};

it("each transaction of a bundle lands by itself, with the key in each request", async () => {
  const { solana, outlet, fates, submissions } = await setUp(false, { [variable]: "token-1" });
  const sender = outlet();
  await sender.send(bundle(16));
  await sender.finish();
  expect(fates).toEqual(Array.from({ length: 16 }, () => "landed"));
  expect(new Set(submissions.flatMap(({ signatures }) => signatures)).size).toBe(16);
  expect(solana.server.calls("getLatestBlockhash")).toHaveLength(1);
  const keys = solana.server.requests.map(({ headers }) =>
    Reflect.get(Object(headers), "authorization"),
  );
  expect(new Set(keys)).toEqual(new Set(["Bearer token-1"]));
});

it("what the node refuses and what fails in its block is told as that", async () => {
  const { solana, outlet, fates, submissions } = await setUp(false, { [variable]: "token-1" });
  solana.err = { InstructionError: [0, "Custom"] };
  solana.server.script("sendTransaction", { error: errorBodies.invalidParams });
  const sender = outlet();
  await sender.send(bundle(1));
  await sender.finish();
  await sender.send(bundle(1));
  await sender.finish();
  expect(fates).toEqual(["rejected", "failed"]);
  expect(submissions[1]?.reason).toContain("InstructionError");
});

it("a node that is busy when the last height is asked for costs no transaction", async () => {
  const { solana, outlet, fates } = await setUp(false, { [variable]: "token-1" });
  const busy = { error: errorBodies.publicRateLimit, status: 429 };
  solana.server.script("getLatestBlockhash", busy, "lost", busy);
  const sender = outlet();
  await sender.send(bundle(3));
  await sender.finish();
  expect(fates).toEqual(["landed", "landed", "landed"]);
  expect(solana.server.calls("getLatestBlockhash")).toHaveLength(4);
});

it("without a last height nothing is sent, and the transactions are told as rejected", async () => {
  const { solana, outlet, fates, submissions } = await setUp(false, { [variable]: "token-1" });
  const failures = Array.from({ length: 8 }, () => ({ error: errorBodies.nodeBehind }));
  solana.server.script("getLatestBlockhash", ...failures, { error: errorBodies.methodNotFound });
  const sender = outlet();
  await sender.send(bundle(1));
  await sender.send(bundle(1));
  await sender.finish();
  expect(fates).toEqual(["rejected", "rejected"]);
  expect(submissions.map(({ reason }) => reason)).toEqual([
    "Node is behind by 153 slots",
    "Method not found",
  ]);
  expect(solana.server.calls("getLatestBlockhash")).toHaveLength(9);
  expect(solana.server.calls("sendTransaction")).toEqual([]);
});

it("a transaction that is younger than the height in use is sent until its own", async () => {
  const { solana, outlet, fates, clock } = await setUp(false, { [variable]: "token-1" });
  const sender = outlet();
  const first = solana.height + 150;
  await sender.send(bundle(1));
  await sender.finish();
  // 4 s later a new blockhash lives 10 blocks longer.
  clock.ms = 4_000;
  solana.advance(first + 5 - solana.height);
  await sender.send(bundle(1));
  await sender.finish();
  expect(solana.server.calls("getLatestBlockhash")).toHaveLength(1);
  expect(fates).toEqual(["landed", "landed"]);
});

it("in a dry run nothing is asked, and bytes that are no transaction are told", async () => {
  const { solana, outlet, fates } = await setUp(true);
  const sender = outlet();
  await sender.send([
    ...bundle(2),
    { id: 9, bytes: Uint8Array.of(1, 2), traceId: 0, lane: 0, receivedUs: 0 },
  ]);
  await sender.finish();
  expect(fates.toSorted()).toEqual(["dry-run", "dry-run", "invalid"]);
  expect(solana.server.requests).toEqual([]);
});

it("nothing is sent without a key", async () => {
  const { outlet } = await setUp(false);
  expect(outlet).toThrow(`${variable}: expected a key in it or in a file when dry_run is false`);
});
