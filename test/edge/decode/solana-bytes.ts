// Small transactions built by hand from the wire format: enough to be accepted, or refused for a
// named reason. Real ones are in test/schemas/market.

const varied = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (seed * 31 + at * 7 + 1) % 251);

/** A legacy transaction: one signature, payer and program, one instruction; `seed` varies it. */
export const transactionBytes = (seed: number): Uint8Array =>
  new Uint8Array([
    1,
    ...varied(64, seed),
    // Header: one signature, none readonly, the program readonly.
    1,
    0,
    1,
    2,
    ...varied(32, seed + 1),
    ...varied(32, seed + 2),
    ...varied(32, seed + 3),
    1,
    // Program index 1, one account (the payer), two bytes of data.
    1,
    1,
    0,
    2,
    7,
    8,
  ]);

/** Text of one entry of the JSON body. */
export const transactionJson = (seed: number): { [name: string]: unknown } => ({
  slot: String(1000 + seed),
  index: seed,
  transaction: Buffer.from(transactionBytes(seed)).toString("base64"),
});
