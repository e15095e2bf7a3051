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
  /** The key is known, and may not do this. */
  "permission-denied": { httpStatus: 403, grpcCode: 7, retryable: false },
  /** More requests or items a second than the tenant's rate. */
  "rate-limited": { httpStatus: 429, grpcCode: 8, retryable: true },
  /** More items a day than the tenant's quota. */
  "quota-exceeded": { httpStatus: 429, grpcCode: 8, retryable: true },
  "unsupported-media-type": { httpStatus: 415, grpcCode: 3, retryable: false },
  "unsupported-encoding": { httpStatus: 400, grpcCode: 3, retryable: false },
  /** The same, where the settings ask for HTTP's own answer (ENCODING_STATUS=415). */
  "unsupported-coding": { httpStatus: 415, grpcCode: 3, retryable: false },
  "malformed-encoding": { httpStatus: 400, grpcCode: 3, retryable: false },
  malformed: { httpStatus: 400, grpcCode: 3, retryable: false },
  /** The body broke off, or its framing did. */
  "incomplete-body": { httpStatus: 400, grpcCode: 3, retryable: false },
  /** The body did not arrive within BODY_MS_MAX. */
  "body-timeout": { httpStatus: 408, grpcCode: 4, retryable: false },
  "body-too-large": { httpStatus: 413, grpcCode: 8, retryable: false },
  /** The edge's own queue is full: nothing was sent. */
  overloaded: { httpStatus: 503, grpcCode: 14, retryable: true },
  /** The log cannot be reached, and certainly has not written the items. */
  unavailable: { httpStatus: 503, grpcCode: 14, retryable: true },
  /** The log takes no login of ours, and nothing may be kept meanwhile. */
  "login-refused": { httpStatus: 503, grpcCode: 14, retryable: true },
  /** The forwarder object could not keep the items (its disk is full); others may be in the log. */
  "storage-failed": { httpStatus: 503, grpcCode: 14, retryable: true },
  /** The log may or may not have written the items: their send ended without an answer. */
  unconfirmed: { httpStatus: 503, grpcCode: 14, retryable: true },
  /** No answer within RESPONSE_BYTES_MAX says what has to be said. */
  "response-too-large": { httpStatus: 500, grpcCode: 13, retryable: false },
  misconfigured: { httpStatus: 500, grpcCode: 13, retryable: false },
  internal: { httpStatus: 500, grpcCode: 13, retryable: false },
} as const satisfies { readonly [code: string]: Failure };

/** Closed set of request failures. */
export type EdgeErrorCode = keyof typeof table;

/** Status, gRPC code and retryability of each code. */
export const failures: { readonly [code in EdgeErrorCode]: Failure } = table;

type RefusalDetails = {
  /** What is at fault: a header's name, or a path into the body; for `BadRequest`. */
  readonly field?: string;
  /** When to try again, where it is known better than RETRY_AFTER_S. */
  readonly retryAfterS?: number;
  /** Whether merging what protobuf says should be merged may mend it (schemas/otlp). */
  readonly isMergeable?: boolean;
};

/**
 * A refused request as a value: what the client is told, in the words of `message`. A class, so
 * that no object out of a request's JSON can be taken for one.
 */
export class Refusal {
  readonly code: EdgeErrorCode;
  readonly message: string;
  readonly field: string | undefined;
  readonly retryAfterS: number | undefined;
  readonly isMergeable: boolean;

  constructor(code: EdgeErrorCode, message: string, details: RefusalDetails) {
    this.code = code;
    this.message = message;
    this.field = details.field;
    this.retryAfterS = details.retryAfterS;
    this.isMergeable = details.isMergeable ?? false;
  }
}

/** Builds a refusal; the message names the field, the value found and the limit. */
export const refuse = (
  code: EdgeErrorCode,
  message: string,
  details: RefusalDetails = {},
): Refusal => new Refusal(code, message, details);

/** True for a refusal among other results. */
export const isRefusal = (value: unknown): value is Refusal => value instanceof Refusal;
