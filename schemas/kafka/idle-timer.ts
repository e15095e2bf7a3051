// Remedy for kafkajs' idle timer: an idle connection re-arms its "check pending requests" timer
// for ever with a negative delay (about 1000 wake-ups a second in Node, a whole core in workerd).
// It replaces the method on the prototype of the queues that the given client makes.
import type { Kafka } from "kafkajs";

import type { RequestQueue } from "./kafkajs-cluster.ts";
import { newCluster } from "./kafkajs-cluster.ts";

/** How often a queue that waits for requests in flight looks again, as in kafkajs. */
const checkIntervalMs = 10;

/**
 * Resolves within the turn of the event loop, so before any connection is open. Idempotent.
 *
 * @throws when kafkajs is not the version whose insides this knows.
 */
export const remedyIdleTimer = async (kafka: Kafka): Promise<void> => {
  const { pool } = await newCluster(kafka).connectionPoolBuilder.build({ host: "-", port: 0 });
  const queue = pool[0]?.requestQueue;
  if (queue?.scheduleCheckPendingRequests === undefined) {
    throw new Error("kafkajs has no scheduleCheckPendingRequests: another version than 2.2.4");
  }
  const prototype = Object.getPrototypeOf(queue) as RequestQueue;
  prototype.scheduleCheckPendingRequests = scheduleCheckPendingRequests;
};

// Requests are only ever pending behind others in flight or behind a throttle, and each answer
// checks the queue too. So a timer is needed only while something is pending.
function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
  const throttleMs = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttleMs > 0 ? throttleMs : checkIntervalMs,
  );
}
