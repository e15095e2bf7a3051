import { expect, test } from "vitest";

import { createKafkaAdmin } from "../../../engine/log/kafka-admin.ts";
import type { Client } from "../../../schemas/kafka/client.ts";

const table = { made: { partitions: 2, retentionMs: 1000, messageBytesMax: 1000 } };

/** A client of what the admin client does; each time it is asked for one it is made anew. */
const clientOf = (admin: () => object): Client =>
  ({ kafka: { admin }, ready: Promise.resolve() }) as unknown as Client;

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
  return { client: clientOf(() => admin), asks: () => asks };
};

test("topics are made also where the broker hears of them only later", async () => {
  const { client, asks } = lateBroker(2);
  expect(await createKafkaAdmin(client, table).createTopics()).toEqual(["made"]);
  expect(asks()).toBe(3);
});

// As kafkajs falls over the partitions of a topic whose metadata it did not get.
const unasked = () => new TypeError("Cannot destructure property 'partitions' of 'high.pop(...)'");

test.each([
  ["the leader has moved", () => Object.assign(new Error(), { type: "NOT_LEADER_FOR_PARTITION" })],
  ["the client did not get the topic's metadata", unasked],
])("offsets are asked for again, by a new client, when %s", async (_, failure) => {
  let clients = 0;
  const client = clientOf(() => {
    clients += 1;
    const number = clients;
    return {
      connect: async () => undefined,
      disconnect: async () => undefined,
      fetchTopicOffsets: async () => {
        if (number > 2) return [{ partition: 0, low: "1", high: "7" }];
        throw failure();
      },
    };
  });
  expect(await createKafkaAdmin(client, table).offsets("made")).toEqual([{ earliest: 1, end: 7 }]);
  expect(clients).toBe(3);
});
