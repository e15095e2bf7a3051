// The door `weir/otlp`: OTLP requests without a generated class. JSON becomes protobuf in one pass; a
// scan finds every record of a protobuf request in place and allocates nothing per record; the
// decoder makes objects in OTLP/JSON notation for people. Bad input is a value that says where and
// what, never an exception. All of it is single-threaded scratch: one each thread, reused.
export { type Decoded, RequestDecoder } from "../cli/decode-request.ts";
export { MessageCheck } from "../../schemas/otlp/check-message.ts";
export { type JsonEncoded, JsonEncoder, jsonSignal } from "../../schemas/otlp/json-encode.ts";
export {
  defaultLimits,
  type OtlpLimits,
  scanCode,
  type ScanCode,
  scanCodeText,
} from "../../schemas/otlp/limits.ts";
export {
  type MessageName,
  messageType,
  type Signal,
  signals,
} from "../../schemas/otlp/messages.ts";
export { hexAt, type JsonObject, readMessage, textAt } from "../../schemas/otlp/read-message.ts";
export {
  logWord,
  metricWord,
  recordWord,
  resourceStride,
  resourceWord,
  scopeStride,
  scopeWord,
  spanWord,
} from "../../schemas/otlp/record-layout.ts";
export {
  createLogScan,
  createMetricScan,
  createTraceScan,
  type SignalScan,
} from "../../schemas/otlp/signal-scan.ts";
