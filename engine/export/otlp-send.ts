// An exporter of the OpenTelemetry SDK as an export queue wants it. The exporter's own tries and its
// time-out are inside one send. Of what the receiver answers, the exporter hands on whether it took
// the batch and nothing else: status, Retry-After and the number of tries are seen at the requests
// that it makes, partial success is heard where the SDK tells it, in its diagnostics.
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage } from "node:http";

import { diag, DiagLogLevel } from "@opentelemetry/api";

import { isRetryable, retryAfterMs } from "../send/retry-after.ts";
import { SendError, type SendResult } from "./export-queue.ts";

type ExportResult = { readonly code: number; readonly error?: Error };

/** What the SDK's exporters of all signals have in common. */
type Exporter<T> = { export(items: T[], done: (result: ExportResult) => void): void };

const success = 0;

/** Longest time of one send with all its tries, ms. */
export const otlpSendMsMax = 5000;

/** For the answers: the exporter reads none that is compressed. */
export const otlpHeaders = { "accept-encoding": "identity" } as const;

/** Longest text of a receiver that is kept. */
const messageCharsMax = 300;

/** What is known of one send. */
class Send {
  tries = 0;
  rejected = 0;
  message = "";
  #request: ClientRequest | null = null;
  #status = "";
  #retryAfterMs: number | undefined;

  requested(request: ClientRequest): void {
    this.tries += 1;
    this.#request = request;
    this.#status = "";
    this.#retryAfterMs = undefined;
    request.once("response", ({ statusCode = 0, statusMessage = "", headers }: IncomingMessage) => {
      this.#status = `HTTP ${statusCode} ${statusMessage}`.trimEnd();
      const askedMs = retryAfterMs(headers["retry-after"] ?? null, Date.now()) ?? 0;
      // No wait is none that was asked for: the try counts.
      if (isRetryable(statusCode) && askedMs > 0) this.#retryAfterMs = askedMs;
    });
  }

  heard(message: string, rest: readonly unknown[]): void {
    const told = message.startsWith("Received Partial Success") ? partialSuccess(rest[0]) : null;
    if (told !== null) this.rejected = told.rejected;
    this.message = (told?.message ?? message).slice(0, messageCharsMax);
  }

  /** The exporter's own time-out begins anew with each byte, and only once it is connected. */
  cut(): void {
    this.#request?.destroy();
  }

  failure(error: Error | undefined): SendError {
    const why = this.#status === "" ? (error?.message ?? "") : this.#status;
    const message = why === "" ? "no answer" : why;
    return new SendError(message, { tries: this.tries, retryAfterMs: this.#retryAfterMs });
  }
}

const sending = new AsyncLocalStorage<Send>();
let isListening = false;

/** Once for the process. */
const listen = (): void => {
  if (isListening) return;
  isListening = true;
  subscribe("http.client.request.start", (message) => {
    sending.getStore()?.requested((message as { readonly request: ClientRequest }).request);
  });
  const silent = (): void => undefined;
  const hear = (message: string, ...rest: unknown[]): void =>
    sending.getStore()?.heard(message, rest);
  diag.setLogger(
    { error: hear, warn: hear, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
};

/** Rejects with a SendError; resolves with what the receiver took and what it did not. */
export const otlpSend = <T>(
  exporter: Exporter<T>,
): ((items: readonly T[]) => Promise<SendResult>) => {
  listen();
  return (items) => {
    const { promise, resolve, reject } = Promise.withResolvers<SendResult>();
    const send = new Send();
    const deadline = setTimeout(() => send.cut(), otlpSendMsMax);
    deadline.unref();
    sending.run(send, () =>
      exporter.export([...items], ({ code, error }) => {
        clearTimeout(deadline);
        if (code !== success) return reject(send.failure(error));
        const { tries, rejected, message } = send;
        resolve({ failedTries: Math.max(0, tries - 1), rejected, message });
      }),
    );
    return promise;
  };
};

const partialSuccess = (json: unknown): { readonly rejected: number; readonly message: string } => {
  const told = JSON.parse(String(json)) as { readonly [key: string]: unknown };
  const rejected = Number(told["rejectedSpans"] ?? told["rejectedLogRecords"] ?? 0);
  const message = told["errorMessage"];
  return {
    rejected: Number.isSafeInteger(rejected) ? Math.max(0, rejected) : 0,
    message: typeof message === "string" ? message : "",
  };
};
