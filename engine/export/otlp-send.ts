// An exporter of the OpenTelemetry SDK as an export queue wants it: a promise that rejects. The
// exporter's own tries and its time-out are inside one send.
type ExportResult = { readonly code: number; readonly error?: Error };

/** What the SDK's exporters of all signals have in common. */
type Exporter<T> = { export(items: T[], done: (result: ExportResult) => void): void };

const success = 0;

/** Longest time of one send with all its tries, ms. */
export const otlpSendMsMax = 5000;

export const otlpSend =
  <T>(exporter: Exporter<T>) =>
  (items: readonly T[]): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    exporter.export([...items], ({ code, error }) => {
      if (code === success) resolve();
      else reject(error ?? new Error(`export failed, code=${code}`));
    });
    return promise;
  };
