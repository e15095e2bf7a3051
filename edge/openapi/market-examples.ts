// Bodies of the market endpoints that are taken whole, one for each kind of message: examples of
// /openapi.json. Those of venues have the form of the venues' own documentation.

/** A legacy transaction: one signature, payer and program, one instruction. */
const exampleTransaction =
  "ASAnLjU8Q0pRWF9mbXR7gomQl56lrLO6wcjP1t3k6/L5BQwTGiEoLzY9REtSWWBnbnV8g4qRmJ+mrbS7" +
  "wsnQ194BAAECP0ZNVFtiaXB3foWMk5qhqK+2vcTL0tng5+71AQgPFh1eZWxzeoGIj5adpKuyucDHztXc" +
  "4+rx+AQLEhkgJy41PH2Ei5KZoKeutbzDytHY3+bt9AAHDhUcIyoxOD9GTVRbAQEBAAIHCA==";

/** Bodies that are taken whole. */
export const transactionExamples = {
  known: {
    summary: "slot and place in it are known",
    value: { transactions: [{ slot: "301443210", index: 17, transaction: exampleTransaction }] },
  },
} as const;

const okxBook = {
  asks: [["8476.98", "415", "0", "13"]],
  bids: [["8476.97", "256", "0", "12"]],
  ts: "1597026383085",
} as const;

const update = {
  e: "depthUpdate",
  E: 1_700_000_000_000,
  s: "BTCUSDT",
  U: 157,
  u: 160,
  b: [["64000.10", "0.5"]],
  a: [["64000.20", "0"]],
};

const deribit = (channel: string, data: unknown) => ({
  jsonrpc: "2.0",
  method: "subscription",
  params: { channel, data },
});

