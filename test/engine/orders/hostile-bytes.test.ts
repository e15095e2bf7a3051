import { expect, test } from "vitest";

import { DatabentoReader } from "../../../engine/orders/databento-reader.ts";
import { ItchReader } from "../../../engine/orders/itch-reader.ts";
import { LobsterReader } from "../../../engine/orders/lobster-reader.ts";
import { noOrderCounts } from "../../../engine/orders/order-reading.ts";
import { runSeed, seeded } from "../../random.ts";
import { dbnColumns, dbnJson, dbnOrder, dbnRow, dbnStart } from "./databento-file.ts";
import { ItchStock } from "./itch-file.ts";
import { lobsterMessage } from "./lobster-file.ts";
import { chunked, ReplayedBooks } from "./replayed-books.ts";

const abc = new ItchStock("ABC", 1);
const itch = [abc.directory(), abc.add(1, "B", 9, 100), abc.execute(1, 2), abc.replace(1, 2, 3, 4)];
const order = { action: "A", side: "B", id: 1, price: 100, size: 9 };
const orders = [order, { action: "R", flags: 0x20 }, { ...order, action: "C" }].map(dbnOrder);
const databento = [...dbnStart(2, [{ name: "ABC", instrument: 38 }]), ...orders.flat()];

/** Some bytes changed. */
const damaged = (bytes: readonly number[], random: ReturnType<typeof seeded>): Uint8Array => {
  const out = Uint8Array.from(bytes);
  for (let i = 0; i <= random.below(6); i += 1) out[random.below(out.length)] = random.below(256);
  return out;
};

test("damaged files are read to their end, with faults and never an exception", () => {
  const random = seeded(runSeed("damaged orders"));
  let faults = 0;
  for (let i = 0; i < 3000; i += 1) {
    for (const bytes of [itch.flat(), databento]) {
      const books = new ReplayedBooks();
      const counts = noOrderCounts();
      const Reader = bytes === databento ? DatabentoReader : ItchReader;
      const reader = new Reader("", counts);
      reader.begin();
      for (const chunk of chunked(damaged(bytes, random), () => 1 + random.below(200)))
        books.take(reader.read(chunk), reader.message);
      books.take(reader.finish(), reader.message);
      faults += books.faults.length;
    }
  }
  expect(faults).toBeGreaterThan(1000);
});

test("damaged rows are read to their end, with faults and never an exception", () => {
  const random = seeded(runSeed("damaged rows"));
  const text = (row: string): string =>
    Buffer.from(damaged([...Buffer.from(row)], random)).toString("latin1");
  const row = lobsterMessage(1, "11,100,1000000,1");
  let faults = 0;
  for (let i = 0; i < 1000; i += 1) {
    const books = new ReplayedBooks();
    const reader = new LobsterReader("ABC", noOrderCounts(), i % 2 === 0);
    for (let line = 0; line < 4; line += 1) {
      const readings = reader.read(text(row), text("1002500,30,1000000,100,1003000,5,990000,7"));
      books.take(readings, reader.message);
    }
    faults += books.faults.length;
  }
  expect(faults).toBeGreaterThan(1000);
});

test("damaged lines of Databento are read to their end, with faults and never an exception", () => {
  const random = seeded(runSeed("damaged lines"));
  const text = (line: string): string =>
    Buffer.from(damaged([...Buffer.from(line)], random)).toString("latin1");
  let faults = 0;
  for (let i = 0; i < 2000; i += 1) {
    const isJson = i % 2 === 0;
    const written = isJson ? dbnJson(order, "ABC", true) : dbnRow(order, "ABC", true);
    const reader = new DatabentoReader("", noOrderCounts());
    const books = new ReplayedBooks();
    reader.begin(true);
    const header = i % 20 === 1 ? text(dbnColumns) : dbnColumns;
    const lines = [isJson ? written : header, text(written), text(written), text(written)];
    for (const line of lines) books.take(reader.readLine(line), reader.message);
    books.take(reader.finish(), reader.message);
    faults += books.faults.length;
  }
  expect(faults).toBeGreaterThan(1000);
});
