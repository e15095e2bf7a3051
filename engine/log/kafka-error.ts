// kafkajs' and our producer's errors as the port's closed set.
import type { ProducerErrorCode } from "../../schemas/kafka/producer-error.ts";
import { ProducerError, producerError } from "../../schemas/kafka/producer-error.ts";
import type { LogErrorCode } from "./event-log.ts";
import { LogError } from "./event-log.ts";

const codes: { readonly [code in ProducerErrorCode]: LogErrorCode } = {
  unreachable: "unreachable",
  timeout: "unreachable",
  authentication: "refused",
  "topic-missing": "topic-missing",
  "record-too-large": "record-too-large",
  unauthorized: "refused",
  refused: "refused",
  sequence: "unreachable",
  "queue-full": "full",
  closed: "closed",
};

/** A LogError passes through; anything unknown is `unreachable`, which may be tried again. */
export const kafkaLogError = (error: unknown): LogError => {
  if (error instanceof LogError) return error;
  const { code, message, fate } = error instanceof ProducerError ? error : producerError(error);
  const { acknowledged } = fate;
  const text = message.replace(/^[a-z-]+: /, "");
  return new LogError(codes[code], text, { cause: error, acknowledged });
};

/** The group went on without this member: what it commits is no longer its own. */
export const isStaleMember = (error: unknown): boolean => hasType(error, staleTypes);

const staleTypes = new Set(["ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "REBALANCE_IN_PROGRESS"]);

/** A broker that has just started, or a moving coordinator: gone within a second or so. */
const awayTypes = new Set([
  "GROUP_LOAD_IN_PROGRESS",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR_FOR_GROUP",
]);

/** Of topics that were made a moment ago: told by the controller, not yet by this broker. */
const unknownTypes = new Set(["UNKNOWN_TOPIC_OR_PARTITION", "LEADER_NOT_AVAILABLE"]);

/** The broker that was asked does not lead a partition, not yet or no more. */
const movedTypes = new Set(["NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE"]);

/** Longest chain of causes that is followed; kafkajs nests at most three. */
const causesMax = 8;

type Foreign = { readonly type?: unknown; readonly cause?: unknown };

const isOrComesOf = (error: unknown, is: (at: Foreign) => boolean): boolean => {
  let at = error as Foreign | undefined;
  for (let i = 0; i < causesMax && typeof at === "object" && at !== null; i += 1) {
    if (is(at)) return true;
    at = at.cause as typeof at;
  }
  return false;
};

const hasType = (error: unknown, types: ReadonlySet<string>): boolean =>
  isOrComesOf(error, ({ type }) => typeof type === "string" && types.has(type));

/**
 * A client of kafkajs whose first question for a topic got no answer does not ask again, and falls
 * over the partitions that it does not have: the next client does.
 */
const isUnasked = (error: unknown): boolean => isOrComesOf(error, (at) => at instanceof TypeError);

const attemptMs = 250;
const coordinatorAttemptsMax = 20;
const leaderAttemptsMax = 120;

/** Runs `body`, again while a coordinator is away: up to five seconds. */
export const withCoordinator = <T>(body: () => Promise<T>): Promise<T> =>
  again(body, (error) => hasType(error, awayTypes), coordinatorAttemptsMax);

/** Runs `body`, again while the broker does not know new topics or their leaders: up to 30 s. */
export const withLeaders = <T>(body: () => Promise<T>): Promise<T> =>
  again(body, (error) => hasType(error, unknownTypes), leaderAttemptsMax);

/** Runs `body`, with a new client each time, again while another broker leads or none: up to 30 s. */
export const withMovedLeaders = <T>(body: () => Promise<T>): Promise<T> =>
  again(body, (error) => hasType(error, movedTypes) || isUnasked(error), leaderAttemptsMax);

const again = async <T>(
  body: () => Promise<T>,
  isPassing: (error: unknown) => boolean,
  attemptsMax: number,
): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await body();
    } catch (error) {
      if (attempt >= attemptsMax || !isPassing(error)) throw error;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, attemptMs);
    });
  }
};
