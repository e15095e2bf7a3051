// The one Kafka producer of edge and engine: acks all, idempotent, one send in flight, a deadline
// of its own (kafkajs' retries would hold the caller up to 20 s). It neither batches nor sends
// again: the caller does both, with its own id in the headers. Runs in Node and in a Durable
// Object; it connects on the first send.
import { ProducerError } from "./producer-error.ts";
import { type SlotOptions, createProducerSlot } from "./producer-slot.ts";
import type { ProducerRecord } from "./topic-messages.ts";

export type ProducerOptions = SlotOptions & {
  /** From the call of send to its outcome, waiting behind earlier sends included. */
  readonly sendDeadlineMs: number;
};

export type Producer = {
  /**
   * Appends in order; resolves with the offsets in the order given once all replicas in sync have
   * the records, within `sendDeadlineMs`, or `msMin` where that is longer. Calls queue up; their
   * records are not merged.
   *
   * @throws ProducerError; its `fate` says which records are acknowledged and whether others may
   * have been written.
   */
  send(records: readonly ProducerRecord[], msMin?: number): Promise<readonly number[]>;
  /** Waits for the sends that were called before, then closes. Idempotent. */
  disconnect(): Promise<void>;
  /** Clients made so far; more than 1 after the first failed send. */
  clients(): number;
};

/** Sends that may wait behind the one in flight; more are refused with `queue-full`. */
export const sendsWaitingMax = 1024;

export const createProducer = (options: ProducerOptions): Producer => {
  const slot = createProducerSlot(options);
  let waiting = 0;
  let closed = false;
  let tail: Promise<unknown> = Promise.resolve();

  const attemptAfter = async (
    earlier: Promise<unknown>,
    records: readonly ProducerRecord[],
    deadlineMs: number,
  ): Promise<number[]> => {
    await earlier;
    const leftMs = deadlineMs - Date.now();
    if (leftMs > 0) return slot.attempt(records, leftMs);
    const why = `waited sendDeadlineMs=${options.sendDeadlineMs} behind earlier sends, not sent`;
    throw new ProducerError("timeout", why);
  };

  const send: Producer["send"] = async (records, msMin = 0) => {
    if (closed) throw new ProducerError("closed", "send after disconnect");
    if (records.length === 0) return [];
    if (waiting > sendsWaitingMax) {
      throw new ProducerError("queue-full", `sendsWaitingMax=${sendsWaitingMax} reached`);
    }
    const deadlineMs = Date.now() + Math.max(options.sendDeadlineMs, msMin);
    waiting += 1;
    const turn = attemptAfter(tail, records, deadlineMs);
    tail = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      waiting -= 1;
    }
  };

  const disconnect = async (): Promise<void> => {
    closed = true;
    await tail;
    await slot.retire();
  };
  return { send, disconnect, clients: () => slot.clients() };
};
