import { once } from "node:events";
import { request } from "node:http";

import { afterEach, describe, expect, it } from "vitest";

import type { Steering } from "../../../engine/control/actions.ts";
import type { ControlServer } from "../../../engine/control/server.ts";
import type { WorkerStatus } from "../../../engine/supervise/worker.ts";
import { startSteered } from "./steered.ts";

let server: ControlServer | null = null;
afterEach(async () => server?.close());

const start = async (over: Partial<Steering> = {}) => {
  const steered = await startSteered(over);
  server = steered.server;
  return { told: steered.told, url: steered.server.url };
};

const post = async (
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = { "content-type": "application/json" },
) => {
  const response = await fetch(url, { method: "POST", body, headers });
  return { status: response.status, answer: JSON.parse(await response.text()) as object };
};

describe("actions of the control server", () => {
  it("are passed on and answered with the workers", async () => {
    const { url, told } = await start();
    const { status, answer } = await post(`${url}/restart`, '{"worker":"market"}');
    expect(status).toBe(200);
    expect(answer).toMatchObject({ ok: true, workers: [{ name: "market", restarts: 3 }] });
    await post(`${url}/pause`, "{}");
    await post(`${url}/resume`, "");
    expect(told).toEqual(["restart market", "pause ingest", "resume ingest"]);
  });

  it("set the threads of one or several roles", async () => {
    const { url, told } = await start();
    expect((await post(`${url}/scale`, '{"market":2,"stream":3}')).status).toBe(200);
    const refused = await post(`${url}/scale`, '{"stream":4,"market":9}');
    expect(told).toEqual(['scale {"market":2,"stream":3}']);
    expect(refused).toMatchObject({ status: 409, answer: { ok: false } });
    for (const bad of ["{}", '{"market":"2"}', '{"market":2,"stream":null}']) {
      const { status, answer } = await post(`${url}/scale`, bad);
      expect(status).toBe(400);
      expect(answer).toMatchObject({ error: expect.stringContaining('{"market":2}') });
    }
  });

  it("are refused with the reason when they cannot be done now", async () => {
    const { url } = await start();
    expect(await post(`${url}/pause`, '{"worker":"market"}')).toEqual({
      status: 409,
      answer: { ok: false, error: "worker=market is Error, not Running" },
    });
    const nameless = await post(`${url}/restart`, "{}");
    expect(nameless.status).toBe(409);
    expect(nameless.answer).toMatchObject({ error: expect.stringContaining("known: market") });
  });

  it("report what became of a reload, and that there is nothing to reload", async () => {
    const { url } = await start();
    const applied = await post(`${url}/reload`, "");
    expect(applied.answer).toMatchObject({ ok: true, kind: "applied", changed: ["sniffer.v1"] });
    await server?.close();
    const refusing = await start({
      reload: async () => ({ kind: "refused", reasons: ["sniffer.batch_size is 0"] }),
    });
    const refused = await post(`${refusing.url}/reload`, "");
    expect(refused).toMatchObject({ status: 409, answer: { ok: false, kind: "refused" } });
    await server?.close();
    const without = await start({ reload: null });
    const none = await post(`${without.url}/reload`, "");
    expect(none).toMatchObject({ status: 409, answer: { error: expect.stringContaining("no") } });
  });

  it("take only small JSON objects, posted", async () => {
    const { url, told } = await start();
    expect((await fetch(`${url}/pause`)).status).toBe(405);
    expect((await post(`${url}/pause`, "{}", {})).status).toBe(415);
    for (const bad of ["[]", "{", '{"worker":1}', "null", '{"wroker":"market"}']) {
      expect((await post(`${url}/pause`, bad)).status).toBe(400);
    }
    expect((await post(`${url}/pause`, " ".repeat(5_000))).status).toBe(413);
    expect(told).toEqual([]);
  });

  it("are forgotten when their sender goes away in the middle of the body", async () => {
    const { url, told } = await start();
    const headers = { "content-type": "application/json", "content-length": 100 };
    const cut = request(`${url}/pause`, { method: "POST", headers });
    const gone = once(cut, "close").catch(() => undefined);
    await new Promise((written) => {
      cut.write("{", written);
    });
    // The body's beginning has been read when an answer to a later request is here.
    await fetch(`${url}/livez`);
    cut.destroy();
    await gone;
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect(told).toEqual([]);
  });

  it("are not taken under another host's name, as a page in a browser would ask", async () => {
    const { url, told } = await start();
    const { port } = new URL(url);
    const status = await new Promise((resolve, reject) => {
      const headers = { host: "evil.example", "content-type": "application/json" };
      request({ port, host: "127.0.0.1", path: "/pause", method: "POST", headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end("{}");
    });
    expect(status).toBe(403);
    expect(told).toEqual([]);
  });
});

describe("workers on the control server", () => {
  it("make the engine unready while a critical one of them is down", async () => {
    const down = { name: "market", state: "Starting", critical: true } as WorkerStatus;
    const { url } = await start({ workers: () => [down] });
    const answer = await fetch(`${url}/readyz`);
    expect([answer.status, await answer.text()]).toEqual([503, "not ready\nmarket is Starting\n"]);
    await server?.close();
    const up = await start();
    expect((await fetch(`${up.url}/readyz`)).status).toBe(200);
  });

  it("leave it ready, and are named, when it goes on without them", async () => {
    const workers: readonly WorkerStatus[] = [
      { name: "submit", state: "Error", critical: false } as WorkerStatus,
      { name: "market", state: "Paused", critical: true } as WorkerStatus,
    ];
    const { url } = await start({ workers: () => workers });
    const answer = await fetch(`${url}/readyz`);
    expect([answer.status, await answer.text()]).toEqual([
      200,
      "ok\nsubmit is Error, not critical\n",
    ]);
  });

  it("are in /status and in /metrics", async () => {
    const { url } = await start();
    const status = (await (await fetch(`${url}/status`)).json()) as { workers: unknown };
    expect(status.workers).toMatchObject([{ name: "market", state: "Running", restarts: 3 }]);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('weir_worker_state{worker="market",state="Running"} 1');
    expect(text).toContain('weir_worker_state{worker="market",state="Error"} 0');
    expect(text).toContain('weir_worker_restarts_total{worker="market"} 3');
    expect(text).toContain('weir_worker_heartbeat_age_seconds{worker="market"} 1.5');
  });
});
