import { expect, it } from "vitest";

import { LogError } from "../../../engine/log/event-log.ts";
import { KafkaOutage } from "../../../engine/log/kafka-outage.ts";

const build = () => {
  const notes: string[] = [];
  const clock = { ms: 0 };
  const outage = new KafkaOutage(
    (message) => notes.push(message),
    () => clock.ms,
  );
  return { notes, clock, outage };
};
const refused = new Error("connect ECONNREFUSED");

it("tells that Kafka is away once, and that it is there again, each time", () => {
  const { notes, outage } = build();
  outage.heard();
  for (let round = 0; round < 2; round += 1) {
    expect([outage.mayGoOn(refused), outage.mayGoOn(refused)]).toEqual([true, true]);
    outage.heard();
    outage.heard();
  }
  const away = expect.stringMatching(/^Kafka cannot be read, tried again: .*ECONNREFUSED/);
  const back = "Kafka answers again: its records are read on";
  expect(notes).toEqual([away, back, away, back]);
});

it("gives up a minute after Kafka was last heard of", () => {
  const { clock, outage } = build();
  clock.ms = 59_999;
  expect(outage.mayGoOn(refused)).toBe(true);
  outage.heard();
  clock.ms += 60_000;
  expect(outage.mayGoOn(refused)).toBe(false);
});

it("goes no further without one of its topics, and leaves it to others to tell", () => {
  const { notes, outage } = build();
  expect(outage.mayGoOn(new LogError("topic-missing", "otlp_logs"))).toBe(false);
  expect(notes).toEqual([]);
});
