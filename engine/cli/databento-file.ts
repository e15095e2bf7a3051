// A file of Databento, DBN or text: its first bytes tell which. Where it stands in a text is a line,
// in DBN a byte.
import type { DatabentoReader } from "../orders/databento-reader.ts";
import type { OrderReading } from "../orders/order-reading.ts";
import { ByteReader } from "./byte-reader.ts";
import type { Io } from "./command.ts";
import { fileBytes, linesOf } from "./input.ts";

const dbnMagic = "DBN";

/** Reads the file at `path` to its end. @throws InputError for one that cannot be read on. */
export async function* databentoReadings(
  path: string,
  reader: DatabentoReader,
  io: Io,
): AsyncGenerator<Iterable<OrderReading>> {
  // Known before a byte is there: a file that cannot be read is none of the two.
  reader.begin();
  const bytes = new ByteReader(fileBytes(path, io));
  const head = await bytes.peek(dbnMagic.length);
  if (isDbn(head)) for await (const chunk of bytes.rest()) yield reader.read(chunk);
  else {
    reader.begin(true);
    for await (const { text } of linesOf(path, bytes.rest(), io)) yield reader.readLine(text);
  }
  if (!io.signal.aborted) yield reader.finish();
}

/** Also of a file cut short within the three letters, so that the fault says what is missing. */
const isDbn = (head: DataView): boolean => {
  for (let at = 0; at < Math.min(head.byteLength, dbnMagic.length); at += 1)
    if (head.getUint8(at) !== dbnMagic.charCodeAt(at)) return false;
  return true;
};
