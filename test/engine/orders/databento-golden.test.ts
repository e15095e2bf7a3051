// What another implementation writes: Databento's own, databento-dbn 0.72.0 for Python, packed here.
// One file a version: metadata of two instruments, then a snapshot, orders, a trade, a change; and
// the same records as text.
import { gunzipSync } from "node:zlib";

import { expect, test } from "vitest";

import { DatabentoReader } from "../../../engine/orders/databento-reader.ts";
import { noOrderCounts } from "../../../engine/orders/order-reading.ts";
import { ReplayedBooks } from "./replayed-books.ts";

const files: readonly (readonly [number, string])[] = [
  [
    1,
    "H4sIAAAAAAACA3Nx8mP8x8DAEOHnGKznGeLswQADc+r9Ak/lrBf/DwUwcRifkYEcANLl6OSMRwUTThUgvczXTRg9gd" +
      "jYApte12AFZ1O8+kwMsOnjW8DEoAakf0P9jObXehBb4X+QH0MDqjy6PniYvCjzACniAutzdELWx45FHxNUW4PHqhaQ" +
      "IhEgXvDf0RFZHwdUnwaSPmY0b7KCzECzj5MId7KA9Tmj6OPCEy4MmwRbEPpCUPRx4/Efg/j9hTD/Nfz3RfEfDxADAO" +
      "nwIo+OAgAA",
  ],
  [
    2,
    "H4sIAAAAAAACA3Nx8mP6zMjAEOHnGKznGeLswQADc+r9Ak/lrBf/DwUwcaBidwayAVA3g6OTMwMVARP1jAS5jvm6Ca" +
      "MnEBtbUMV1rsEKzqbUdZmJAVVcxreAiUENSP+GRjRMHBrf9SC2wv8gP4YGVHl0fYwwiRdlHiBFXGB9jk7I+tix6GOC" +
      "amvwWNUCUiQCxAv+Ozoi6+OA6tNA0seMFi6sIDPQ7OMkwp0sYH3OKPq48IQLwybBFoS+EBR93Hj8xyB+fyHMfw3/fV" +
      "H8xwPEAMZHNyODAwAA",
  ],
  [
    3,
    "H4sIAAAAAAACA3Nx8mP+wcjAEOHnGKznGeLswQADc+r9Ak/lrBf/DwUwcaBidwayAVA3g6OTMwMVARP1jAS5jvm6Ca" +
      "MnEBtbUMV1rsEKzqbUdZmJAfUCj28BE4MakP4NjW2YODTS60Fshf9BfgwNqPLo+hhhEi/KPECKuMD6HJ2Q9bFj0ccE" +
      "1dbgsaoFpEgEiBf8d3RE1scB1aeBpI8ZLXBYQWag2cdJhDtZwPqcUfRx4QkXhk2CLQh9ISj6uPH4j0H8/kKY/xr++6" +
      "L4jweIAbSQ85uIAwAA",
  ],
];

