// Frames as the topics and the binary bodies have them, written without the code under test.

/** u32 LE length and bytes, one after the other. */
export const frameOf = (items: readonly Uint8Array[]): Uint8Array => {
  const parts = items.map((item) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(item.byteLength);
    return Buffer.concat([length, item]);
  });
  return new Uint8Array(Buffer.concat(parts));
};

/** The items of a frame. */
export const itemsOf = (frame: Uint8Array): readonly Uint8Array[] => {
  const items: Uint8Array[] = [];
  const buffer = Buffer.from(frame);
  for (let at = 0; at < buffer.byteLength;) {
    const end = at + 4 + buffer.readUInt32LE(at);
    items.push(new Uint8Array(buffer.subarray(at + 4, end)));
    at = end;
  }
  return items;
};

/** The items of the first record's value; a test fails when there is none. */
export const firstItems = (
  records: readonly { readonly value: Uint8Array }[],
): readonly Uint8Array[] => itemsOf(records[0]?.value ?? new Uint8Array(0));
