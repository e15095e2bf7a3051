// An aggregate on its way from the stream thread to egress: key and value of the log record.
//
//   0  u32  bytes of the key (service name, UTF-8)
//   4       key, then value (JSON, UTF-8) to the end of the message

const encoder = new TextEncoder();

export type AggregateMessage = { readonly key: Uint8Array; readonly value: Uint8Array };

/** The parts of a message, to know its length before a place is claimed. */
export const encodeAggregate = (service: string, aggregate: object): AggregateMessage => ({
  key: encoder.encode(service),
  value: encoder.encode(JSON.stringify(aggregate)),
});

export const aggregateBytes = ({ key, value }: AggregateMessage): number =>
  4 + key.length + value.length;

export const writeAggregate = (
  bytes: Uint8Array,
  view: DataView,
  at: number,
  { key, value }: AggregateMessage,
): void => {
  view.setUint32(at, key.length, true);
  bytes.set(key, at + 4);
  bytes.set(value, at + 4 + key.length);
};

/** Copies out of the ring: the record outlives the message. */
export const readAggregate = (view: DataView, start: number, end: number): AggregateMessage => {
  const bytes = new Uint8Array(view.buffer);
  const valueAt = start + 4 + view.getUint32(start, true);
  return { key: bytes.slice(start + 4, valueAt), value: bytes.slice(valueAt, end) };
};
