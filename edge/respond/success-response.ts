// The 200: sent only after the log has acknowledged every item that is not named as rejected.
// OTLP answers follow the request's encoding; market answers are JSON whatever came in.
import type { Rejections } from "../metrics/rejections.ts";
import type { MediaType, Signal } from "../receive/endpoints.ts";
import { encodePartialSuccess } from "./protobuf-message.ts";

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

const otlpResponse = (
  signal: OtlpSignal,
  mediaType: MediaType,
  rejections: Rejections,
): Response => {
  const isJson = mediaType === "application/json";
  const headers = isJson ? jsonHeaders : protobufHeaders;
  const { total } = rejections;
  if (total === 0) return new Response(isJson ? "{}" : null, { headers });
  const message = rejections.describe(noun[signal]);
  const body = isJson
    ? JSON.stringify({
        partialSuccess: { [rejectedField[signal]]: String(total), errorMessage: message },
      })
    : encodePartialSuccess(total, message);
  return new Response(body, { headers });
};

const marketResponse = (accepted: number, rejections: Rejections): Response => {
  const { total, reasons, first } = rejections;
  return Response.json({ accepted, rejected: total, reasons, first });
};

/** `accepted` items are in the log. */
export const successResponse = (
  signal: Signal,
  mediaType: MediaType,
  accepted: number,
  rejections: Rejections,
): Response => {
  if (signal === "transactions" || signal === "depth") return marketResponse(accepted, rejections);
  return otlpResponse(signal, mediaType, rejections);
};
