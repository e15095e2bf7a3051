// Asks the edge for its counters: GET /status, the numbers of its one local isolate.
import type { EdgeCounts } from "../ledger/ledger.ts";
import type { Signal } from "../metrics/table.ts";

export type EdgeStatus = {
  /** What it acknowledged and the log does not have yet. */
  readonly forwarder?: { readonly spilledRecords?: number } | null;
  readonly signals: {
    readonly [signal in Signal]?: Required<Pick<EdgeCounts, "inFlight">> & EdgeCounts;
  };
};

const timeoutMs = 2_000;

/** Where to ask, and the key to show when the edge wants one. */
export type EdgeAddress = { readonly url: string; readonly apiKey: string | null };

/** @throws when the edge does not answer well within two seconds. */
export const readEdgeStatus = async ({ url, apiKey }: EdgeAddress): Promise<EdgeStatus> => {
  const headers: Record<string, string> = apiKey === null ? {} : { "x-api-key": apiKey };
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(`${url}/status`, { headers, signal });
  if (!response.ok) throw new Error(`edge status=${response.status}`);
  return (await response.json()) as EdgeStatus;
};

const pollMs = 100;

/**
 * Waits until nothing is inside the edge, neither requests nor what they left in its storage; the
 * last status, whether or not the wait succeeded.
 */
export const edgeAtRest = async (edge: EdgeAddress, deadlineMs: number): Promise<EdgeStatus> => {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const status = await readEdgeStatus(edge);
    const inside = Object.values(status.signals).reduce((n, counts) => n + counts.inFlight, 0);
    const spilled = status.forwarder?.spilledRecords ?? 0;
    if (inside + spilled === 0 || performance.now() > endMs) return status;
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
};
