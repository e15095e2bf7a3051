// server.properties of the local node: broker and controller in one JVM, everything on loopback,
// one replica. It is for development and tests, never for production.
import { join } from "node:path";

export type NodePorts = { readonly broker: number; readonly controller: number };

/** The file's text. `extra` overrides or adds; keys are Kafka's own. */
export const serverProperties = (
  dataDirectory: string,
  ports: NodePorts,
  extra: { readonly [name: string]: string | number },
): string => {
  const table = { ...listeners(ports), ...internalTopics, ...sizes, ...extra };
  const all = { "log.dirs": join(dataDirectory, "log"), ...table };
  const lines = Object.entries(all).map(([name, value]) => `${name}=${escaped(`${value}`)}\n`);
  return lines.join("");
};

// Java reads such a file as Latin-1; what is beyond ASCII, or has a meaning there, comes as \uXXXX.
const escaped = (value: string): string =>
  value.replace(/[^ -~]|\\/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const listeners = ({ broker, controller }: NodePorts) => ({
  "process.roles": "broker,controller",
  "node.id": 1,
  // A static voter is the shortest way to a quorum of one; the port may differ at each start.
  "controller.quorum.voters": `1@127.0.0.1:${controller}`,
  "controller.listener.names": "CONTROLLER",
  "inter.broker.listener.name": "PLAINTEXT",
  "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
  listeners: `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
  "advertised.listeners": `PLAINTEXT://127.0.0.1:${broker}`,
});

// Internal topics default to 50 partitions and 3 replicas, which one node can never satisfy.
const internalTopics = {
  "offsets.topic.num.partitions": 1,
  "offsets.topic.replication.factor": 1,
  "transaction.state.log.num.partitions": 1,
  "transaction.state.log.replication.factor": 1,
  "transaction.state.log.min.isr": 1,
  "share.coordinator.state.topic.num.partitions": 1,
  "share.coordinator.state.topic.replication.factor": 1,
  "share.coordinator.state.topic.min.isr": 1,
};

const sizes = {
  // A forgotten topic must fail here as it does in production.
  "auto.create.topics.enable": "false",
  // The first join otherwise waits 3 s for more members.
  "group.initial.rebalance.delay.ms": 0,
  "num.network.threads": 2,
  "num.io.threads": 4,
  // The default dedupe buffer alone is 128 MB of heap.
  "log.cleaner.dedupe.buffer.size": 8 << 20,
  "log.segment.bytes": 64 << 20,
};
