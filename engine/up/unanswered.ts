// Whether Kafka answers at a stop: nothing is worth waiting for when it does not, and people are told.
import { orLate } from "../../schemas/or-late.ts";
import type { EventLog } from "../log/event-log.ts";
import { openLog } from "../log/open-log.ts";

/** Kafka that does not answer within this time is away. */
const answerMsMax = 3_000;

/** Null when Kafka answers in time; else what to say of it. */
export const unanswered = async (
  log: Pick<EventLog, "describe">,
  kafka: string,
  msMax = answerMsMax,
): Promise<string | null> => {
  const asked = log.describe().then(
    () => null,
    ({ message }: Error) => `Kafka at ${kafka} did not answer: ${message}`,
  );
  return orLate(asked, msMax, () => `Kafka at ${kafka} did not answer within ${msMax} ms`);
};

/** As `unanswered`, for who has no log open. */
export const kafkaUnanswered = async (kafka: string): Promise<string | null> => {
  const log = await openLog({ kafka });
  const away = await unanswered(log, kafka);
  // Its goodbye would wait for Kafka, too.
  const closed = log.close();
  if (away === null) await closed;
  return away;
};
