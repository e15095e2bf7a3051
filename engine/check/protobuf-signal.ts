// Which signal a protobuf request is of. Protobuf does not say, and reads nearly any message as any
// other, for what it does not know it skips; so the signal is the one whose messages know every field
// that is there. Where several do equally well, nobody can tell.
import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import { scanCode } from "../../schemas/otlp/limits.ts";
import type { MessageType } from "../../schemas/otlp/messages.ts";
import { messageType, type Signal, signals } from "../../schemas/otlp/messages.ts";
import { delimitedStart, skipValue, tagSize, varintLow } from "../../schemas/otlp/wire.ts";
import { hideBadRecords } from "./bad-records.ts";

/** All requests begin with their one field, a resource with its records. */
export const firstTag = 0x0a;
const names = Object.keys(signals) as Signal[];

/** Whether the bytes are a well-formed request of the signal. */
export const isProtobuf = (bytes: Uint8Array, signal: Signal): boolean => {
  const type = messageType(signals[signal].request);
  const isRequest = bytes[0] === firstTag;
  return isRequest && new MessageCheck().check(bytes, 0, bytes.length, type) === scanCode.ok;
};

/** Fields that the message does not have, with all that is nested in it; the bytes are well formed. */
const strangersIn = (bytes: Uint8Array, start: number, end: number, type: MessageType): number => {
  let strangers = 0;
  let at = start;
  while (at < end) {
    const tag = varintLow(bytes, at) >>> 0;
    at += tagSize(bytes, at, end);
    const next = skipValue(bytes, at, end, tag & 7);
    const field = type.byTag[tag];
    if (field === undefined) strangers += 1;
    else if (field.type !== null)
      strangers += strangersIn(bytes, delimitedStart(bytes, at, end), next, field.type);
    at = next;
  }
  return strangers;
};

/** The signals that fit best, several when they fit equally well; none when it is no OTLP. */
export const protobufSignals = (bytes: Uint8Array): readonly Signal[] => {
  const fits = names
    .filter((signal) => isProtobuf(bytes, signal))
    .map((signal) => {
      const type = messageType(signals[signal].request);
      return { signal, strangers: strangersIn(bytes, 0, bytes.length, type) };
    });
  const fewest = Math.min(...fits.map(({ strangers }) => strangers));
  return fits.filter(({ strangers }) => strangers === fewest).map(({ signal }) => signal);
};

/**
 * The signal whose records can be read best where none reads all of the bytes, `null` when none
 * reads any or two read equally many. The bytes stay as they are.
 */
export const damagedSignal = (bytes: Uint8Array, asked: Signal | null): Signal | null => {
  const fits = (asked === null ? names : [asked])
    .map((signal) => {
      const copy = bytes.slice();
      const { readable, faults } = hideBadRecords(copy, signal);
      return { signal, readable, isFit: faults.length > 0 && isProtobuf(copy, signal) };
    })
    .filter(({ isFit, readable }) => isFit && (readable > 0 || asked !== null))
    .sort((a, b) => b.readable - a.readable);
  const [best, next] = fits;
  return best === undefined || best.readable === next?.readable ? null : best.signal;
};
