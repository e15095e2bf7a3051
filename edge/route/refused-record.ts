// One record for weir-rejected (schemas/rejected-value.ts), whatever the size of its original: whole
// where a record can hold it, else its beginning with size and digest. Both the Worker and the
// forwarder object make them: what is too large is known to the one by our limits, to the other by
// the broker's.
import { keyPartition } from "../../schemas/hash/murmur2.ts";
import {
  type RefusedFinding,
  type RefusedHead,
  cutBytesMax,
  writeRefused,
} from "../../schemas/rejected-value.ts";
import { type TopicName, topics } from "../../schemas/topics.ts";
import { nodeCrypto } from "../node-modules.ts";
import { type OutgoingRecord, valueBytesMax } from "./outgoing-record.ts";

const topic = "weir-rejected";
const utf8 = new TextEncoder();

/** The finding on an item that no record of its topic can hold; `message` names size and limit. */
export const tooLargeFinding = (message: string): RefusedFinding => ({
  item: 0,
  id: "too-large",
  level: "violation",
  signal: "",
  message,
});

/** The beginning of an original, and a head that names size and digest of the whole. */
export const cutRefused = (head: RefusedHead, original: Uint8Array): Uint8Array => {
  const sha256 = nodeCrypto().createHash("sha256").update(original).digest("hex");
  const cut = { bytes: original.byteLength, sha256 };
  return writeRefused({ ...head, cut }, original.subarray(0, cutBytesMax));
};

/** Counts no items: their signal's counters have them as rejected or dropped already. */
export const refusedRecord = (
  tenant: string,
  head: RefusedHead,
  original: Uint8Array,
): OutgoingRecord => {
  const key = utf8.encode(tenant);
  const partition = keyPartition(key, 0, key.byteLength, topics[topic].partitions);
  const whole =
    original.byteLength < valueBytesMax(topic) ? writeRefused(head, original) : undefined;
  const isHeld = whole !== undefined && whole.byteLength <= valueBytesMax(topic);
  const value = isHeld ? whole : cutRefused(head, original);
  return { topic, partition, key, value, items: 0 };
};

/** The record of one item of a market request that is too large: its JSON, as it came. */
export const tooLargeJson = (
  tenant: string,
  source: TopicName,
  item: { readonly json: Uint8Array; readonly detail: string },
): OutgoingRecord => {
  const head: RefusedHead = {
    topic: source,
    mode: "reject",
    registry: "",
    items: 1,
    findings: [tooLargeFinding(item.detail)],
    itemsOmitted: 0,
    encoding: "json",
  };
  return refusedRecord(tenant, head, item.json);
};
