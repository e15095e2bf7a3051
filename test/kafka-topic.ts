// A topic of a real Kafka that can be written to when its maker is told so. kafkajs' own wait for
// leaders asks once and gives up when the broker does not know the topic yet, as one that is busy.
import { setTimeout as pause } from "node:timers/promises";

import type { Admin, ITopicConfig } from "kafkajs";

const looksMax = 600;
const pauseMs = 100;

/** Resolves once every partition has answered for itself. @throws when one never does. */
export const makeTopic = async (admin: Admin, topic: ITopicConfig): Promise<void> => {
  await admin.createTopics({ topics: [topic], waitForLeaders: false });
  const { topic: name, numPartitions = 1 } = topic;
  for (let look = 0; look < looksMax; look += 1) {
    const partitions = await admin.fetchTopicOffsets(name).catch(() => []);
    if (partitions.length === numPartitions) return;
    await pause(pauseMs);
  }
  throw new Error(`${name}: no ${numPartitions} partitions with a leader`);
};
