// Reads market by order of Databento in any of its encodings: DBN chunk by chunk, JSON and CSV line
// by line. What a record does is in databento-orders.ts, whichever way it is written.
import type { DepthMessage } from "../../schemas/market/depth-message.ts";
import { malformed, type VenueFault } from "../../schemas/market/venue-fields.ts";
import {
  dbnHeaderBytes,
  dbnNameKind,
  dbnOrderBytes,
  dbnOrderBytesSent,
  dbnOrderKind,
  dbnRecord,
  dbnStart,
  dbnVersionMax,
} from "./databento-layout.ts";
import { InstrumentNames, shownStart } from "./databento-names.ts";
import { DatabentoOrders } from "./databento-orders.ts";
import { DbnRecord } from "./databento-record.ts";
import { DatabentoText } from "./databento-text.ts";
import { HeldBytes } from "./held-bytes.ts";
import { faulty, type OrderCounts, type OrderReading } from "./order-reading.ts";

/** Larger metadata is refused, and its file with it. */
const metadataBytesMax = 64 << 20;

/** One per recording; `begin` before each file. Places of DBN are bytes, those of text lines. */
export class DatabentoReader {
  readonly #orders: DatabentoOrders;
  readonly #text: DatabentoText;
  readonly #held = new HeldBytes();
  readonly #names = new InstrumentNames();
  readonly #record = new DbnRecord(this.#names);
  // "head" until the metadata is read, "lost" where no more records can be found.
  #state: "head" | "records" | "lost" = "head";
  #isText = false;

  /** `symbol` in upper case; "" for all. */
  constructor(symbol: string, counts: OrderCounts) {
    this.#orders = new DatabentoOrders(symbol, counts);
    this.#text = new DatabentoText(this.#orders);
  }

  get message(): DepthMessage {
    return this.#orders.message;
  }

  /** Of the file that has begun. */
  get isText(): boolean {
    return this.#isText;
  }

  /** The next file is DBN, for `read`, or text, for `readLine`. */
  begin(isText = false): void {
    this.#isText = isText;
    this.#held.clear();
    this.#state = "head";
    this.#text.begin();
    this.#orders.begin();
  }

  /** The next line of a file of text. */
  *readLine(line: string): Generator<OrderReading> {
    yield* this.#text.read(line);
  }

  /** The next bytes of a file of DBN. */
  *read(chunk: Uint8Array): Generator<OrderReading> {
    const held = this.#held;
    if (this.#state === "lost") return;
    held.push(chunk);
    if (this.#state === "head") yield* this.#readHead();
    while (this.#state === "records" && held.length > 0) {
      const bytes = held.view.getUint8(held.start) * 4;
      if (bytes < dbnHeaderBytes) yield this.#lose("length", bytes, `at least ${dbnHeaderBytes}`);
      else if (held.length < bytes) return;
      else {
        const kind = held.view.getUint8(held.start + dbnRecord.kind);
        if (kind !== dbnOrderKind) this.#passOver(kind, bytes);
        else if (bytes === dbnOrderBytes || bytes === dbnOrderBytesSent) {
          this.#record.point(held);
          yield* this.#orders.apply(this.#record);
        } else {
          const expected = `${dbnOrderBytes}, or ${dbnOrderBytesSent} with the time of sending`;
          yield this.#faulty(malformed("length", bytes, expected));
        }
        held.take(bytes);
      }
    }
  }

  // A name says nothing about a book.
  #passOver(kind: number, bytes: number): void {
    const { view, start } = this.#held;
    if (kind === dbnNameKind) this.#names.learn(new DataView(view.buffer, start, bytes));
    this.#orders.counts.ignored += 1;
  }

  /** At the end of a file. */
  *finish(): Generator<OrderReading> {
    if (this.#isText) {
      yield* this.#text.finish();
      return;
    }
    const { length } = this.#held;
    if (this.#state === "lost" || (this.#state === "records" && length === 0)) return;
    const expected =
      this.#state === "head" ? "DBN and its metadata" : "a whole record: the file is cut short";
    yield this.#faulty(malformed("record", `${length} bytes`, expected));
  }

  /** After the last file. */
  end(): Generator<OrderReading> {
    return this.#orders.end(this.#isText ? this.#text.line : this.#held.offset);
  }

  *#readHead(): Generator<OrderReading> {
    const { view, start, length } = this.#held;
    if (length < dbnStart.metadata) return;
    const version = view.getUint8(start + dbnStart.version);
    const bytes = view.getUint32(start + dbnStart.metadataBytes, true) + dbnStart.metadata;
    const magic = view.getUint32(start, true) % 2 ** 24;
    if (magic !== dbnMagic) yield this.#lose("start", shownStart(view, start), "DBN");
    else if (version < 1 || version > dbnVersionMax)
      yield this.#lose("version", version, `1 to ${dbnVersionMax}`);
    else if (bytes > metadataBytesMax)
      yield this.#lose("metadata", `${bytes} bytes`, `at most ${metadataBytesMax}`);
    else if (length >= bytes) {
      const fault = this.#names.read(new DataView(view.buffer, start, bytes));
      if (fault !== null) yield this.#faulty(fault);
      this.#held.take(bytes);
      this.#state = "records";
    }
  }

  #lose(field: string, found: unknown, expected: string): OrderReading {
    this.#state = "lost";
    return this.#faulty(malformed(field, found, `${expected}; the rest of the file is left out`));
  }

  #faulty(fault: VenueFault): OrderReading {
    return faulty(this.#held.offset, fault);
  }
}

// As the three bytes stand in a little-endian number.
const dbnMagic = 0x4e4244;
