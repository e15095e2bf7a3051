// The one source of truth for topics, typed: topics.json is read by edge, engine, tests and
// Terraform; this file gives it names. Partition counts are constants: growth re-maps keys.
import table from "./topics.json" with { type: "json" };

export type TopicName = keyof typeof table;

type Encoding =
  | "otlp_proto"
  | "weir_frame_transaction"
  | "weir_frame_depth"
  | "weir_frame_candidate"
  | "json"
  | "weir_event_json"
  | "weir_refused";

export type Topic = {
  readonly partitions: number;
  readonly retentionMs: number;
  /** Upper bound of one record's value, key and headers together, before compression. */
  readonly messageBytesMax: number;
  readonly encoding: Encoding;
  readonly key: string;
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
};

export const topics = table as { readonly [name in TopicName]: Topic };

export const topicNames = Object.keys(table) as readonly TopicName[];

export const isTopicName = (name: string): name is TopicName => Object.hasOwn(table, name);
