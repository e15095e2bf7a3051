// What stands for a batch that cannot be inflated: as many records as it has, each empty but for the
// reason, so that positions pass it and it can be counted and named. kafkajs itself would ask for it
// for ever, and stop at it in all other partitions too. The batch stays in Kafka.
import encodeRecord from "kafkajs/src/protocol/recordBatch/record/v0/index.js";

import { countAt, headerBytes, lastDeltaAt, magicAt } from "../../schemas/kafka/record-batch.ts";
import { unreadableHeader } from "./event-log.ts";

const magic = 2;
/** With more a stand-in would be a burden itself. */
const recordsMax = 100_000;
const reasonCharsMax = 200;

/**
 * For the compressed records of a batch, as kafkajs gives them to a codec: a view of the answer of
 * which the batch's head is a part too.
 * @throws Error, `reason`, where no such head stands before them, or it tells of over 100,000 records.
 */
export const unreadableRecords = (source: Buffer, reason: Error): Buffer => {
  const start = source.byteOffset - headerBytes;
  if (start < 0) throw reason;
  const view = new DataView(source.buffer, start, headerBytes);
  const count = view.getInt32(countAt);
  const last = view.getInt32(lastDeltaAt);
  const isHead = view.getInt8(magicAt) === magic && count >= 1 && last >= count - 1;
  if (!isHead || count > recordsMax) throw reason;
  const headers = { [unreadableHeader]: Buffer.from(reason.message.slice(0, reasonCharsMax)) };
  const records = Array.from({ length: count }, (_, i) => {
    const offsetDelta = i === count - 1 ? last : i;
    return encodeRecord({ offsetDelta, key: null, value: null, headers }).buffer;
  });
  return Buffer.concat(records);
};
