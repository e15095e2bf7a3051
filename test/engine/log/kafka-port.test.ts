// Ports that the system gives a local Kafka are free when it is asked, and may not be when the JVM is up.
import { createServer } from "node:net";
import type * as Net from "node:net";
import type { AddressInfo } from "node:net";

import { expect, test, vi } from "vitest";

import { kafkaAvailable, startBroker } from "../../kafka-broker.ts";

/** Said to be free to those that ask first; undefined: one that is free. */
const said = vi.hoisted((): (number | undefined)[] => []);

vi.mock("node:net", async (original) => {
  const net = await original<typeof Net>();
  const asked = (): Net.Server => {
    const server = net.createServer();
    const real = server.address.bind(server);
    server.address = () => {
      const port = said.shift();
      return port === undefined ? real() : { address: "127.0.0.1", family: "IPv4", port };
    };
    return server;
  };
  return { ...net, createServer: asked };
});

test.skipIf(!kafkaAvailable()).each([
  ["broker", (taken: number) => [undefined, taken]],
  ["controller", (taken: number) => [undefined, undefined, taken]],
])(
  "a port of the %s that another takes meanwhile is given up for a free one (needs Java 17 and Maven)",
  async (_name, ports) => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    said.push(...ports(port));
    const broker = await startBroker();
    expect(said).toEqual([]);
    expect(broker.bootstrap).not.toContain(String(port));
    await broker.close();
    other.close();
  },
);
