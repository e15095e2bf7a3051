import { expect, test } from "vitest";

import { createKafkaAdmin } from "../../../engine/log/kafka-admin.ts";
import type { Client } from "../../../schemas/kafka/client.ts";

const table = { made: { partitions: 2, retentionMs: 1000, messageBytesMax: 1000 } };

/** A broker that hears of new topics only after it was asked for them so often. */
const lateBroker = (asksMax: number): { readonly client: Client; readonly asks: () => number } => {
  const names: string[] = [];
  let asks = 0;
  const admin = {
    connect: async () => undefined,
    createTopics: async ({ topics }: { topics: readonly { topic: string }[] }) =>
      void names.push(...topics.map(({ topic }) => topic)),
    fetchTopicMetadata: async ({ topics = [] }: { topics?: readonly string[] } = {}) => {
      if (topics.length > 0) asks += 1;
      if (topics.length > 0 && asks <= asksMax)
        throw Object.assign(new Error("not here"), { type: "UNKNOWN_TOPIC_OR_PARTITION" });
      return { topics: names.map((name) => ({ name, partitions: [{}, {}] })) };
    },
  };
  const client = { kafka: { admin: () => admin }, ready: Promise.resolve() };
  return { client: client as unknown as Client, asks: () => asks };
};

test("topics are made also where the broker hears of them only later", async () => {
  const { client, asks } = lateBroker(2);
  expect(await createKafkaAdmin(client, table).createTopics()).toEqual(["made"]);
  expect(asks()).toBe(3);
});