/** Bodies that are taken whole. */
export const depthExamples = {
  spot: {
    summary: "an update and a trade of Binance spot, as its streams send them",
    value: {
      venue: "binance-spot",
      messages: [
        { receiveNs: "1700000000000000001", message: update },
        {
          message: {
            stream: "btcusdt@trade",
            data: {
              e: "trade",
              E: 1_700_000_000_001,
              s: "BTCUSDT",
              t: 12_345,
              p: "64000.10",
              q: "0.002",
              m: true,
            },
          },
        },
      ],
    },
  },
  snapshot: {
    summary: "a snapshot of Binance spot: it names no symbol",
    value: {
      venue: "binance-spot",
      symbol: "BTCUSDT",
      messages: [
        { message: { lastUpdateId: 160, bids: [["64000.10", "0.5"]], asks: [["64000.20", "1"]] } },
      ],
    },
  },
  usdm: {
    summary: "an update and a ticker of Binance USD-M",
    value: {
      venue: "binance-usdm",
      messages: [
        { message: { ...update, pu: 149 } },
        {
          message: {
            e: "bookTicker",
            u: 161,
            s: "BTCUSDT",
            b: "64000.10",
            B: "0.5",
            a: "64000.20",
            A: "1",
          },
        },
      ],
    },
  },
  kraken: {
    summary: "an update and a trade of Kraken's WebSocket v2",
    value: {
      venue: "kraken",
      messages: [
        {
          message: {
            channel: "book",
            type: "update",
            data: [
              {
                symbol: "MATIC/USD",
                bids: [{ price: 0.5657, qty: 1098.3947103 }],
                asks: [],
                checksum: 2_114_181_697,
                timestamp: "2023-10-06T17:35:55.440295Z",
              },
            ],
          },
        },
        {
          message: {
            channel: "trade",
            type: "update",
            data: [
              {
                symbol: "MATIC/USD",
                side: "sell",
                price: 0.5657,
                qty: 40,
                ord_type: "market",
                trade_id: 4_665_906,
                timestamp: "2023-10-06T17:35:55.440295Z",
              },
            ],
          },
        },
      ],
    },
  },
  okx: {
    summary: "an update, the best of the book and a trade of OKX v5",
    value: {
      venue: "okx",
      messages: [
        {
          message: {
            arg: { channel: "books", instId: "BTC-USDT" },
            action: "update",
            data: [{ ...okxBook, checksum: 0, prevSeqId: 122, seqId: 123 }],
          },
        },
        {
          message: {
            arg: { channel: "bbo-tbt", instId: "BTC-USDT" },
            data: [{ ...okxBook, seqId: 124 }],
          },
        },
        {
          message: {
            arg: { channel: "trades", instId: "BTC-USDT" },
            data: [
              {
                instId: "BTC-USDT",
                tradeId: "130639474",
                px: "42219.9",
                sz: "0.12060306",
                side: "buy",
                ts: "1630048897897",
              },
            ],
          },
        },
      ],
    },
  },
  bybit: {
    summary: "a delta of Bybit v5",
    value: {
      venue: "bybit",
      messages: [
        {
          message: {
            topic: "orderbook.50.BTCUSDT",
            type: "delta",
            ts: 1_687_940_967_466,
            data: {
              s: "BTCUSDT",
              b: [["30247.20", "30.028"]],
              a: [["30248.70", "0"]],
              u: 177_400_507,
              seq: 66_544_703_342,
            },
          },
        },
      ],
    },
  },
  coinbase: {
    summary: "an update of Coinbase Advanced Trade, channel level2",
    value: {
      venue: "coinbase",
      messages: [
        {
          message: {
            channel: "l2_data",
            client_id: "",
            timestamp: "2023-02-09T20:32:50.714964855Z",
            sequence_num: 0,
            events: [
              {
                type: "update",
                product_id: "BTC-USD",
                updates: [
                  {
                    side: "bid",
                    event_time: "2023-02-09T20:32:50.714964855Z",
                    price_level: "21921.73",
                    new_quantity: "0.06317902",
                  },
                ],
              },
            ],
          },
        },
      ],
    },
  },
  generic: {
    summary: "any other source, in our own form",
    value: {
      venue: "generic",
      messages: [
        {
          message: {
            type: "snapshot",
            symbol: "X",
            sequence: 11,
            bids: [["100.5", "2"]],
            asks: [["100.6", "1"]],
          },
        },
        { message: { type: "trade", symbol: "X", sequence: 12, bids: [["100.6", "0.5"]] } },
        { message: { type: "ticker", symbol: "X", sequence: 13, asks: [["100.6", "0.5"]] } },
      ],
    },
  },
  genericDelta: {
    summary: "the same with sizes that are added",
    value: {
      venue: "generic-delta",
      messages: [
        {
          message: {
            type: "update",
            symbol: "X",
            sequence: 13,
            previous: 11,
            ts: 1_700_000_000_000,
            bids: [["100.5", "-1.5"]],
          },
        },
      ],
    },
  },
  bitfinex: {
    summary: "an update, a snapshot, a checksum and a trade of Bitfinex: they name no symbol",
    value: {
      venue: "bitfinex",
      symbol: "tBTCUSD",
      messages: [
        { message: [17_082, [7254.7, 3, 3.3], 12, 1_581_721_279_360] },
        {
          message: [
            17_082,
            [
              [7254.7, 3, 3.3],
              [7254.9, 1, -0.5],
            ],
            1_581_721_279_360,
          ],
        },
        { message: [17_082, "cs", -1_304_198_303, 13] },
        { message: [17_470, "te", [401_597_395, 1_574_694_478_808, 0.005, 7245.3]] },
      ],
    },
  },
  deribit: {
    summary: "a snapshot, a change and a trade of Deribit",
    value: {
      venue: "deribit",
      messages: [
        {
          message: deribit("book.BTC-PERPETUAL.100ms", {
            type: "snapshot",
            timestamp: 1_554_373_962_454,
            instrument_name: "BTC-PERPETUAL",
            change_id: 297_217,
            bids: [["new", 5042.34, 30]],
            asks: [["new", 5042.64, 40]],
          }),
        },
        {
          message: deribit("book.BTC-PERPETUAL.100ms", {
            type: "change",
            timestamp: 1_554_373_911_330,
            instrument_name: "BTC-PERPETUAL",
            prev_change_id: 297_217,
            change_id: 297_218,
            bids: [
              ["delete", 5041.94, 0],
              ["change", 5042.34, 60],
            ],
            asks: [],
          }),
        },
        {
          message: deribit("trades.BTC-PERPETUAL.raw", [
            {
              trade_seq: 30_289_442,
              trade_id: "48079269",
              timestamp: 1_590_484_512_188,
              price: 8950,
              instrument_name: "BTC-PERPETUAL",
              direction: "sell",
              amount: 10,
            },
          ]),
        },
      ],
    },
  },
} as const;
