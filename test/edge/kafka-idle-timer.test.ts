import { expect, test } from "vitest";

import { createClient } from "../../schemas/kafka/client.ts";
import { newCluster } from "../../schemas/kafka/kafkajs-cluster.ts";

const client = () =>
  createClient({ brokers: ["a:1"], clientId: "a", connectTimeoutMs: 1, requestTimeoutMs: 1 });

const queueOf = async ({ kafka }: ReturnType<typeof client>) => {
  const { pool } = await newCluster(kafka).connectionPoolBuilder.build({ host: "a", port: 1 });
  return pool[0]?.requestQueue;
};

test("in workerd an idle kafkajs connection sets no timer, and one with work does", async () => {
  const made = client();
  await made.ready;
  const queue = await queueOf(made);
  queue?.checkPendingRequests();
  expect(queue?.throttleCheckTimeoutId).toBeNull();
  // Pending behind a throttle: the timer is what sends it.
  Object.assign(queue ?? {}, { throttledUntil: Date.now() + 60_000, pending: [{}] });
  queue?.checkPendingRequests();
  expect(queue?.throttleCheckTimeoutId).not.toBeNull();
  clearTimeout(queue?.throttleCheckTimeoutId ?? undefined);
});
