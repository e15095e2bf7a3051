// The ports that may not be served on, against what Node's own fetch refuses.
import { expect, test } from "vitest";

import { refusedPorts } from "../../../engine/config/refused-ports.ts";
import { effective } from "./effective.ts";

/** Why fetch does not come through to this port; nothing is connected to. */
const reasonOf = async (port: number): Promise<unknown> => {
  const dispatcher = {
    dispatch: (): never => {
      throw new Error("asked for");
    },
  };
  const options: object = { dispatcher };
  const failed = await fetch(`http://127.0.0.1:${port}`, options).catch((error: unknown) => error);
  return (failed as { readonly cause?: Error }).cause?.message;
};

test("are those that fetch refuses: all below 1024, and above it they and not their neighbours", async () => {
  const low = Array.from({ length: 1023 }, (_, at) => at + 1);
  const around = [...refusedPorts].flatMap((port) => [port - 1, port, port + 1]);
  for (const port of new Set([...low, ...around.filter((one) => one > 1023)]))
    expect([port, await reasonOf(port)]).toEqual([
      port,
      refusedPorts.has(port) ? "bad port" : "asked for",
    ]);
});

test("are refused as the control server's, wherever they are set", () => {
  for (const port of refusedPorts)
    expect(() => effective({ "control.port": `${port}` })).toThrow(
      `control.port: found ${port}, expected a port that browsers and fetch do not refuse`,
    );
  expect(effective({ "control.port": "0" }).config.control.port).toBe(0);
});
