// GET /events?type=&limit=: the newest events of the sniffer, one JSON object a line, oldest first.
import { type EventType, eventTypes } from "../events/event-layout.ts";
import { eventLimitMax, readEvents } from "../events/event-reader.ts";
import type { Answer } from "./answer.ts";

const limitDefault = 100;

/** 400 for an unknown type or a limit outside 1 to eventLimitMax, naming what is known. */
export const eventsAnswer = (
  memories: readonly SharedArrayBuffer[],
  query: URLSearchParams,
): Answer => {
  const asked = query.get("type");
  const type = eventTypes.find((name) => name === asked) ?? null;
  if (asked !== null && asked !== "" && type === null) {
    return bad(`type=${asked} is unknown; known: ${eventTypes.join(" ")}`);
  }
  const text = query.get("limit") ?? "";
  const limit = text === "" ? limitDefault : Number(text);
  const isInteger = /^\d*$/.test(text);
  if (!isInteger || limit < 1 || limit > eventLimitMax) {
    return bad(`limit=${text}; limits 1 to ${eventLimitMax}`);
  }
  return { status: 200, type: "application/x-ndjson", body: linesOf(memories, type, limit) };
};

const linesOf = (
  memories: readonly SharedArrayBuffer[],
  type: EventType | null,
  limit: number,
): string =>
  readEvents(memories, { type, limit })
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");

const bad = (message: string): Answer => ({
  status: 400,
  type: "text/plain",
  body: `${message}\n`,
});
