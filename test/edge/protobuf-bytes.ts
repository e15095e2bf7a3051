// Protobuf written and read by hand, apart from the code under test: a foreign codec that needs
// `eval` cannot run in workerd.

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
};

/** A length-delimited field. */
export const field = (number: number, ...parts: readonly (Uint8Array | string)[]): Uint8Array => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return new Uint8Array(
    Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(body.byteLength)]), body]),
  );
};

/** A varint field. */
export const number = (tag: number, value: number): Uint8Array =>
  new Uint8Array([...varint(tag * 8), ...varint(value)]);

/** Fields of a message: varints as numbers, the rest as bytes; fixed ones are not read. */
export const fieldsOf = (
  message: Uint8Array,
): readonly { readonly tag: number; readonly value: number | Uint8Array }[] => {
  const fields: { tag: number; value: number | Uint8Array }[] = [];
  let at = 0;
  const next = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return value;
    }
  };
  while (at < message.byteLength) {
    const key = next();
    const value = next();
    if ((key & 7) === 0) fields.push({ tag: key >> 3, value });
    else {
      fields.push({ tag: key >> 3, value: message.subarray(at, at + value) });
      at += value;
    }
  }
  return fields;
};

/** Code and message of a google.rpc.Status. */
export const statusOf = (bytes: Uint8Array): { code: unknown; message: string } => {
  const fields = fieldsOf(bytes);
  const text = fields.find(({ tag }) => tag === 2)?.value as Uint8Array | undefined;
  return {
    code: fields.find(({ tag }) => tag === 1)?.value,
    message: new TextDecoder().decode(text),
  };
};
