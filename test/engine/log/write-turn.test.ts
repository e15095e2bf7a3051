import { expect, test } from "vitest";

import { sharedBytes, ticketWord, turnWord } from "../../../engine/log/embedded/shared-memory.ts";
import { createWriteTurn } from "../../../engine/log/embedded/write-turn.ts";

const words = (): Int32Array => new Int32Array(new SharedArrayBuffer(sharedBytes));

test("turns follow each other, also over the wrap of the words and after a throw", () => {
  const memory = words();
  memory[ticketWord] = 0x7ffffffe;
  memory[turnWord] = 0x7ffffffe;
  const inTurn = createWriteTurn(memory);
  for (let i = 0; i < 5; i += 1) expect(inTurn(() => i)).toBe(i);
  const broken = (): never => {
    throw new Error("broken");
  };
  expect(() => inTurn(broken)).toThrow("broken");
  expect(inTurn(() => "goes on")).toBe("goes on");
  expect(memory[turnWord]).toBe(memory[ticketWord]);
});

test("a ticket whose thread has died is passed over", () => {
  const memory = words();
  Atomics.add(memory, ticketWord, 1);
  const inTurn = createWriteTurn(memory);
  expect(inTurn(() => "after")).toBe("after");
  expect(inTurn(() => "at once")).toBe("at once");
  expect(memory[turnWord]).toBe(3);
});
