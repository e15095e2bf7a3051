// Which signal a protobuf request is of. Protobuf does not say, and reads nearly any message as any
// other, for what it does not know it skips; so the signal is the one whose messages know every field
// that is there. Where several do equally well, nobody can tell.
import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import { scanCode } from "../../schemas/otlp/limits.ts";
import type { MessageType } from "../../schemas/otlp/messages.ts";
import { messageType, type Signal, signals } from "../../schemas/otlp/messages.ts";
import { delimitedStart, skipValue, tagSize, varintLow } from "../../schemas/otlp/wire.ts";

/** All requests begin with their one field, a resource with its records. */
const firstTag = 0x0a;

/** All signals. */
export const signalNames = Object.keys(signals) as Signal[];

/** Whether the first byte is that of a request. */
export const startsRequest = (bytes: Uint8Array): boolean => bytes[0] === firstTag;

/** Whether the bytes are a well-formed request of the signal. */
export const isProtobuf = (bytes: Uint8Array, signal: Signal): boolean => {
  const type = messageType(signals[signal].request);
  return (
    startsRequest(bytes) && new MessageCheck().check(bytes, 0, bytes.length, type) === scanCode.ok
  );
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
  const fits = signalNames
    .filter((signal) => isProtobuf(bytes, signal))
    .map((signal) => {
      const type = messageType(signals[signal].request);
      return { signal, strangers: strangersIn(bytes, 0, bytes.length, type) };
    });
  const fewest = Math.min(...fits.map(({ strangers }) => strangers));
  return fits.filter(({ strangers }) => strangers === fewest).map(({ signal }) => signal);
};
