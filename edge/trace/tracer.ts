// Which requests are traced, and where their spans go. Only requests with market events: a sender
// that marks its trace as sampled has it continued, of the others a share is traced. Spans leave
// after the answer, one send for each request, a few at a time: what finds no place is counted and
// dropped. While tracing is off there is no tracer, and nothing of this costs anything.
import { readTraceparent } from "../../schemas/trace-context.ts";
import { fixedLimits } from "../limits.ts";
import { RequestTrace, type TracedSignal } from "./request-trace.ts";
import { type RequestEnd, spansJson } from "./spans-json.ts";

/** Settings; `endpoint` "" marks records and sends no spans. */
export type TraceConfig = {
  /** Share of requests that are traced though their sender did not ask for it, 0 to 1. */
  readonly rate: number;
  /** OTLP/HTTP address of traces. */
  readonly endpoint: string;
  /** Value of the header `authorization`; "" for none. */
  readonly authorization: string;
};

export type TracerParts = {
  readonly config: TraceConfig;
  /** In [0, 1). */
  readonly random: () => number;
  /** Fills the array with random bytes. */
  readonly randomBytes: (bytes: Uint8Array) => void;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
};

const traceIdBytes = 16;
const spanIdBytes = 8;
const { traceSendsMax, traceSendMsMax } = fixedLimits;

const hex = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
};

/** One per isolate. */
export class Tracer {
  readonly #parts: TracerParts;
  #sends = 0;
  #continued = 0;
  #sampled = 0;
  #sent = 0;
  #dropped = 0;
  #failed = 0;

  constructor(parts: TracerParts) {
    this.#parts = parts;
  }

  /** Null for a request that is not traced. `traceparent` is its header. */
  begin(traceparent: string | null, signal: TracedSignal, receivedMs: number): RequestTrace | null {
    const context = traceparent === null ? null : readTraceparent(traceparent);
    if (context?.isSampled === true) this.#continued += 1;
    else if (this.#parts.random() < this.#parts.config.rate) this.#sampled += 1;
    else return null;
    return new RequestTrace(
      {
        traceId: context?.traceId ?? this.#id(traceIdBytes),
        parentSpanId: context?.spanId ?? "",
        receiveSpanId: this.#id(spanIdBytes),
        forwardSpanId: this.#id(spanIdBytes),
      },
      signal,
      receivedMs,
    );
  }

  /** Sends the spans of a request that was answered. Resolves when it is over; never rejects. */
  async end(trace: RequestTrace, end: RequestEnd): Promise<void> {
    if (this.#parts.config.endpoint === "") return;
    if (this.#sends >= traceSendsMax) {
      this.#dropped += 1;
      return;
    }
    this.#sends += 1;
    const isTaken = await this.#post(spansJson(trace, end)).catch(() => false);
    this.#sends -= 1;
    if (isTaken) this.#sent += 1;
    else this.#failed += 1;
  }

  /** Requests, for /status. */
  snapshot(): { readonly [name: string]: number } {
    return {
      rate: this.#parts.config.rate,
      continued: this.#continued,
      sampled: this.#sampled,
      sent: this.#sent,
      dropped: this.#dropped,
      failed: this.#failed,
      inFlight: this.#sends,
    };
  }

  async #post(body: string): Promise<boolean> {
    const { endpoint, authorization } = this.#parts.config;
    const response = await this.#parts.fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(authorization !== "" && { authorization }),
      },
      body,
      signal: AbortSignal.timeout(traceSendMsMax),
    });
    await response.body?.cancel();
    return response.ok;
  }

  #id(length: number): string {
    const bytes = new Uint8Array(length);
    this.#parts.randomBytes(bytes);
    // All zeros is no valid id.
    bytes[length - 1] = bytes.some((byte) => byte !== 0) ? (bytes[length - 1] ?? 1) : 1;
    return hex(bytes);
  }
}
