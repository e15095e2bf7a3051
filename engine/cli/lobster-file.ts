// A LOBSTER file of messages with the file of books that lies beside it, row by row together. The
// pair is known by its names: NAME_message_5.csv and NAME_orderbook_5.csv, or with other words around.
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import type { DepthMessage } from "../../schemas/market/depth-message.ts";
import { LobsterReader } from "../orders/lobster-reader.ts";
import type { OrderCounts, OrderReading } from "../orders/order-reading.ts";
import type { Io } from "./command.ts";
import { InputError, type Line, readLines } from "./input.ts";

/** Where a file of books would be, or null when the name says nothing of messages. */
const bookPathOf = (path: string): string | null => {
  const name = basename(path);
  const bookName = name.replace("message", "orderbook");
  return bookName === name ? null : join(dirname(path), bookName);
};

/** The files but those of books whose messages are among them: they are read along. */
export const lobsterMessages = (paths: readonly string[]): readonly string[] => {
  const books = new Set(paths.map((path) => bookPathOf(path)));
  return paths.filter((path) => !books.has(join(dirname(path), basename(path))));
};

/** The symbol is what stands before the first `_`. @throws InputError where none does. */
const symbolOfFile = (path: string): string => {
  const name = basename(path);
  const end = name.indexOf("_");
  if (end > 0) return name.slice(0, end);
  throw new InputError(
    `${path}: field symbol: found none in the name, expected SYMBOL_... or --symbol SYMBOL`,
  );
};

const isThere = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined)) !== undefined;

/** One file of messages. */
export class LobsterFile {
  readonly #path: string;
  readonly #bookPath: string | null;
  readonly #reader: LobsterReader;
  readonly #io: Io;

  /** `symbol` "" is that of the file's name. @throws InputError where there is none. */
  static async open(
    path: string,
    symbol: string,
    { counts, io }: { readonly counts: OrderCounts; readonly io: Io },
  ): Promise<LobsterFile> {
    if (basename(path).includes("orderbook")) {
      const expected = "expected one of messages, beside which it is found by itself";
      throw new InputError(`${path}: found a file of books, ${expected}`);
    }
    const given = path === "-" ? "" : basename(path).split("_", 1)[0];
    const named = given?.toUpperCase() === symbol ? given : symbol;
    const found = bookPathOf(path);
    const bookPath = found !== null && (await isThere(found)) ? found : null;
    const reader = new LobsterReader(
      symbol === "" ? symbolOfFile(path) : named,
      counts,
      bookPath !== null,
    );
    return new LobsterFile(path, bookPath, { reader, io });
  }

  private constructor(
    path: string,
    bookPath: string | null,
    { reader, io }: { readonly reader: LobsterReader; readonly io: Io },
  ) {
    this.#path = path;
    this.#bookPath = bookPath;
    this.#reader = reader;
    this.#io = io;
  }

  get message(): DepthMessage {
    return this.#reader.message;
  }

  /** @throws InputError for a file that cannot be read on. */
  async *read(): AsyncGenerator<Iterable<OrderReading>> {
    // One bar of progress, that of the messages.
    const { progress: _, ...quiet } = this.#io;
    const books = this.#bookPath === null ? null : readLines([this.#bookPath], quiet);
    try {
      for await (const { text } of readLines([this.#path], this.#io))
        yield this.#reader.read(text, await nextOf(books));
      if (!this.#io.signal.aborted) yield this.#reader.finish(await nextOf(books));
    } finally {
      await books?.return(undefined);
    }
  }
}

const nextOf = async (lines: AsyncGenerator<Line> | null): Promise<string | null> => {
  const next = await lines?.next();
  return next === undefined || next.done === true ? null : next.value.text;
};
