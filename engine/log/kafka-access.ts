// How Kafka is reached beyond its address: TLS and login, from the environment, so that no secret
// stands on a command line. One reader for every part of the engine; threads inherit it.
//
//   WEIR_KAFKA_TLS             true: TLS
//   WEIR_KAFKA_CA              path of a PEM file with certificate authorities, instead of the public ones
//   WEIR_KAFKA_SASL_MECHANISM  plain, scram-sha-256 or scram-sha-512, with
//   WEIR_KAFKA_SASL_USERNAME and WEIR_KAFKA_SASL_PASSWORD
import { readFileSync } from "node:fs";

import type { KafkaLogin } from "../../schemas/kafka/client.ts";
import { LogError } from "./event-log.ts";

export type KafkaAccess = {
  readonly isTls: boolean;
  /** PEM, or null for the public authorities. */
  readonly authorities: string | null;
  readonly login: KafkaLogin | null;
};

type Variables = { readonly [name: string]: string | undefined };

const mechanisms = ["plain", "scram-sha-256", "scram-sha-512"] as const;

const loginOf = (variables: Variables, isTls: boolean): KafkaLogin | null => {
  const given = variables["WEIR_KAFKA_SASL_MECHANISM"] ?? "";
  if (given === "") return null;
  const mechanism = mechanisms.find((name) => name === given);
  if (mechanism === undefined)
    throw new LogError("refused", `WEIR_KAFKA_SASL_MECHANISM: expected ${mechanisms.join(", ")}`);
  const username = variables["WEIR_KAFKA_SASL_USERNAME"] ?? "";
  const password = variables["WEIR_KAFKA_SASL_PASSWORD"] ?? "";
  if (username === "" || password === "")
    throw new LogError("refused", "WEIR_KAFKA_SASL_USERNAME and _PASSWORD: both are needed");
  if (mechanism === "plain" && !isTls)
    throw new LogError("refused", "WEIR_KAFKA_SASL_MECHANISM: plain needs WEIR_KAFKA_TLS=true");
  return { mechanism, username, password };
};

const authoritiesOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new LogError("refused", `WEIR_KAFKA_CA: ${String(error)}`);
  }
};

/** @throws LogError `refused` naming the variable that cannot be used. */
export const kafkaAccess = (variables: Variables = process.env): KafkaAccess => {
  const isTls = variables["WEIR_KAFKA_TLS"] === "true";
  const path = variables["WEIR_KAFKA_CA"] ?? "";
  const authorities = path === "" ? null : authoritiesOf(path);
  return { isTls, authorities, login: loginOf(variables, isTls) };
};
