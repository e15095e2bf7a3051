// A real Kafka that wants TLS and a login: a certificate authority made for the test (openssl), a
// broker certificate for localhost, users for PLAIN and SCRAM; rights can be taken from them.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import kafkajs from "kafkajs";

import type { KafkaLogin } from "../schemas/kafka/client.ts";
import { type TestBroker, kafkaAvailable, startBroker } from "./kafka-broker.ts";
import { freePort } from "./server-process.ts";

const {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} = kafkajs;

export const loginAvailable = (): boolean => kafkaAvailable() && existsSync("/usr/bin/openssl");

export type LoginBroker = TestBroker & {
  /** localhost:PORT, TLS and login. */
  readonly secure: string;
  readonly authoritiesPath: string;
  readonly authorities: string;
};

/** The one user; its password is the same for each mechanism. */
export const loginOf = (mechanism: KafkaLogin["mechanism"]): KafkaLogin => ({
  mechanism,
  username: "weir",
  password: "a secret that must not be shown",
});

const makeCertificates = (folder: string): { authorities: string; keystore: string } => {
  const at = (name: string): string => join(folder, name);
  const openssl = (...words: readonly string[]): void => {
    execFileSync("openssl", words, { cwd: folder, stdio: "ignore" });
  };
  const key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
  const ca = ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Weir test authority"];
  openssl("req", "-x509", ...key, ...ca);
  openssl("req", ...key.slice(0, 3), "-keyout", "b.key", "-out", "b.csr", "-subj", "/CN=localhost");
  writeFileSync(at("extensions"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
  openssl("x509", "-req", "-in", "b.csr", ...signing, "-extfile", "extensions", "-out", "b.pem");
  const parts = ["b.key", "b.pem", "ca.pem"].map((name) => readFileSync(at(name), "utf8"));
  writeFileSync(at("keystore.pem"), parts.join(""));
  return { authorities: at("ca.pem"), keystore: at("keystore.pem") };
};

/** Takes the right to write to a topic from the one user, and gives it back. */
export const setWriteRight = async (
  { bootstrap }: LoginBroker,
  topic: string,
  isAllowed: boolean,
): Promise<void> => {
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const acl = {
    resourceType: AclResourceTypes.TOPIC,
    resourceName: topic,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: `User:${loginOf("plain").username}`,
    host: "*",
  };
  const any = { operation: AclOperationTypes.ALL, permissionType: AclPermissionTypes.ALLOW };
  const write = { operation: AclOperationTypes.WRITE, permissionType: AclPermissionTypes.DENY };
  const denial = { ...acl, ...write };
  if (isAllowed) await admin.deleteAcls({ filters: [denial] });
  else await admin.createAcls({ acl: [{ ...acl, ...any }, denial] });
  await admin.disconnect();
};

const securityModule = "org.apache.kafka.common.security";

/** Beside a plain listener, which the tests use to look into the topics. */
export const startLoginBroker = async (): Promise<LoginBroker> => {
  const folder = mkdtempSync(join(tmpdir(), "weir-test-login-"));
  const { authorities, keystore } = makeCertificates(folder);
  const [plainPort, controllerPort, securePort] = [
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const { username, password } = loginOf("plain");
  const broker = await startBroker({
    formatWords: ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => [
      "--add-scram",
      `${mechanism}=[name=${username},password=${password}]`,
    ]),
    properties: {
      "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
      "listener.security.protocol.map":
        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
      listeners: `PLAINTEXT://127.0.0.1:${plainPort},CONTROLLER://127.0.0.1:${controllerPort},SASL_SSL://127.0.0.1:${securePort}`,
      // localhost: TLS clients check the name.
      "advertised.listeners": `PLAINTEXT://127.0.0.1:${plainPort},SASL_SSL://localhost:${securePort}`,
      "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
      "listener.name.sasl_ssl.plain.sasl.jaas.config": `${securityModule}.plain.PlainLoginModule required user_${username}="${password}";`,
      "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": `${securityModule}.scram.ScramLoginModule required;`,
      "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": `${securityModule}.scram.ScramLoginModule required;`,
      "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
      "allow.everyone.if.no.acl.found": "true",
      // Who comes over the plain listener, the broker itself too.
      "super.users": "User:ANONYMOUS",
      "ssl.keystore.type": "PEM",
      "ssl.keystore.location": keystore,
    },
  });
  return {
    ...broker,
    bootstrap: `127.0.0.1:${plainPort}`,
    secure: `localhost:${securePort}`,
    authoritiesPath: authorities,
    authorities: readFileSync(authorities, "utf8"),
    close: async () => {
      await broker.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
