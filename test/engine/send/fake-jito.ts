// One region of Jito's block engine, small and strict: a request a second, five transactions a
// bundle, a tip account write-locked, five ids a status request. What lands is up to the test.
import { createHash } from "node:crypto";

import { jitoTipAccounts } from "../../../engine/send/jito-tip.ts";
import { decodedByKit } from "../../oracles/wire-transaction.ts";
import { errorBodies } from "./error-bodies.ts";
import { fields, JsonRpcServer, Refusal, refuse } from "./json-rpc-server.ts";

type Status = { readonly status: string; readonly landed_slot: number | null };

export class FakeJito {
  readonly server: JsonRpcServer;
  /** Transactions of each bundle taken, by its id. */
  readonly bundles = new Map<string, readonly string[]>();
  readonly statuses = new Map<string, Status>();
  readonly #nowMs: () => number;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.server = new JsonRpcServer(
      "/api/v1/bundles",
      new Map([
        ["sendBundle", (params: readonly unknown[]) => this.#limited(() => this.#send(params))],
        [
          "getInflightBundleStatuses",
          (params: readonly unknown[]) => this.#limited(() => this.#inflight(params)),
        ],
      ]),
    );
  }

  land(bundleId: string, slot: number): void {
    this.statuses.set(bundleId, { status: "Landed", landed_slot: slot });
  }

  #limited(run: () => unknown): unknown {
    const now = this.#nowMs();
    if (now - this.#lastMs < 1000) throw new Refusal(errorBodies.jitoRateLimit, 429);
    this.#lastMs = now;
    return run();
  }

  #send([transactions, config, ...rest]: readonly unknown[]): unknown {
    if (rest.length > 0 || !Array.isArray(transactions)) return refuse("expected transactions");
    if (fields(config, ["encoding"])["encoding"] !== "base64") refuse("expected base64");
    if (transactions.length === 0 || transactions.length > 5)
      refuse("bundle exceeded max transaction length: 5");
    const decoded = transactions.map((text) => decodedByKit(Buffer.from(String(text), "base64")));
    const isTipped = decoded.some((one) => {
      if (one === null) throw new Refusal(errorBodies.invalidParams);
      const { header, staticAccounts } = one.message;
      const { numSignerAccounts: signers, numReadonlyNonSignerAccounts: readonly } = header;
      const writable = staticAccounts.slice(signers, staticAccounts.length - readonly);
      return writable.some((key) => jitoTipAccounts.includes(key));
    });
    if (!isTipped) throw new Refusal(errorBodies.jitoNoTip);
    const id = createHash("sha256").update(transactions.join()).digest("hex");
    this.bundles.set(id, transactions.map(String));
    if (!this.statuses.has(id)) this.statuses.set(id, { status: "Pending", landed_slot: null });
    return id;
  }

  #inflight([ids, ...rest]: readonly unknown[]): unknown {
    if (rest.length > 0 || !Array.isArray(ids)) return refuse("expected bundle ids");
    if (ids.length === 0 || ids.length > 5) refuse("at most 5 bundle ids");
    const value = ids.map((id) => ({
      bundle_id: String(id),
      ...(this.statuses.get(String(id)) ?? { status: "Invalid", landed_slot: null }),
    }));
    return { context: { slot: 280999028 }, value };
  }
}
