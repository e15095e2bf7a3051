// The line of figures that an engine writes every few seconds where no terminal shows them: what the
// originals call telemetry. Totals since the start, one JSON object; /metrics has all.
import type { Snapshot } from "./snapshot.ts";

export type FiguresOptions = {
  /** Asked for after each line: a reload may have changed it. */
  readonly everySeconds: () => number;
  readonly read: () => Snapshot;
  readonly note: (line: string) => void;
};

/** Control thread; keeps no process alive. */
export const startFigures = ({
  everySeconds,
  read,
  note,
}: FiguresOptions): { readonly stop: () => void } => {
  let timer: NodeJS.Timeout | null = null;
  const next = (): void => {
    timer = setTimeout(() => {
      note(figuresLine(read()));
      next();
    }, everySeconds() * 1000);
    timer.unref();
  };
  next();
  return {
    stop: () => {
      if (timer !== null) clearTimeout(timer);
    },
  };
};

const figuresLine = ({ counts, sniffer }: Snapshot): string => {
  const { handledSpans, handledMetrics, handledLogs, handledTransactions, handledDepth } = counts;
  const { candidates_sent: sent, high_priority_sent: high } = sniffer.counters;
  const figures = {
    configVersion: counts.configVersion,
    handled: {
      spans: handledSpans,
      metrics: handledMetrics,
      logs: handledLogs,
      transactions: handledTransactions,
      depth: handledDepth,
    },
    candidates: { sent, high, dropped: sniffer.counters.dropped_full_buffer },
    acknowledged: counts.egressRecords,
  };
  return JSON.stringify({ figures });
};
