// The whole system as a user starts it: log, engine, edge in workerd and feed, over real sockets.
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, describe, expect, it } from "vitest";

import { openLog } from "../../engine/log/open-log.ts";
import { kafkaAvailable, startBroker } from "../kafka-broker.ts";
import { countsOf } from "../engine/up/edge-client.ts";
import { weir } from "./weir-process.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-up-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ports = ["--edge-port", "0", "--control-port", "0", "--log-port", "0"];

const signals = ["depth", "logs", "metrics", "spans", "transactions"];

type Entry = {
  readonly in: number;
  readonly out: number;
  readonly sampledOut: number;
  readonly rejected: { readonly [reason: string]: number };
  readonly dropped: { readonly [reason: string]: number };
  readonly inFlight: number;
};
type LedgerLine = { readonly ledger: { balanced: boolean; signals: { [signal: string]: Entry } } };

const sum = (table: { readonly [reason: string]: number }): number =>
  Object.values(table).reduce((total, count) => total + count, 0);

const checkLedger = ({ ledger }: LedgerLine): void => {
  expect(ledger.balanced).toBe(true);
  expect(Object.keys(ledger.signals).toSorted()).toEqual(signals);
  for (const entry of Object.values(ledger.signals)) {
    expect(entry.out + entry.sampledOut).toBeGreaterThan(0);
    expect(entry.inFlight).toBe(0);
    expect(entry.in).toBe(
      entry.out + entry.sampledOut + sum(entry.rejected) + sum(entry.dropped) + entry.inFlight,
    );
  }
  const refused = Object.keys(ledger.signals["transactions"]?.rejected ?? {});
  expect(refused.some((reason) => reason.startsWith("malformed: "))).toBe(true);
};

const candidatesOf = async (control: string): Promise<number> => {
  const { sniffer } = (await (await fetch(`${control}/status`)).json()) as {
    readonly sniffer: { readonly counters: { readonly candidates_sent: number } };
  };
  return sniffer.counters.candidates_sent;
};

/** Until each signal has items in the log, one was refused, and the engine has found a candidate. */
const untilAllFlow = async (edge: string, control: string): Promise<void> => {
  while ((await candidatesOf(control)) === 0) await sleep(20);
  for (;;) {
    const all = await Promise.all(signals.map((signal) => countsOf(edge, signal)));
    const { rejected = {} } = all[signals.indexOf("transactions")] ?? {};
    const isRefused = Object.keys(rejected).some((reason) => reason.startsWith("malformed: "));
    if (isRefused && all.every(({ accepted, sampledOut = 0 }) => accepted + sampledOut > 0)) return;
    await sleep(20);
  }
};

/** Until everything flows, then SIGINT: exit 0, the ledger last. */
const runAndCheck = async (args: readonly string[]): Promise<void> => {
  const run = weir("up", ...ports, ...args);
  const { ready } = (await run.line("ready")) as { ready: { edge: string; control: string } };
  expect(ready.edge).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await fetch(`${ready.control}/readyz`)).status).toBe(200);
  await untilAllFlow(ready.edge, ready.control);
  run.child.kill("SIGINT");
  const exited = await run.exited;
  expect(`${exited.code} ${run.stderr()}`).toMatch(/^0 /);
  checkLedger(run.lines.at(-1) as unknown as LedgerLine);
};

