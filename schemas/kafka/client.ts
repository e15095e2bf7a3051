// One kafkajs client whose sockets can be cut for good. kafkajs reconnects by itself, also in a
// send that its caller has given up; after `cut` nothing of this client can reach a broker again.
import type { ISocketFactory, KafkaConfig } from "kafkajs";
import { Kafka, logLevel } from "kafkajs";
import createSocketFactory from "kafkajs/src/network/socketFactory.js";

import { type Checksum, crc32c } from "./crc32c.ts";
import { remedyIdleTimer } from "./idle-timer.ts";
import { installOwnEncoder } from "./own-encoder.ts";

/** Who logs in to Kafka (SASL), and how. */
export type KafkaLogin = {
  readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
  readonly username: string;
  readonly password: string;
};

export type ClientOptions = {
  /** host:port, tried in order until one answers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: KafkaConfig["ssl"];
  readonly login?: KafkaLogin | null | undefined;
  /** Default weir; kafkajs leaves the client's own encoder in place. */
  readonly encoder?: "weir" | "kafkajs" | undefined;
  /** That of our encoder; default is the one in JavaScript. One for all clients of a process. */
  readonly checksum?: Checksum;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** For tests; default is kafkajs' own (node:net, node:tls). */
  readonly socketFactory?: ISocketFactory;
};

export type Client = {
  readonly kafka: Kafka;
  /** To be awaited before the first connection: the idle timer is remedied then. */
  readonly ready: Promise<void>;
  /** Destroys every socket, and every later connect fails. Idempotent. */
  readonly cut: () => void;
  /** kafkajs' own error lines so far: counted, not written. */
  readonly errorLines: () => number;
  /** Produce requests handed to a socket so far: what came before certainly was not written. */
  readonly produceWrites: () => number;
};

type Socket = ReturnType<ISocketFactory>;

/**
 * Retries inside kafkajs, each with the same sequence numbers, so the broker drops repeats: about
 * 0.1 + 0.2 + 0.4 + 0.8 s of waiting. Every field is set, as kafkajs has other defaults under
 * NODE_ENV=test.
 */
export const retry = {
  initialRetryTime: 100,
  maxRetryTime: 1000,
  factor: 0.2,
  multiplier: 2,
  retries: 4,
} as const;

export const createClient = (options: ClientOptions): Client => {
  const make = options.socketFactory ?? createSocketFactory();
  const sockets = new Set<Socket>();
  let isCut = false;
  let errorLines = 0;
  let produceWrites = 0;
  const socketFactory: ISocketFactory = (target) => {
    if (isCut) throw new Error("this client was cut");
    const socket = make(target);
    watchProduce(socket, () => (produceWrites += 1));
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    return socket;
  };
  const kafka = new Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
    ...saslOf(options.login ?? null),
    connectionTimeout: options.connectTimeoutMs,
    authenticationTimeout: options.connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    retry,
    socketFactory,
    logLevel: logLevel.ERROR,
    logCreator: () => () => {
      errorLines += 1;
    },
  });
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy(new Error("this client was cut"));
    sockets.clear();
  };
  return {
    kafka,
    ready: prepare(kafka, options),
    cut,
    errorLines: () => errorLines,
    produceWrites: () => produceWrites,
  };
};

// kafkajs' type has one member for each mechanism.
const saslOf = (login: KafkaLogin | null): Pick<KafkaConfig, "sasl"> => {
  if (login === null) return {};
  const { mechanism, username, password } = login;
  if (mechanism === "plain") return { sasl: { mechanism, username, password } };
  if (mechanism === "scram-sha-256") return { sasl: { mechanism, username, password } };
  return { sasl: { mechanism, username, password } };
};

const prepare = async (kafka: Kafka, options: ClientOptions): Promise<void> => {
  const { encoder, checksum = crc32c } = options;
  await remedyIdleTimer(kafka);
  if (encoder !== "kafkajs") await installOwnEncoder(kafka, checksum);
};

/** A request begins with its size (int32) and its key (int16); Produce has key 0. */
const keyBytes = 4;
const keyEndBytes = 6;

// kafkajs writes each request with one call, and does not tell when.
const watchProduce = (socket: Socket, onProduce: () => void): void => {
  const write = socket.write.bind(socket) as (...args: readonly unknown[]) => boolean;
  const watched = (data: unknown, ...rest: readonly unknown[]): boolean => {
    const isBytes = data instanceof Uint8Array && data.length >= keyEndBytes;
    if (isBytes && data[keyBytes] === 0 && data[keyBytes + 1] === 0) onProduce();
    return write(data, ...rest);
  };
  socket.write = watched;
};
