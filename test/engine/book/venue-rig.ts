// Books of one venue, fed with its messages as a recorded file would hold them, through the way of the
// running system.
import { createBookMemory } from "../../../engine/book/book-layout.ts";
import { MarketBooks } from "../../../engine/book/market-books.ts";
import { readTops, type TopOfBook } from "../../../engine/book/top-reader.ts";
import { depthItemOf } from "../../../schemas/market/depth-message.ts";
import { RecordedReader } from "../../../schemas/market/recorded-reader.ts";
import type { MessageVenueName } from "../../../schemas/market/venues.ts";

type VenueRig = {
  readonly give: (json: string | object) => number;
  readonly tell: (json: object) => void;
  readonly top: () => TopOfBook | undefined;
  readonly books: MarketBooks;
};

/** `give` returns the outcome of a message, which must be taken; `tell` is for what is ignored. */
export const venueRig = (venue: MessageVenueName): VenueRig => {
  const memory = createBookMemory(2);
  const books = new MarketBooks({ memory });
  const reader = new RecordedReader<number>(venue, "");
  const give = (json: string | object): number => {
    const text = typeof json === "string" ? json.replaceAll("\n", "") : JSON.stringify(json);
    for (const { fault } of reader.read(`1 ${text}`, 0)) {
      if (fault !== null) throw new Error(JSON.stringify(fault));
      const item = depthItemOf(reader.message);
      if (typeof item === "number") throw new Error(`code ${item}`);
      return books.apply(new DataView(item.buffer), 0, item.length);
    }
    throw new Error("nothing was read");
  };
  const tell = (json: object): void => {
    const codes = Array.from(
      reader.read(`1 ${JSON.stringify(json)}`, 0),
      ({ fault }) => fault?.code,
    );
    if (codes.join() !== "ignored") throw new Error(`${codes.join()} in place of ignored`);
  };
  return { give, tell, top: () => readTops(memory)[0], books };
};
