// Two books of different venues and what is worth buying on one and selling on the other: after the
// takers' fees, as far down both books as each level still earns, and only while both are fresh.
import {
  Arbitrage,
  bookState,
  createBookMemory,
  depthItemBytesMax,
  DepthMessage,
  encodeDepthItem,
  formatDecimal,
  type Leg,
  MarketBooks,
  readVenue,
  venueFaultText,
  type MessageVenueName,
} from "weir/book";

type Update = {
  readonly venue: MessageVenueName;
  readonly atMs: number;
  readonly json: object;
};

const snapshot = (bids: readonly (readonly string[])[], asks: readonly (readonly string[])[]) => ({
  lastUpdateId: 1,
  bids,
  asks,
});
const update = (
  id: number,
  b: readonly (readonly string[])[],
  a: readonly (readonly string[])[],
) => ({
  e: "depthUpdate",
  E: 0,
  s: "BTCUSDT",
  U: id,
  u: id,
  pu: id - 1,
  b,
  a,
});

const updates: readonly Update[] = [
  {
    venue: "binance-spot",
    atMs: 0,
    json: snapshot(
      [["99.90", "3"]],
      [
        ["100.00", "1"],
        ["100.10", "2"],
        ["100.40", "9"],
      ],
    ),
  },
  {
    venue: "binance-usdm",
    atMs: 1,
    json: snapshot([["99.95", "4"]], [["100.05", "4"]]),
  },
  // The futures rise: their bids pay for 1 and then 2 of the spot asks, the third costs too much.
  {
    venue: "binance-usdm",
    atMs: 5,
    json: update(
      2,
      [
        ["100.35", "2.5"],
        ["100.30", "4"],
      ],
      [
        ["100.05", "0"],
        ["100.45", "4"],
      ],
    ),
  },
  // The spot follows: nothing is left.
  {
    venue: "binance-spot",
    atMs: 9,
    json: update(
      2,
      [["100.25", "1"]],
      [
        ["100.00", "0"],
        ["100.10", "0"],
      ],
    ),
  },
  // The futures jump, but the spot book is two seconds old by then: not to be believed.
  { venue: "binance-usdm", atMs: 2009, json: update(3, [["101.50", "5"]], []) },
];

const legOf = (name: MessageVenueName, feePpm: number): Leg => ({
  name,
  feePpm,
  book: null,
  isLive: false,
  updateId: 0,
  receiveUs: 0,
  eventUs: 0,
});
const legs = [legOf("binance-spot", 400), legOf("binance-usdm", 200)];

const arbitrage = new Arbitrage({
  legs,
  ageUsMax: 1_000_000,
  skewUsMax: 50_000,
  levelsMax: 100,
  onOpportunity: ({ buy, sell, walk }) => {
    const price = (value: bigint): string => formatDecimal(value, walk.priceScale);
    console.log(
      JSON.stringify({
        buy: { venue: buy.name, updateId: buy.updateId, to: price(walk.buyWorst) },
        sell: { venue: sell.name, updateId: sell.updateId, to: price(walk.sellWorst) },
        size: formatDecimal(walk.size, walk.sizeScale),
        net: formatDecimal(walk.net, walk.priceScale + walk.sizeScale + 6),
      }),
    );
  },
});

const books = new Map(
  legs.map((leg) => [leg.name, new MarketBooks({ memory: createBookMemory(1) })]),
);
const message = new DepthMessage();
const view = new DataView(new ArrayBuffer(depthItemBytesMax));
for (const { venue, atMs, json } of updates) {
  const receiveNs = BigInt(atMs) * 1_000_000n;
  const fault = readVenue(json, { venue, symbol: "BTCUSDT", receiveNs }, message);
  if (fault !== null) throw new Error(venueFaultText(fault));
  const own = books.get(venue);
  const leg = legs.find(({ name }) => name === venue);
  own?.apply(view, 0, encodeDepthItem(message, view, 0));
  const entry = own?.books[0];
  if (entry === undefined || leg === undefined) continue;
  // Whoever has the books tells the search what changed.
  leg.book = entry.book;
  leg.isLive = entry.sequencer.state !== bookState.gap;
  leg.updateId = entry.sequencer.lastId;
  leg.receiveUs = atMs * 1000;
  leg.eventUs = leg.receiveUs;
  arbitrage.onUpdate(leg, leg.receiveUs);
}
console.log(JSON.stringify(arbitrage.counts));
