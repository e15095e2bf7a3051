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
  refused: "refused",
  sequence: "unreachable",
  "queue-full": "full",
  closed: "closed",
};

/** A LogError passes through; anything unknown is `unreachable`, which may be tried again. */
export const kafkaLogError = (error: unknown): LogError => {
  if (error instanceof LogError) return error;
  const { code, message } = error instanceof ProducerError ? error : producerError(error);
  return new LogError(codes[code], message.replace(/^[a-z-]+: /, ""));
};

const staleTypes = new Set(["ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "REBALANCE_IN_PROGRESS"]);

/** The group went on without this member: what it commits is no longer its own. */
export const isStaleMember = (error: unknown): boolean => {
  let at = error as { readonly type?: unknown; readonly cause?: unknown } | undefined;
  for (let i = 0; i < 8 && typeof at === "object" && at !== null; i += 1) {
    if (typeof at.type === "string" && staleTypes.has(at.type)) return true;
    at = at.cause as typeof at;
  }
  return false;
};
