// The market thread's end of the ring of requests, and its clock. Nothing waits here.
import { copyKey } from "../../schemas/market/key-words.ts";
import { MessageRingWriter } from "../ring/message-ring-writer.ts";
import { requestAt, requestBytes, requestType } from "./table-request.ts";

/** One for each market lane. */
export class TableRequester {
  /** Requests for which the ring had no room. */
  dropped = 0;
  /** Monotonic us. */
  readonly nowUs: () => number;
  readonly #ring: MessageRingWriter;

  constructor(memory: SharedArrayBuffer, nowUs: () => number) {
    this.#ring = new MessageRingWriter(memory);
    this.nowUs = nowUs;
  }

  /** Asks for the table whose name stands at `at` of `view`, because of its address `entry`. */
  ask(view: DataView, at: number, entry: number): void {
    const ring = this.#ring;
    const to = ring.claim(requestType, requestBytes);
    if (to < 0) {
      this.dropped += 1;
      return;
    }
    const { name, entry: entryAt } = requestAt;
    copyKey(view, at, ring.view, to + name);
    ring.view.setUint32(to + entryAt, entry, true);
    ring.view.setUint32(to + entryAt + 4, 0, true);
    ring.commit(to);
    ring.publish();
  }
}
