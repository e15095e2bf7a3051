// Reads fields of JSON that Solana RPC nodes send. A wrong shape is an `RpcShapeError` naming the
// field, what was found and what was expected; the caller turns it into one line of output and
// goes on. Never used by a thread.

/** The JSON has not the shape of an RPC result. */
export class RpcShapeError extends Error {
  override name = "RpcShapeError";
}

export type JsonObject = { readonly [key: string]: unknown };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const described = (value: unknown): string => {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "bigint" ? part.toString() : part,
  );
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
};

/** For `throw`: the field `name` is not what it must be. */
export const wrong = (name: string, expected: string, found: unknown): RpcShapeError =>
  new RpcShapeError(`${name}: expected ${expected}, found ${described(found)}`);

export const objectOf = (value: unknown, name: string): JsonObject => {
  if (isObject(value)) return value;
  throw wrong(name, "an object", value);
};

export const arrayOf = (value: unknown, name: string): readonly unknown[] => {
  if (Array.isArray(value)) return value;
  throw wrong(name, "an array", value);
};

export const textOf = (value: unknown, name: string): string => {
  if (typeof value === "string") return value;
  throw wrong(name, "a string", value);
};

/** An integer from 0 to 255. */
export const byteOf = (value: unknown, name: string): number => {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 256) {
    return value;
  }
  throw wrong(name, "an integer from 0 to 255", value);
};

/** Bytes, one integer each. */
export const bytesOf = (value: unknown, name: string): readonly number[] =>
  arrayOf(value, name).map((part, i) => byteOf(part, `${name}[${i}]`));

/** An unsigned 64-bit integer, as a number or in decimal digits. */
export const u64Of = (value: unknown, name: string): bigint => {
  const isNumber =
    typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
  const isDigits = typeof value === "string" && /^\d{1,20}$/.test(value);
  if (isNumber || isDigits) {
    const integer = BigInt(value);
    if (integer >= 0n && integer < 2n ** 64n) return integer;
  }
  throw wrong(name, "an unsigned 64-bit integer", value);
};

/**
 * `JSON.parse` that keeps integers above 2^53 exact, as bigint. @throws SyntaxError.
 */
export const parseJson = (text: string): unknown =>
  // Without such a number in sight the reviver, which costs tenfold, is not needed.
  /[:[,]\s*-?\d{16}/.test(text) ? JSON.parse(text, reviveIntegers) : JSON.parse(text);

const reviveIntegers = (
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown => {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
};
