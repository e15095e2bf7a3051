// A record's value as people read it, by the encoding that its topic is declared with.
import { readRefused } from "../../schemas/rejected-value.ts";
import type { Signal } from "../../schemas/otlp/messages.ts";
import type { TopicName } from "../../schemas/topics.ts";
import { isTopicName, topics } from "../../schemas/topics.ts";
import { RequestDecoder } from "../cli/decode-request.ts";
import { isFrameEncoding, readFrame } from "./market-items.ts";

const signalOf: { readonly [topic: string]: Signal } = {
  otlp_spans: "traces",
  otlp_metrics: "metrics",
  otlp_logs: "logs",
};

const itemName: { readonly [encoding: string]: string } = {
  weir_frame_transaction: "transactions",
  weir_frame_depth: "depth",
  weir_frame_candidate: "candidates",
};

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The keys that a line of `weir tail` has for the value; `error` for what cannot be read. */
export const readValue = (
  topic: TopicName,
  value: Uint8Array,
): { readonly [key: string]: unknown } => {
  const { encoding } = topics[topic];
  if (isFrameEncoding(encoding)) {
    return { [itemName[encoding] ?? "items"]: readFrame(encoding, value) };
  }
  const signal = signalOf[topic];
  if (signal !== undefined) return readRequest(signal, value);
  if (encoding === "weir_event_json") return readEvent(value);
  return encoding === "json" ? readJson(value) : readRefusal(value);
};

const readRefusal = (value: Uint8Array): { readonly [key: string]: unknown } => {
  const refused = readRefused(value);
  const topic = refused?.head.topic ?? "";
  if (refused === undefined || !isTopicName(topic))
    return { error: "no refused record", value: Buffer.from(value).toString("base64") };
  const { head, original } = refused;
  // The beginning of something is nothing that a decoder could read.
  if (head.cut !== undefined)
    return { refused: head, beginning: Buffer.from(original).toString("base64") };
  const shown = head.encoding === "json" ? readJson(original) : readValue(topic, original);
  return { refused: head, ...shown };
};

const recordName: { readonly [signal in Signal]: string } = {
  traces: "spans",
  metrics: "dataPoints",
  logs: "logRecords",
};

// A copy: the decoder overwrites what it cannot read.
const readRequest = (signal: Signal, value: Uint8Array) => {
  const decoded = [...new RequestDecoder(signal).decode(value.slice())];
  const items = decoded.map((part) =>
    "line" in part ? part.line : { error: `${part.fault} at byte ${part.at}` },
  );
  return { [recordName[signal]]: items };
};

const readEvent = (value: Uint8Array) => {
  const read = readJson(value);
  return "error" in read ? read : { event: read.value };
};

const readJson = (value: Uint8Array) => {
  try {
    return { value: JSON.parse(decoder.decode(value)) as unknown };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
};

/** Text when the bytes are UTF-8, else `base64:` and the bytes; null stays null. */
export const readText = (bytes: Uint8Array | null): string | null => {
  if (bytes === null) return null;
  try {
    return decoder.decode(bytes);
  } catch {
    return `base64:${Buffer.from(bytes).toString("base64")}`;
  }
};
