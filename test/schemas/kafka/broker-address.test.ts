// How a Kafka may be named.
import { describe, expect, it } from "vitest";

import { kafkaAddress } from "../../../schemas/kafka/broker-address.ts";

describe("the address of a Kafka", () => {
  it.each(["a:1", "127.0.0.1:9092", "a.b:65535,c:9999", "k:60000", "k:65499", "k:65529"])(
    "%s is one",
    (address) => {
      expect(address).toMatch(kafkaAddress.form);
    },
  );

  it.each([
    "",
    "a",
    "a:",
    ":1",
    "a:0",
    "a:01",
    "a:65536",
    "a:99999",
    "a:1,",
    "a:1,b:0",
    "a b:1",
    "[::1]:9092",
    "::1:9092",
  ])("%s is none: the port has its limits, and kafkajs cannot take IPv6", (address) => {
    expect(address).not.toMatch(kafkaAddress.form);
  });
});
