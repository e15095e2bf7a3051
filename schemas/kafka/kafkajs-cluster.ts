// The cluster object of a kafkajs client, which its public surface hides behind a symbol: the one
// way to its connections that gives the very classes kafkajs uses, whatever a bundler or test
// runner made of its modules (a deep import can be a second copy). kafkajs is pinned exactly.
import type { Kafka } from "kafkajs";

import type { ProduceCall } from "./produce-request.ts";

/** What a request that waits for its turn on a connection consists of. */
type QueuedRequest = {
  readonly entry: {
    readonly apiKey: number;
    readonly apiName: string;
    readonly apiVersion: number;
    readonly correlationId: number;
    readonly resolve: (answer: { readonly payload: Buffer }) => void;
    readonly reject: (error: unknown) => void;
  };
  readonly expectResponse: boolean;
  readonly requestTimeout: number | null;
  readonly sendRequest: () => void;
};

/** The part of a connection's request queue that the idle-timer remedy and the encoder use. */
export type RequestQueue = {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  throttleCheckTimeoutId: ReturnType<typeof setTimeout> | null;
  checkPendingRequests(): void;
  push(request: QueuedRequest): void;
  maybeThrottle(clientSideThrottleMs: number | undefined): void;
  scheduleCheckPendingRequests(): void;
};

type Address = { readonly host: string; readonly port: number };

/** What brokers say to a produce request; times are in milliseconds. */
export type DecodedAnswer = {
  readonly throttleTime: number;
  readonly clientSideThrottleTime?: number;
  readonly topics: readonly {
    readonly topicName: string;
    readonly partitions: readonly PartitionAnswer[];
  }[];
};

/** What the leader of a partition says to a batch; the offset is that of its first record. */
export type PartitionAnswer = {
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: string;
  readonly logAppendTime: string;
  readonly logStartOffset?: string;
};

/** A request and the reader of its answer, as kafkajs' protocol tables make them. */
export type SendCall = {
  readonly request: {
    readonly apiKey: number;
    readonly apiName: string;
    readonly apiVersion: number;
  };
  readonly response: {
    /** Throws the error that an answer carries. */
    parse(decoded: DecodedAnswer): Promise<unknown>;
  };
};

export type KafkajsConnection = {
  readonly clientId: string;
  readonly requestQueue: RequestQueue;
  readonly socket: { write(bytes: Uint8Array): boolean };
  authenticate(): Promise<void>;
  failIfNotConnected(): void;
  nextCorrelationId(): number;
  send: (this: KafkajsConnection, call: SendCall) => Promise<unknown>;
};

type ConnectionPool = { readonly pool: readonly KafkajsConnection[] };

/** Finds how to make a request of a kind, in the version that the broker knows. */
export type Lookup = (key: number, definition: unknown) => (call: unknown) => SendCall;

export type KafkajsBroker = {
  readonly lookupRequest: Lookup;
  produce: (this: KafkajsBroker, call: ProduceCall) => Promise<unknown>;
};

/** One answer of a plain fetch. */
type Fetched = {
  readonly responses: readonly { readonly partitions: readonly unknown[] }[];
};

export type Cluster = {
  readonly connectionPoolBuilder: { build(address: Address): Promise<ConnectionPool> };
  readonly brokerPool: {
    readonly rootLogger: unknown;
    createBroker(options: {
      readonly connectionPool: ConnectionPool;
      logger: unknown;
    }): KafkajsBroker;
  };
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
