// What another implementation writes: Databento's own, databento-dbn 0.72.0 for Python, packed here.
// One file a version: metadata of two instruments, then a snapshot, orders, a trade, a change.
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

test.each(files)(
  "version %i as Databento writes it makes the books that it tells",
  (_version, packed) => {
    const reader = new DatabentoReader("", noOrderCounts());
    const books = new ReplayedBooks();
    reader.begin();
    const bytes = gunzipSync(Buffer.from(packed, "base64"));
    books.take(reader.read(bytes), reader.message);
    books.take(reader.finish(), reader.message);
    books.take(reader.end(), reader.message);
    expect(books.applied).toEqual(["ABC 8", "ES_C5 0", "ES_C5 9", "ABC 10", "ABC 12"]);
    expect([books.top("ABC"), books.top("ES_C5")]).toEqual([
      "6 at 100.00 / 20 at 101.50",
      "5 at 1099.511627776 / nothing",
    ]);
    expect([books.trades, books.faults]).toEqual([["ABC buy 4 at 101"], []]);
  },
);
