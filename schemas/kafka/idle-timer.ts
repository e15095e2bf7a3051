// Remedy for kafkajs' idle timer: an idle connection re-arms its "check pending requests" timer
// for ever with a negative delay (about 1000 wake-ups a second in Node, a whole core in workerd).
// Imported for its effect by every file that makes a client; it changes the prototype once.
import RequestQueue from "kafkajs/src/network/requestQueue/index.js";

/** How often a queue that waits for requests in flight looks again, as in kafkajs. */
const checkIntervalMs = 10;

// Requests are only ever pending behind others in flight or behind a throttle, and each answer
// checks the queue too. So a timer is needed only while something is pending.
RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests(
  this: RequestQueue,
): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
  const throttleMs = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttleMs > 0 ? throttleMs : checkIntervalMs,
  );
};
