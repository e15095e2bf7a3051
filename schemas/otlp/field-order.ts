// Which field of a message a JSON key names. Senders write the keys of a message in one order, so
// the key that followed last time is compared first, in place and by words; only another key is
// taken as a string and looked for. One per encoder: it learns.
import { type JsonScanner, mark } from "./json-scanner.ts";
import type { Field, MessageType } from "./messages.ts";
import { messageTypes } from "./messages.ts";
import { byteAt } from "./wire.ts";

/** Instead of a field's index. */
export const keyResult = { unknown: -1, fault: -2 } as const;

/** What it has learned is a guess: any content gives right answers. */
export class FieldOrder {
  /** By message, by the index of the field before + 1: the index of the field that followed. */
  readonly #following: readonly Int8Array[] = messageTypes.map(
    ({ fields }) => new Int8Array(fields.length + 1),
  );

  /**
   * Takes a key and its colon: the index of the field among the message's, or a `keyResult`.
   * `before` is the index of the field before it, -1 at the start.
   */
  take(input: JsonScanner, type: MessageType, before: number): number {
    const following = this.#following[type.index] as Int8Array;
    const guess = following[before + 1] as number;
    if (input.tryKey((type.fields[guess] as Field).key)) return guess;
    const found = this.#find(input, type);
    if (found >= 0) following[before + 1] = found;
    return found;
  }

  #find(input: JsonScanner, type: MessageType): number {
    if (!input.string()) return keyResult.fault;
    if (!input.plainToken()) return keyResult.fault;
    const found = fieldOf(input, type);
    return input.take(mark.colon) ? found : keyResult.fault;
  }
}

const fieldOf = (
  { tokenBytes, tokenStart, tokenEnd }: JsonScanner,
  { fields }: MessageType,
): number => {
  const length = tokenEnd - tokenStart;
  for (let index = 0; index < fields.length; index += 1) {
    const { name } = fields[index] as Field;
    if (name.length !== length) continue;
    let i = 0;
    while (i < length && byteAt(tokenBytes, tokenStart + i) === name.charCodeAt(i)) i += 1;
    if (i === length) return index;
  }
  return keyResult.unknown;
};