// The third file as text in eight spellings, with an empty line between: prices as integers, then
// pretty; of each times as integers, then pretty; of each without symbols, then with.
const texts: readonly (readonly [string, string])[] = [
  [
    "JSON",
    "H4sIAAAAAAACA+1ZTU/jMBS88yuQz8GynTpOc4Nqj8sBOHGpSmtopJB2kxQJqv53XgrqB1AShDZ+rp3mkLZ+sWdiZz" +
      "SeJanKYaHHTyQhXLFIMdFj24MEZDohybJupZ90Xm2bhf3NIaFZUT3PNUl4xAIyX9xlaTnVxTCFYhGQNC+rYvEI9etf" +
      "wngVkNG4Smc53O8Kqst0AsXkEi7nRTqur/tChKESLIxi2VNKxkytG77An9DHeDrKc5299SBlQGbF5L1DUg/7Phs9lN" +
      "AV9A5jT/PhRGfVaF1a6n8LndedsNXJ0jwB51sCLnYI4PvDeEPOG6DzttAVNujne9DrzwfoogG62EJfj+Qw9tgQ9h5r" +
      "9djhxpxHQikVbcDL77GHO9hF/B32PornPvjBlO+1nvEN0DmO5X5zCDv/MXbWHjtHgf3vwfUu2W/WewN4sTrBgN6k0s" +
      "GX58e7WVYzfzEgDgsfcia61EEcVKCQxR0q/lyfDiRxWScxLhFDsomRClMq+omLPTIEEHHG+FnIb7hIGIOTbmi5/YqX" +
      "3QqeyD6cdMPQ7ZGYSlS0YLCaWAkxZ0ANM4LQlqKaIyjMKipGUFhYVIwgMbZeg9vYXS/Jykp+0FhjL9iNhtkrOLfoJY" +
      "TRXHt9b7TcqPax80WWuRbQUocTWup0REsdzmipyyEtdTmlpe7GtP9F3uxKZamPZbsRP8tyWeqD2a7E0a5klvpotivp" +
      "tD6b7cA+WrLvS30Wa9Bq2rK3S30aa9CWWrJ7S30ea9bCuiq8x5C/Uh/AojXBXqWPJoKlPoPFa6O9qH9lrl8BxnZA3T" +
      "Y7AAA=",
  ],
  [
    "CSV",
    "H4sIAAAAAAACA+WXzXKCMBDH7zxFH2DdSYIh6E2dHttD68kLg5hWZhAtoDP26Rs+alt7QJgkTisyjJL1v+zObpZfkQ" +
      "eZjA5Q5IE8yLSArDjuJOz2yyTO1zIL4hXEaV5k+41aLX+FURFvU8jjlTLL4kiqr+8SonWYpjIpLbbZqv7jSxK+5qV0" +
      "nAYrmRQh5PJtL9NIOlQQTxA2JF8HNPfc0engQD0CDFwfnuARRoy5rmDE9Xw+FIL7RIBa5lxdXaYupLvuBKZAf1jXir" +
      "RWFH0UJ0qk/DTWrFZklQkBv6PkkDQPqW5R6jEhhAe8knSBMl9Jjro/5ew87mETdq1Ie6RyXknSc0nyKUm7Sz7UueTk" +
      "dy5rTeY4xXVKGPLjZrlNTFUyTKYz/dXcV7WlonvIXlLVcP98N+MGartfGlrru59se41Xuteqc4epYAaEDlw6p2xMiD" +
      "rxFNoCvi/TMR+pE09RLjpv4Jq8tW7r2vy0bfY6HF00AjRF1D4YNDlqHxeaHP2BIWK1x6rtxFKf6fV1yRiy1W/NcLLV" +
      "dToTedkgs9Z91x1vvd7fdGEH6ucONAEeqJ880AB6oAH2wH8HHzpJA82gBppiDTQFG2iINtAQbuAt8IZZuEBbdIH28A" +
      "Jt8QVaAwy0Rhh4I4hhnifQJlCgXaJAu0iBVpkCrUJF2xD7ALwWd3feGAAA",
  ],
];

const unpacked = (packed: string): Buffer => gunzipSync(Buffer.from(packed, "base64"));

const expectBooks = (books: ReplayedBooks, abc: string, future: string): void => {
  expect(books.applied).toEqual([
    `${abc} 8`,
    `${future} 0`,
    `${future} 9`,
    `${abc} 10`,
    `${abc} 12`,
  ]);
  expect([books.top(abc), books.top(future)]).toEqual([
    "6 at 100.00 / 20 at 101.50",
    "5 at 1099.511627776 / nothing",
  ]);
  expect([books.trades, books.faults]).toEqual([[`${abc} buy 4 at 101`], []]);
};

test.each(files)(
  "version %i as Databento writes it makes the books that it tells",
  (_version, packed) => {
    const reader = new DatabentoReader("", noOrderCounts());
    const books = new ReplayedBooks();
    reader.begin();
    books.take(reader.read(unpacked(packed)), reader.message);
    books.take(reader.finish(), reader.message);
    books.take(reader.end(), reader.message);
    expectBooks(books, "ABC", "ES_C5");
  },
);

test.each(texts)("%s as Databento writes it makes the same books in each spelling", (_, packed) => {
  const spellings = unpacked(packed).toString().split("\n\n");
  expect(new Set(spellings).size).toBe(8);
  for (const [i, text] of spellings.entries()) {
    const reader = new DatabentoReader("", noOrderCounts());
    const books = new ReplayedBooks();
    reader.begin(true);
    for (const line of text.split("\n")) books.take(reader.readLine(line), reader.message);
    books.take(reader.finish(), reader.message);
    books.take(reader.end(), reader.message);
    if (i % 2 === 0) expectBooks(books, "38", "40");
    else expectBooks(books, "ABC", "ES_C5");
  }
});
