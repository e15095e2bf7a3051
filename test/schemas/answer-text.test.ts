// An answer is read as far as it can mean anything, and no further.
import { expect, test } from "vitest";

import { answerText } from "../../schemas/answer-text.ts";

const endless = () => {
  let given = 0;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      given += 1;
      controller.enqueue(new TextEncoder().encode("ä12345678"));
    },
    cancel: () => {
      isCancelled = true;
    },
  });
  return { body, given: () => given, isCancelled: () => isCancelled };
};

test("an answer within its bound is read whole, one without a body is empty", async () => {
  expect(await answerText(new Response("zwölf"), 6)).toEqual({ text: "zwölf", isCut: false });
  expect(await answerText(new Response(null), 6)).toEqual({ text: "", isCut: false });
});

test("one without an end is cut at its bound, told as cut, and its connection given up", async () => {
  const { body, given, isCancelled } = endless();
  const { text, isCut } = await answerText({ body }, 25);
  expect([text, isCut, isCancelled()]).toEqual(["ä12345678ä12345678ä123", true, true]);
  expect(given()).toBeLessThan(6);
});
