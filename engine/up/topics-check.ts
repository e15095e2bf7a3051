// Before anything starts on Kafka: are the topics there, with the partitions that keys rely on?
import { UnreachableError } from "../cli/command.ts";
import { LogError } from "../log/event-log.ts";
import { openLog } from "../log/open-log.ts";
import { checkTopics } from "../log/topic-table.ts";

/** @throws UnreachableError when Kafka does not answer, or topics are missing or differ. */
export const checkKafkaTopics = async (kafka: string, create: boolean): Promise<void> => {
  const log = await openLog({ kafka }).catch((error: unknown) => {
    throw error instanceof LogError ? new UnreachableError(error.message) : error;
  });
  try {
    if (create) await log.createTopics();
    await checkTopics(log);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    const advice = error.code === "topic-missing" ? "; create them with --create-topics" : "";
    throw new UnreachableError(`Kafka at ${kafka}: ${error.message}${advice}`);
  } finally {
    await log.close();
  }
};
