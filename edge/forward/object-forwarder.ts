// The Forwarder over a Durable Object: one call and one buffer per request. One object for now;
// more are for spreading over the fleet, they gain nothing inside one process.
import type { OutgoingRecord } from "../route/outgoing-record.ts";
import { type FrameHead, encodeAppendFrame, frameRecordsMax } from "./append-frame.ts";
import { type ForwardOutcome, refusedOutcome, unknownOutcome } from "./forward-outcome.ts";
import type { ForwarderObject } from "./forwarder-object.ts";
import type { Forwarder, ForwarderState } from "./forwarder.ts";

const objectName = "forwarder-0";
const otherVersion = "the forwarder object is of another version: a deployment is under way";

const flagOf = (error: unknown, flag: string): boolean =>
  typeof error === "object" && error !== null && (error as Record<string, unknown>)[flag] === true;

const failedCall = (error: unknown, records: number): ForwardOutcome => {
  // workerd marks calls that it never delivered, because the object's queue is full.
  if (flagOf(error, "overloaded"))
    return refusedOutcome("overloaded", "the forwarder object is overloaded", records);
  const text = error instanceof Error ? error.message : String(error);
  return unknownOutcome(`call to the forwarder object failed: ${text}`, records);
};

/** `namespace` is the binding of the forwarder objects. */
export const objectForwarder = (namespace: DurableObjectNamespace<ForwarderObject>): Forwarder => {
  // Made once: deriving an id from a name costs a hash per request.
  const id = namespace.idFromName(objectName);
  const send = async (
    head: FrameHead,
    records: readonly OutgoingRecord[],
  ): Promise<ForwardOutcome> => {
    if (records.length > frameRecordsMax)
      return refusedOutcome("overloaded", `more than ${frameRecordsMax} records`, records.length);
    try {
      const outcome = await namespace.get(id).append(encodeAppendFrame(head, records));
      return outcome ?? refusedOutcome("unavailable", otherVersion, records.length);
    } catch (error) {
      return failedCall(error, records.length);
    }
  };
  const state = async (): Promise<ForwarderState | undefined> => {
    try {
      return await namespace.get(id).state();
    } catch {
      return undefined;
    }
  };
  return { send, state };
};
