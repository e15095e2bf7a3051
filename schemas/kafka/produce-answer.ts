// What brokers say to a produce request (versions 3 to 7), read in one walk. kafkajs' own reader makes
// some thirty objects and functions of it, the code of which V8 makes anew after each collection.
// Big-endian; a string is i16 length and UTF-8:
//
//   i32 topics
//   per topic: string name | i32 partitions
//     per partition: i32 partition | i16 error | i64 base offset | i64 append time
//                    i64 log start offset (from version 5 on)
//   i32 throttle ms
import type { DecodedAnswer, PartitionAnswer } from "./kafkajs-cluster.ts";

const startOffsetVersion = 5;
/** From here on the broker answers before it throttles, and the client waits. */
const clientThrottlesVersion = 6;
const wordBytes = 4;
const longBytes = 8;
const lengthBytes = 2;

/** Offsets beyond 2^53 are no longer exact: no log has them. */
const longText = (view: DataView, at: number): string =>
  String(view.getInt32(at) * 2 ** 32 + view.getUint32(at + wordBytes));

/** @throws RangeError where it ends too early. */
export const decodeProduceAnswer = (payload: Buffer, version: number): DecodedAnswer => {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const topics: { topicName: string; partitions: PartitionAnswer[] }[] = [];
  let at = wordBytes;
  for (let left = view.getInt32(0); left > 0; left -= 1) {
    const nameAt = at + lengthBytes;
    at = nameAt + view.getInt16(at);
    const topicName = payload.toString("utf8", nameAt, at);
    const partitions: PartitionAnswer[] = [];
    let count = view.getInt32(at);
    at += wordBytes;
    for (; count > 0; count -= 1) {
      const partition = view.getInt32(at);
      const errorCode = view.getInt16(at + wordBytes);
      at += wordBytes + lengthBytes;
      const baseOffset = longText(view, at);
      const logAppendTime = longText(view, at + longBytes);
      at += 2 * longBytes;
      const hasStart = version >= startOffsetVersion;
      const start = hasStart ? { logStartOffset: longText(view, at) } : {};
      if (hasStart) at += longBytes;
      partitions.push({ partition, errorCode, baseOffset, logAppendTime, ...start });
    }
    topics.push({ topicName, partitions });
  }
  const throttleMs = view.getInt32(at);
  if (version < clientThrottlesVersion) return { topics, throttleTime: throttleMs };
  return { topics, throttleTime: 0, clientSideThrottleTime: throttleMs };
};
