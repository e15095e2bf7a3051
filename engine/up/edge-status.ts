// Asks the edge for its counters: GET /status, the numbers of its one local isolate.
import type { EdgeCounts } from "../ledger/ledger.ts";
import type { Signal } from "../metrics/table.ts";

export type EdgeStatus = {
  readonly signals: { readonly [signal in Signal]?: EdgeCounts & { readonly inFlight: number } };
};

const timeoutMs = 2_000;

/** @throws when the edge does not answer within two seconds. */
export const readEdgeStatus = async (url: string): Promise<EdgeStatus> => {
  const response = await fetch(`${url}/status`, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`edge status=${response.status}`);
  return (await response.json()) as EdgeStatus;
};

const pollMs = 100;

/** Waits until no request is inside the edge; the last status, whether or not the wait succeeded. */
export const edgeAtRest = async (url: string, deadlineMs: number): Promise<EdgeStatus> => {
  const endMs = Date.now() + deadlineMs;
  for (;;) {
    const status = await readEdgeStatus(url);
    const inside = Object.values(status.signals).reduce((n, counts) => n + counts.inFlight, 0);
    if (inside === 0 || Date.now() > endMs) return status;
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
};
