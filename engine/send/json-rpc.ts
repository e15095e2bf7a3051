// One JSON-RPC 2.0 request over HTTP and what became of it, as a value. No retries here: those are
// the senders' matter. Neither the address nor a header ever stands in a message: both can hold keys.
import { answerText } from "../../schemas/answer-text.ts";
import { timerMsMax } from "../timer-ms-max.ts";
import { checkInteger } from "./check-option.ts";
import { hasLogin, httpUrl } from "./http-url.ts";
import { retryAfterMs } from "./retry-after.ts";
import { classOf, classOfStatus, isKnownCode, type RpcFailure } from "./rpc-failure.ts";
import type { Secret } from "./secret.ts";

const answerBytesMaxDefault = 1 << 20;
const messageLengthMax = 300;

/** The result of a request as it came, or why there is none. */
export type RpcAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly failure: RpcFailure };

/** A value read out of a result, or why there is none. */
export type RpcValue<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: RpcFailure };

/** Where requests go. `timeoutMs` is 10,000 when left out, `answerBytesMax` 2^20. */
export type JsonRpcOptions = {
  readonly url: string;
  readonly fetch: typeof fetch;
  /** A header with a secret value, sent with every request. */
  readonly secret?: { readonly header: string; readonly value: Secret; readonly prefix?: string };
  /** One request, until the whole answer is there; an integer from 1 to 2^31 - 1. */
  readonly timeoutMs?: number;
  /** Longer answers are taken for none; an integer of 1 or more. */
  readonly answerBytesMax?: number;
  /** Ms since 1970, against which a Retry-After that is a date is read; Date.now when left out. */
  readonly epochMs?: () => number;
};

/** One server. Requests may overlap. */
export class JsonRpc {
  readonly #options: JsonRpcOptions;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;
  readonly #answerBytesMax: number;
  #lastId = 0;

  /**
   * @throws RangeError for an address that is no URL or has a user or password in it, a secret on its
   * way without TLS or in a header that is none, or a limit that is out of its range.
   */
  constructor(options: JsonRpcOptions) {
    const { url, secret, timeoutMs = 10_000, answerBytesMax = answerBytesMaxDefault } = options;
    checkUrl(url, secret !== undefined);
    // A timer of Node for longer fires at once: after the request has gone out.
    checkInteger("timeoutMs", timeoutMs, 1, timerMsMax);
    checkInteger("answerBytesMax", answerBytesMax, 1);
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    this.#answerBytesMax = answerBytesMax;
    this.#headers = { "content-type": "application/json", accept: "application/json" };
    if (secret !== undefined)
      this.#headers[secret.header] = `${secret.prefix ?? ""}${secret.value.reveal()}`;
    checkHeaders(this.#headers);
  }

  /** Never rejects. `params` that JSON cannot say are a permanent failure, and nothing is sent. */
  async call(method: string, params: readonly unknown[]): Promise<RpcAnswer> {
    this.#lastId += 1;
    const id = this.#lastId;
    const body = textOf({ jsonrpc: "2.0", id, method, params });
    if (body === null) return unsaid(method);
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      const { url, fetch } = this.#options;
      const init = { method: "POST", headers: this.#headers, body, signal } as const;
      const response = await fetch(url, { ...init, redirect: "error" });
      const { text, isCut } = await answerText(response, this.#answerBytesMax);
      return this.#read(response, id, isCut ? "" : text);
    } catch (error) {
      return lost(null, causeOf(error));
    }
  }

  /** `call` whose result must have a shape: `read` returns null for any other. */
  async ask<T>(
    method: string,
    params: readonly unknown[],
    read: (result: unknown) => T | null,
  ): Promise<RpcValue<T>> {
    const answer = await this.call(method, params);
    if (!answer.ok) return answer;
    const value = read(answer.result);
    return value === null ? lost(200, `${method}: result of unknown shape`) : { ok: true, value };
  }

  #read(response: Response, id: number, text: string): RpcAnswer {
    const { status } = response;
    const envelope = parse(text);
    const error = envelope?.["error"];
    if (isObject(error) && Number.isSafeInteger(error["code"])) {
      const code = Number(error["code"]);
      const shown = this.#shown(String(error["message"]));
      const isTransient = classOfStatus(status) === "retryable";
      const failureClass = isTransient ? "retryable" : classOf(code, error["data"]);
      const isUnclear = response.ok && !isKnownCode(code);
      const mayHaveActed = failureClass === "processed" || status >= 500 || isUnclear;
      return {
        ok: false,
        failure: {
          class: failureClass,
          code,
          status,
          message: shown,
          retryAfterMs: this.#retryAfterOf(response),
          mayHaveActed,
        },
      };
    }
    if (!response.ok) return this.#httpFailure(response);
    if (envelope === null || envelope["jsonrpc"] !== "2.0" || envelope["id"] !== id)
      return lost(status, "answer is no JSON-RPC 2.0 answer to this request");
    if (!("result" in envelope)) return lost(status, "answer has neither result nor error");
    return { ok: true, result: envelope["result"] };
  }

  #httpFailure(response: Response): RpcAnswer {
    const { status } = response;
    const failure: RpcFailure = {
      class: classOfStatus(status),
      code: null,
      status,
      message: `HTTP status ${status}`,
      retryAfterMs: this.#retryAfterOf(response),
      mayHaveActed: status >= 500,
    };
    return { ok: false, failure };
  }

  #retryAfterOf({ headers }: Response): number | null {
    const { epochMs = Date.now } = this.#options;
    return retryAfterMs(headers.get("retry-after"), epochMs());
  }

  #shown(message: string): string {
    const { secret } = this.#options;
    const safe = secret === undefined ? message : secret.value.redact(message);
    return safe.slice(0, messageLengthMax);
  }
}

const checkUrl = (url: string, hasSecret: boolean): void => {
  const parsed = httpUrl(url);
  if (parsed === null) throw new RangeError("url: expected http:// or https://");
  // Every fetch of such an address fails, as if the server were away.
  if (hasLogin(parsed))
    throw new RangeError("url: expected no user or password in it; send a secret in a header");
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(parsed.hostname);
  if (hasSecret && parsed.protocol === "http:" && !isLoopback)
    throw new RangeError("url: a secret is sent over https:// only");
};

// Every fetch with such a header fails, as if the server were away; the error of it holds the value.
const checkHeaders = (headers: Record<string, string>): void => {
  try {
    void new Headers(headers);
  } catch {
    throw new RangeError("secret: expected the name of an HTTP header, and a prefix that fits one");
  }
};

const textOf = (message: object): string | null => {
  try {
    return JSON.stringify(message);
  } catch {
    return null;
  }
};

type Failed = Extract<RpcAnswer, { readonly ok: false }>;

/** Without an answer of the server that says why. */
const failed = (
  status: number | null,
  message: string,
  rest: Pick<RpcFailure, "class" | "mayHaveActed">,
): Failed => ({
  ok: false,
  failure: { code: null, status, message, retryAfterMs: null, ...rest },
});

const unsaid = (method: string): Failed =>
  failed(null, `${method}: params hold what JSON cannot say, as a bigint`, {
    class: "permanent",
    mayHaveActed: false,
  });

/** Nobody knows whether the request was acted on. */
const lost = (status: number | null, message: string): Failed =>
  failed(status, message, { class: "retryable", mayHaveActed: true });

/** The kind of error alone: texts of the network layer can hold the address. */
const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "request failed";
  const { cause } = error;
  return cause instanceof Error && "code" in cause ? String(cause.code) : error.name;
};

/** Whether a value of a JSON document is an object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const parse = (text: string): Record<string, unknown> | null => {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
};
