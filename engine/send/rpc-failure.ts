// What a failed JSON-RPC request means for the next step. One closed table of error codes, of Solana
// nodes and of Jito's block engine; a code that is not in it is permanent: what is not understood is
// not repeated, nor is it taken for a proof that nothing was done.

/**
 * "retryable": again later. "permanent": never again with these bytes. "version": the node wants a
 * higher maxSupportedTransactionVersion. "processed": the transaction is already in a block.
 */
export type FailureClass = "retryable" | "permanent" | "version" | "processed";

/** A request without a result. */
export type RpcFailure = {
  readonly class: FailureClass;
  /** Code of the JSON-RPC error; null when there was none. */
  readonly code: number | null;
  /** HTTP status; null when no answer came. */
  readonly status: number | null;
  /** For people, 300 characters at most, without secrets. */
  readonly message: string;
  /** What a Retry-After header asked for. */
  readonly retryAfterMs: number | null;
  /** Whether the server may have acted on the request all the same. */
  readonly mayHaveActed: boolean;
};

const preflightFailed = -32_002;

const classByCode: { readonly [code: number]: FailureClass } = {
  429: "retryable", // rate limit, as the public nodes write it
  [-32_429]: "retryable", // usage limit of some providers
  [-32_097]: "retryable", // Jito: rate limit
  [-32_004]: "retryable", // block not available
  [-32_005]: "retryable", // node behind or unhealthy
  [-32_016]: "retryable", // minimum context slot not reached
  [-32_003]: "permanent", // signature verification
  [-32_006]: "permanent", // precompile verification
  [-32_013]: "permanent", // signature length
  [-32_015]: "version", // transaction version not supported
  [-32_600]: "permanent", // no request
  [-32_601]: "permanent", // unknown method
  [-32_602]: "permanent", // invalid params
  [-32_700]: "permanent", // no JSON
};

/** Class of a JSON-RPC error; `data` is that of the error. */
export const classOf = (code: number, data: unknown): FailureClass => {
  if (code !== preflightFailed) return classByCode[code] ?? "permanent";
  const err = typeof data === "object" && data !== null && "err" in data ? data.err : null;
  // A node that lags does not know a recent blockhash; the height guard ends it when it is old.
  if (err === "BlockhashNotFound") return "retryable";
  return err === "AlreadyProcessed" ? "processed" : "permanent";
};

/** Whether the code says what was done; one that is not in the table may follow on anything. */
export const isKnownCode = (code: number): boolean =>
  code === preflightFailed || classByCode[code] !== undefined;

/** Class of an HTTP status; a retryable one outweighs the error in its body, often a gateway's. */
export const classOfStatus = (status: number): FailureClass =>
  status === 429 || status === 408 || status >= 500 ? "retryable" : "permanent";