describe("weir up", () => {
  it("runs everything on the embedded log until SIGINT, and balances", async () => {
    const data = join(folder, "embedded");
    await runAndCheck(["--data", data]);
    const log = await openLog({ directory: join(data, "log") });
    const found = await log.offsets("weir-candidates");
    expect(found.reduce((total, { end }) => total + end, 0)).toBeGreaterThan(0);
    await log.close();
  });

  it("ends by itself when its time is over, with the ledger last", async () => {
    const data = join(folder, "timed");
    const run = weir("up", ...ports, "--seconds", "3", "--data", data);
    const exited = await run.exited;
    expect(`${exited.code} ${run.stderr()}`).toMatch(/^0 /);
    const { ledger } = run.lines.at(-1) as unknown as LedgerLine;
    expect(ledger.balanced).toBe(true);
    for (const { inFlight } of Object.values(ledger.signals)) expect(inFlight).toBe(0);
  });

  it("ends on a SIGINT that comes while it starts", async () => {
    const run = weir("up", ...ports, "--no-feed", "--data", join(folder, "early"));
    // Said long before the edge is ready.
    while (!run.stderr().includes("no API key")) await once(run.child.stderr!, "data");
    run.child.kill("SIGINT");
    expect((await run.exited).code).toBe(0);
    expect(run.lines.map((line) => Object.keys(line))).toEqual([["ready"], ["ledger"]]);
  });

  it("refuses before it starts what is no argument, no key or no speed, with exit 2", async () => {
    const wrong = [["extra"], ["--api-key", ""], ["--api-key", "a,b"], ["--speed", "fast"]];
    for (const words of wrong) {
      const run = weir("up", ...ports, "--data", join(folder, "refused"), ...words);
      expect([words, (await run.exited).code, run.lines]).toEqual([words, 2, []]);
    }
  });

  it("starts the servers alone with --no-feed, behind an API key and with short pauses as told", async () => {
    const data = join(folder, "servers");
    const more = ["--api-key", "sesame-sesame", "--set", "edge.short_pauses=true"];
    const run = weir("up", ...ports, "--no-feed", "--data", data, ...more);
    const { ready } = (await run.line("ready")) as { ready: { edge: string } };
    const capnp = readFileSync(join(data, "edge-storage", "workerd.capnp"), "utf8");
    expect(capnp).toContain('"--max-semi-space-size=4"');
    const post = (headers: { [name: string]: string }) =>
      fetch(`${ready.edge}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf", ...headers },
        body: new Uint8Array(0),
      });
    expect((await post({})).status).toBe(401);
    expect((await post({ authorization: "Bearer sesame-sesame" })).status).toBe(200);
    const transactions = await fetch(`${ready.edge}/v1/transactions`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": "sesame-sesame" },
      body: JSON.stringify({ transactions: [{ transaction: "AAAA" }] }),
    });
    expect(await transactions.json()).toMatchObject({ accepted: 0, rejected: 1 });
    run.child.kill("SIGTERM");
    expect((await run.exited).code).toBe(0);
    const { ledger } = run.lines.at(-1) as unknown as LedgerLine;
    expect(ledger.balanced).toBe(true);
    expect(ledger.signals["transactions"]).toMatchObject({ in: 1, out: 0, inFlight: 0 });
  });

  it("says that a port is taken, names the option, exits with 3 and leaves nothing behind", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const port = String((taken.address() as AddressInfo).port);
    for (const option of ["--edge-port", "--control-port", "--log-port"]) {
      const others = ["--edge-port", "--control-port", "--log-port"].filter((o) => o !== option);
      const args = [option, port, ...others.flatMap((other) => [other, "0"])];
      const run = weir("up", "--no-feed", "--data", join(folder, `taken${option}`), ...args);
      const exited = await run.exited;
      expect(`${option}: ${exited.code} ${run.stderr()}`).toMatch(new RegExp(`: 3 [^]*${port}`));
      expect(run.stderr()).toMatch(new RegExp(`choose another (port )?with ${option}`));
      expect(run.lines).toEqual([]);
    }
    const engine = weir("engine", "--control-port", "0", "--data", folder, "--log-port", port);
    expect((await engine.exited).code).toBe(3);
    expect(engine.stderr()).toContain("choose another port with --log-port");
    taken.close();
  });

  it("refuses a Kafka that does not answer with exit 3", async () => {
    const run = weir("up", ...ports, "--kafka", "127.0.0.1:1", "--data", join(folder, "none"));
    expect((await run.exited).code).toBe(3);
    expect(run.stderr()).toContain("127.0.0.1:1");
  });
});

describe.skipIf(!kafkaAvailable())("weir up on Kafka (needs Java 17 and Maven)", () => {
  it("asks for --create-topics, then runs everything and balances", async () => {
    const broker = await startBroker();
    const kafka = ["--kafka", broker.bootstrap, "--data", join(folder, "kafka")];
    const without = weir("up", ...ports, ...kafka);
    expect((await without.exited).code).toBe(3);
    expect(without.stderr()).toContain("--create-topics");
    await runAndCheck(["--create-topics", ...kafka]);
    await broker.close();
  });
});

describe("weir tail", () => {
  it("follows a topic of the embedded log while the system runs on it", async () => {
    const data = join(folder, "tailed");
    const up = weir("up", ...ports, "--data", data);
    await up.line("ready");
    const tail = weir("tail", "weir-depth", "otlp_spans", "--count", "12", "--data", data);
    expect(`${(await tail.exited).code} ${tail.stderr()}`).toBe("0 ");
    expect(tail.lines).toHaveLength(12);
    for (const line of tail.lines) {
      expect(line).toMatchObject({ offset: expect.stringMatching(/^\d+$/), headers: {} });
      expect(line["topic"] === "weir-depth" ? line["depth"] : line["spans"]).toBeInstanceOf(Array);
    }
    up.child.kill("SIGTERM");
    expect((await up.exited).code).toBe(0);
  });

  it("says that there is no log, and which topics there are", async () => {
    const none = weir("tail", "otlp_spans", "--data", join(folder, "nothing"));
    expect((await none.exited).code).toBe(3);
    expect(none.stderr()).toContain("no embedded log");
    const unknown = weir("tail", "otlp_span", "--data", join(folder, "nothing"));
    expect((await unknown.exited).code).toBe(2);
    expect(unknown.stderr()).toContain("did you mean otlp_spans?");
  });
});
