// The 200: sent only after the log has acknowledged every item that is not named as rejected.
// OTLP answers follow the request's encoding; market answers are JSON whatever came in.
import { refuse } from "../errors.ts";
import type { Rejections } from "../metrics/rejections.ts";
import type { MediaType, Signal } from "../receive/endpoints.ts";
import { encodePartialSuccess } from "./protobuf-message.ts";
import { refusalResponse } from "./refusal-response.ts";

type OtlpSignal = Extract<Signal, "spans" | "metrics" | "logs">;

const rejectedField = {
  spans: "rejectedSpans",
  metrics: "rejectedDataPoints",
  logs: "rejectedLogRecords",
} as const satisfies { readonly [signal in OtlpSignal]: string };

const noun = { spans: "spans", metrics: "data points", logs: "log records" } as const satisfies {
  readonly [signal in OtlpSignal]: string;
};

const protobufHeaders = { "content-type": "application/x-protobuf" };
const jsonHeaders = { "content-type": "application/json" };
const utf8 = new TextEncoder();
const ellipsis = "…";

/** What the answer is about. */
export type Success = {
  readonly signal: Signal;
  readonly mediaType: MediaType;
  /** Items that are in the log. */
  readonly accepted: number;
  readonly rejections: Rejections;
  /** Bound of the answer's body. */
  readonly responseBytesMax: number;
};

const partialJson =
  (signal: OtlpSignal, rejected: number) =>
  (errorMessage: string): Uint8Array => {
    const partialSuccess =
      rejected === 0
        ? { errorMessage }
        : { [rejectedField[signal]]: String(rejected), errorMessage };
    return utf8.encode(JSON.stringify({ partialSuccess }));
  };

/** The body with as much of the message as fits; undefined when it does not fit without any. */
const shrunk = (
  build: (message: string) => Uint8Array,
  message: string,
  bytesMax: number,
): Uint8Array | undefined => {
  for (let shown = message; ;) {
    const body = build(shown);
    if (body.byteLength <= bytesMax) return body;
    if (shown === "") return undefined;
    const kept = Math.floor(Math.min(shown.length / 2, bytesMax));
    shown = kept < 8 ? "" : message.slice(0, kept) + ellipsis;
  }
};

const otlpBody = ({ mediaType, rejections, responseBytesMax }: Success, signal: OtlpSignal) => {
  const { total } = rejections;
  const build =
    mediaType === "application/json"
      ? partialJson(signal, total)
      : (message: string) => encodePartialSuccess(total, message);
  return shrunk(build, rejections.describe(noun[signal]), responseBytesMax);
};

const marketBody = ({ accepted, rejections, responseBytesMax }: Success) => {
  const { total, reasons, first } = rejections;
  const answer = { accepted, rejected: total, reasons, first };
  const whole = utf8.encode(JSON.stringify(answer));
  if (whole.byteLength <= responseBytesMax) return whole;
  const least = utf8.encode(JSON.stringify({ ...answer, reasons: {}, first: [] }));
  return least.byteLength <= responseBytesMax ? least : undefined;
};

// One for all: without a body nothing of it is used up, and an answer of its own for each request,
// with its headers, is a third of what a full collection of V8 has to free.
const fullProtobuf = new Response(null, { headers: protobufHeaders });

/** Empty protobuf, or `{}`: everything was taken and there is nothing to tell. Not to be changed. */
const full = (isJson: boolean): Response =>
  isJson ? new Response("{}", { headers: jsonHeaders }) : fullProtobuf;

/** The answer, or 500 when none fits: whether the items are in the log is then left open. */
export const successResponse = (success: Success): Response => {
  const { signal, mediaType, rejections, responseBytesMax } = success;
  const isMarket = signal === "transactions" || signal === "depth";
  const isJson = isMarket || mediaType === "application/json";
  if (!isMarket && rejections.isSilent) return full(isJson);
  const body = isMarket ? marketBody(success) : otlpBody(success, signal);
  if (body !== undefined)
    return new Response(body, { headers: isJson ? jsonHeaders : protobufHeaders });
  const message = `the answer does not fit into RESPONSE_BYTES_MAX=${responseBytesMax}`;
  return refusalResponse(refuse("response-too-large", message), mediaType, {});
};
