// Large requests take turns: what one becomes on its way (its body, protobuf bytes, records, the
// buffer that crosses to the forwarder object) is several times its body, and an isolate has 128 MB.
// A request takes its estimate of memory before it is decoded and gives it back when it is answered;
// one that does not fit waits, with its body as it came, which counts as arriving. Small ones pass
// by.
//
// Requests can end without a word (a client that left): the turns and places of those are given to
// others once they are older than any request can be.
import type { BodyLimits } from "../config.ts";
import { type Refusal, refuse } from "../errors.ts";
import { fixedLimits } from "../limits.ts";
import type { BodyReader } from "./body.ts";
import type { MediaType } from "./endpoints.ts";

/** A share of the isolate's memory; given back by `leave`. */
export type Turn = { bytes: number; readonly sinceMs: number };

/** A large request that found no room. */
export type Waiting = {
  readonly keptBytes: number;
  /** Inflated. */
  readonly bodyBytesMax: number;
  readonly mediaType: MediaType;
};

type Waiter = {
  readonly keptBytes: number;
  readonly bytes: number;
  readonly sinceMs: number;
  readonly wake: (turn: Turn) => void;
};

/** What turns are made of. */
export type TurnParts = {
  readonly limits: Pick<BodyLimits, "heldBytesMax" | "bodyMsMax">;
  /** Longest time from a turn's begin to the answer, ms. */
  readonly answerMsMax: number;
  readonly bodies: Pick<BodyReader, "tryHold" | "release" | "full">;
  readonly nowMs: () => number;
};

const { heldBodyBytesMin, jsonMemoryFactor, binaryMemoryFactor } = fixedLimits;
/** Beyond what a request may take. */
const marginMs = 5000;

/** Memory that a request takes from its body to its answer, an upper estimate. */
const estimateOf = (bodyBytes: number, mediaType: MediaType): number =>
  bodyBytes * (mediaType === "application/json" ? jsonMemoryFactor : binaryMemoryFactor);

/** One per isolate. */
export class Turns {
  readonly #parts: TurnParts;
  readonly #turns = new Set<Turn>();
  readonly #waiting: Waiter[] = [];
  #heldBytes = 0;

  constructor(parts: TurnParts) {
    this.#parts = parts;
  }

  /** Estimated memory of the large requests that are worked on. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Large requests that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Bodies of this size need no turn. */
  isSmall(bodyBytes: number): boolean {
    return bodyBytes < heldBodyBytesMin;
  }

  /** False: such a request has to `wait`. Never when nobody else has a turn. */
  hasRoomFor(bodyBytes: number, mediaType: MediaType): boolean {
    const bytes = estimateOf(bodyBytes, mediaType);
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) return true;
    this.#forgetLost();
    return this.#waiting.length === 0 && this.#hasRoom(bytes);
  }

  /** At once, after `hasRoomFor`. */
  take(bodyBytes: number, mediaType: MediaType): Turn {
    return this.#begin(estimateOf(bodyBytes, mediaType));
  }

  /**
   * A turn after those who came before. While it waits the request holds `keptBytes`. Refuses with
   * `overloaded` when no more may wait, or after BODY_MS_MAX.
   */
  async wait({ keptBytes, bodyBytesMax, mediaType }: Waiting): Promise<Turn | Refusal> {
    const { bodies, limits, nowMs } = this.#parts;
    if (!bodies.tryHold(keptBytes)) return bodies.full();
    // As in isolate-batch.ts: a promise and a timer of the request that waits.
    const { promise, resolve } = Promise.withResolvers<Turn | undefined>();
    const timer = setTimeout(() => {
      if (this.#leaveQueue(waiter)) resolve(undefined);
    }, limits.bodyMsMax);
    const wake = (turn: Turn): void => {
      clearTimeout(timer);
      resolve(turn);
    };
    const bytes = estimateOf(bodyBytesMax, mediaType);
    const waiter: Waiter = { keptBytes, bytes, sinceMs: nowMs(), wake };
    this.#waiting.push(waiter);
    this.#next();
    return (await promise) ?? late(limits);
  }

  /** The body is smaller than it was thought to be. */
  shrink(turn: Turn, bodyBytes: number, mediaType: MediaType): void {
    const bytes = Math.min(turn.bytes, estimateOf(bodyBytes, mediaType));
    if (!this.#turns.has(turn)) return;
    this.#heldBytes -= turn.bytes - bytes;
    turn.bytes = bytes;
    this.#next();
  }

  /** Gives a turn back, and on; a second time does nothing. */
  leave(turn: Turn): void {
    this.#end(turn);
    this.#next();
  }

  #hasRoom(bytes: number): boolean {
    return this.#heldBytes === 0 || this.#heldBytes + bytes <= this.#parts.limits.heldBytesMax;
  }

  #begin(bytes: number): Turn {
    const turn: Turn = { bytes, sinceMs: this.#parts.nowMs() };
    this.#turns.add(turn);
    this.#heldBytes += bytes;
    return turn;
  }

  #end(turn: Turn): void {
    if (this.#turns.delete(turn)) this.#heldBytes -= turn.bytes;
  }

  #next(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined || !this.#hasRoom(first.bytes)) return;
      this.#leaveQueue(first);
      first.wake(this.#begin(first.bytes));
    }
  }

  #leaveQueue(waiter: Waiter): boolean {
    const at = this.#waiting.indexOf(waiter);
    if (at < 0) return false;
    this.#waiting.splice(at, 1);
    this.#parts.bodies.release(waiter.keptBytes);
    return true;
  }

  #forgetLost(): void {
    const { limits, answerMsMax, nowMs } = this.#parts;
    const now = nowMs();
    for (const waiter of this.#waiting.slice())
      if (now - waiter.sinceMs > limits.bodyMsMax + marginMs) this.#leaveQueue(waiter);
    for (const turn of this.#turns)
      if (now - turn.sinceMs > answerMsMax + marginMs) this.#end(turn);
    this.#next();
  }
}

const late = ({ heldBytesMax, bodyMsMax }: TurnParts["limits"]): Refusal =>
  refuse(
    "overloaded",
    `large requests fill HELD_BYTES_MAX=${heldBytesMax}: no turn within BODY_MS_MAX=${bodyMsMax}`,
  );
