// What one connection to Bitfinex has told of its channels: their numbers mean nothing without it.
// Reads the events "subscribed", "unsubscribed" and the "info" that begins a connection; of other
// events it takes no notice. Not the messages of the channels: venue-bitfinex.ts.
import { idForm, ignored, isId, type Json, malformed, type VenueFault } from "./venue-fields.ts";

/** Channels of one connection that are known at most; Bitfinex allows fewer. More are not taken. */
const bitfinexChannelsMax = 4096;

/** What is known of a channel. */
export type BitfinexChannel = {
  /** book, trades, ticker ...; "" where nothing was told. */
  readonly name: string;
  readonly symbol: string;
  /** Why its messages are of no use, null when they are. */
  readonly ignoredFor: VenueFault | null;
};

type Known = { readonly name: string; readonly symbol: string; readonly precision: string };

const channelNames = new Set<unknown>(["book", "trades"]);
const precisionForm = /^(?:P[0-4]|R0)$/;
const singleOrders = "R0";

/** One per connection, or recorded file. */
export class BitfinexConnection {
  readonly #channels = new Map<number, Known>();
  // Symbol to the channel that makes its book.
  readonly #books = new Map<string, number>();
  #isTold = false;

  /** Whether a "subscribed" was seen: then a channel that is not known is not to be guessed. */
  get isTold(): boolean {
    return this.#isTold;
  }

  /** Takes note of an event; returns what is wrong with it, or null. */
  see(event: Json): VenueFault | null {
    const { event: name, chanId: id } = event;
    // The server greets each connection with its version.
    if (name === "info" && "version" in event) this.#forgetAll();
    if (name === "unsubscribed" && isId(id)) this.#forget(id);
    return name === "subscribed" ? this.#add(event) : null;
  }

  /** Undefined for one that no event told of. */
  channel(id: number): BitfinexChannel | undefined {
    const known = this.#channels.get(id);
    if (known === undefined) return undefined;
    const { name, symbol, precision } = known;
    const isOther = name === "book" && this.#books.get(symbol) !== id;
    return { name, symbol, ignoredFor: isOther ? ignored("prec", precision) : null };
  }

  #add(event: Json): VenueFault | null {
    const { chanId: id, channel: name, symbol = "", prec: precision = "P0" } = event;
    if (!isId(id)) return malformed("chanId", id, idForm);
    if (typeof name !== "string") return malformed("channel", name, "a channel's name");
    // Others, as candles, may have none.
    if (channelNames.has(name) && (typeof symbol !== "string" || symbol === ""))
      return malformed("symbol", event["symbol"], "a symbol");
    if (name === "book" && !precisionForm.test(String(precision)))
      return malformed("prec", precision, "P0 to P4 or R0");
    this.#isTold = true;
    this.#forget(id);
    if (this.#channels.size >= bitfinexChannelsMax) return null;
    const known = { name, symbol: String(symbol), precision: String(precision) };
    this.#channels.set(id, known);
    if (name === "book" && known.precision !== singleOrders) this.#offerBook(id, known);
    return null;
  }

  // The finest channel of a symbol makes its book, of equals the latest: it may be subscribed to anew.
  // When that one goes, those that were ignored stay so: their snapshots are over.
  #offerBook(id: number, { symbol, precision }: Known): void {
    const before = this.#channels.get(this.#books.get(symbol) ?? Number.NaN);
    if (before === undefined || precision <= before.precision) this.#books.set(symbol, id);
  }

  #forget(id: number): void {
    const known = this.#channels.get(id);
    this.#channels.delete(id);
    if (known !== undefined && this.#books.get(known.symbol) === id)
      this.#books.delete(known.symbol);
  }

  #forgetAll(): void {
    this.#channels.clear();
    this.#books.clear();
  }
}
