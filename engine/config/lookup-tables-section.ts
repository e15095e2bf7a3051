// The section `lookup_tables`: where address lookup tables of v0 transactions are looked up, and how
// long transactions wait for them. Without an address nothing is asked for and nobody waits.
import * as z from "zod";

import { backoff } from "./backoff-fields.ts";
import { address, choice, decimal, integer, powerOfTwo, text } from "./fields.ts";

const restart = "restart";

/** The section. */
export const lookupTables = z.strictObject({
  url: address({
    default: "",
    optional: true,
    mayHaveLogin: false,
    reload: restart,
    what: "JSON-RPC of a Solana node; empty: mints behind lookup tables stay unknown",
  }),
  key_file: text({
    default: "",
    reload: restart,
    what: "file with the node's key (a bearer token), mode 600 or 400; WEIR_LOOKUP_TABLES_KEY holds the key itself",
  }),
  commitment: choice(["confirmed", "finalized"], {
    default: "confirmed",
    reload: restart,
    what: "how sure the node must be; a processed table may be of a fork that is given up",
  }),
  tables_max: powerOfTwo({
    default: 1024,
    min: 8,
    max: 65_536,
    reload: restart,
    what: "tables kept, 8 KiB each, in sets of 8; in a full set another one makes room",
  }),
  waiting_max: integer({
    default: 256,
    min: 1,
    max: 4096,
    reload: restart,
    what: "transactions of a market thread that wait for a table; further ones go on without it",
  }),
  wait_ms: integer({
    default: 400,
    min: 0,
    max: 10_000,
    reload: restart,
    what: "longest wait of a transaction for its tables; 0: none waits",
  }),
  absent_ms: integer({
    default: 2000,
    min: 0,
    max: 3_600_000,
    reload: restart,
    what: "a table, or address of it, that was looked for in vain is not asked for again for so long",
  }),
  requests_per_second: decimal({
    default: 5,
    min: 0.01,
    max: 1000,
    reload: restart,
    what: "requests to the node, each for up to 100 tables",
  }),
  attempts_max: integer({
    default: 3,
    min: 1,
    max: 1000,
    reload: restart,
    what: "requests for one table before it is given up",
  }),
  ...backoff,
});
