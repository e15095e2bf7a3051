// Before anything starts on Kafka: are the topics there, with the partitions that keys rely on?
import { UnreachableError } from "../cli/command.ts";
import { LogError } from "../log/event-log.ts";
import { openLog } from "../log/open-log.ts";
import { topicNames, topics } from "../../schemas/topics.ts";

/** @throws UnreachableError when Kafka does not answer, or topics are missing or differ. */
export const checkTopics = async (kafka: string, create: boolean): Promise<void> => {
  const log = await openLog({ kafka });
  try {
    if (create) await log.createTopics();
    const found = new Map((await log.describe()).map((t) => [t.topic, t.partitions]));
    const missing = topicNames.filter((name) => !found.has(name));
    if (missing.length > 0) {
      throw new UnreachableError(
        `Kafka at ${kafka} lacks topics ${missing.join(", ")}; create them with --create-topics`,
      );
    }
    for (const name of topicNames) {
      const partitions = found.get(name);
      if (partitions === topics[name].partitions) continue;
      throw new UnreachableError(
        `topic ${name} has partitions=${partitions}, schemas/topics.json says ${topics[name].partitions}`,
      );
    }
  } catch (error) {
    if (error instanceof LogError && error.code === "unreachable") {
      throw new UnreachableError(`Kafka at ${kafka} does not answer: ${error.message}`);
    }
    throw error;
  } finally {
    await log.close();
  }
};
