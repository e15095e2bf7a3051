// Every way in which a request, as a whole, can fail: one closed table instead of a class per code.
// Refusals of single items are not here: they are reasons in a count (metrics/rejections.ts).

type Failure = {
  readonly httpStatus: number;
  /** Code of google.rpc.Code that goes into the Status body. */
  readonly grpcCode: number;
  /** True: the same request may succeed later (OTLP clients retry on 429, 502, 503, 504 only). */
  readonly retryable: boolean;
};

const table = {
  "not-found": { httpStatus: 404, grpcCode: 12, retryable: false },
  "method-not-allowed": { httpStatus: 405, grpcCode: 12, retryable: false },
  unauthenticated: { httpStatus: 401, grpcCode: 16, retryable: false },
  "unsupported-media-type": { httpStatus: 415, grpcCode: 3, retryable: false },
  "unsupported-encoding": { httpStatus: 400, grpcCode: 3, retryable: false },
  "malformed-encoding": { httpStatus: 400, grpcCode: 3, retryable: false },
  malformed: { httpStatus: 400, grpcCode: 3, retryable: false },
  "body-too-large": { httpStatus: 413, grpcCode: 8, retryable: false },
  /** The edge's own queue is full: nothing was sent. */
  overloaded: { httpStatus: 503, grpcCode: 14, retryable: true },
  /** The log cannot be reached, and certainly has not written the items. */
  unavailable: { httpStatus: 503, grpcCode: 14, retryable: true },
  /** The log may or may not have written the items: their send ended without an answer. */
  unconfirmed: { httpStatus: 503, grpcCode: 14, retryable: true },
  misconfigured: { httpStatus: 500, grpcCode: 13, retryable: false },
  internal: { httpStatus: 500, grpcCode: 13, retryable: false },
} as const satisfies { readonly [code: string]: Failure };

/** Closed set of request failures. */
export type EdgeErrorCode = keyof typeof table;

/** Status, gRPC code and retryability of each code. */
export const failures: { readonly [code in EdgeErrorCode]: Failure } = table;

/** A refused request as a value: what the client is told, in the words of `message`. */
export type Refusal = { readonly code: EdgeErrorCode; readonly message: string };

/** Builds a refusal; the message names the field, the value found and the limit. */
export const refuse = (code: EdgeErrorCode, message: string): Refusal => ({ code, message });
