// The cluster object of a kafkajs client, which its public surface hides behind a symbol: the one
// way to its connections that gives the very classes kafkajs uses, whatever a bundler or test
// runner made of its modules (a deep import can be a second copy). kafkajs is pinned exactly.
import type { Kafka } from "kafkajs";

/** The part of a connection's request queue that the idle-timer remedy reads and writes. */
export type RequestQueue = {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  throttleCheckTimeoutId: ReturnType<typeof setTimeout> | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
};

type Address = { readonly host: string; readonly port: number };

type ConnectionPool = {
  readonly pool: readonly { readonly requestQueue: RequestQueue }[];
};

/** One answer of a plain fetch. */
type Fetched = {
  readonly responses: readonly { readonly partitions: readonly unknown[] }[];
};

export type Cluster = {
  readonly connectionPoolBuilder: { build(address: Address): Promise<ConnectionPool> };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>;
  findBroker(node: { readonly nodeId: string }): Promise<{
    fetch(request: unknown): Promise<Fetched>;
  }>;
};

const symbolName = "private:Kafka:createCluster";

/** A cluster with the client's configuration; nothing is connected yet. */
export const newCluster = (kafka: Kafka): Cluster => {
  const symbol = Object.getOwnPropertySymbols(kafka).find((at) => at.description === symbolName);
  if (symbol === undefined) {
    throw new Error(`kafkajs has no ${symbolName}: another version than 2.2.4`);
  }
  const make = Reflect.get(kafka, symbol) as (options: unknown) => Cluster;
  return make({ allowAutoTopicCreation: false, metadataMaxAge: 300_000 });
};
