// Posts JSON batches to one endpoint of the edge, like any client: a bounded number at a time,
// again on 429, 502, 503, 504 and lost connections, honouring Retry-After. `post` waits while all
// places are taken, so that a slow edge slows its feed instead of filling its memory.
import { answerText } from "../../schemas/answer-text.ts";
import { newTotals, type PostTotals } from "./post-totals.ts";
import { backoffMs, type BackoffLimits } from "../send/backoff.ts";
import { isRetryable, retryAfterMs } from "../send/retry-after.ts";

/** One endpoint and how to reach it; everything that is not repeatable is passed in. */
export type PosterOptions = {
  readonly url: string;
  readonly apiKey: string | null;
  readonly fetch: typeof fetch;
  /** Resolves early when the feed is stopped. */
  readonly sleepMs: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Requests at a time. With 1 the batches keep their order, retries included. */
  readonly inFlightMax: number;
  /** Stopping: what is under way ends with its attempt, or is cut after stopMsMax. */
  readonly signal: AbortSignal;
  readonly limits?: Partial<PostLimits>;
};

/** What bounds one batch. */
export type PostLimits = BackoffLimits & {
  /** Longest wait that a server may ask for, ms. */
  readonly retryAfterMsMax: number;
  /** Attempts of one batch, the first included. */
  readonly attemptsMax: number;
  /** One attempt, until the whole answer is there. */
  readonly timeoutMs: number;
  /** How long attempts may go on after the stop. */
  readonly stopMsMax: number;
};

const limitDefaults: PostLimits = {
  attemptsMax: 8,
  timeoutMs: 15_000,
  stopMsMax: 5000,
  backoffMs: 100,
  backoffMsMax: 5000,
  retryAfterMsMax: 30_000,
};

/** Longer answers are not read; the status alone then counts. */
const answerBytesMax = 64 << 10;

type Answer =
  | { readonly kind: "accepted"; readonly rejected: number }
  | { readonly kind: "refused"; readonly status: number }
  | { readonly kind: "again"; readonly cause: string; readonly afterMs: number | null };

/** One endpoint. `post` is for one caller at a time. */
export class Poster {
  readonly totals: PostTotals = newTotals();
  /** Attempts after the first. */
  retries = 0;
  readonly #options: PosterOptions;
  readonly #limits: PostLimits;
  readonly #underWay = new Set<Promise<void>>();
  readonly #causes = new Map<string, number>();
  // One for each attempt under way: AbortSignal.any on a signal that lives long keeps them all.
  readonly #attempts = new Set<AbortController>();

  constructor(options: PosterOptions) {
    this.#options = options;
    this.#limits = { ...limitDefaults, ...options.limits };
    const cut = (): void => {
      for (const attempt of this.#attempts) attempt.abort();
    };
    const stop = (): void => {
      setTimeout(cut, this.#limits.stopMsMax).unref();
    };
    options.signal.addEventListener("abort", stop, { once: true });
  }

  /** Why attempts were not accepted, with counts: status codes, or what became of the connection. */
  get causes(): ReadonlyMap<string, number> {
    return this.#causes;
  }

  /** Begins to send a batch of `items`; resolves when there is place for the next one. */
  async post(body: string, items: number): Promise<void> {
    const sending = this.#send(body, items);
    this.#underWay.add(sending);
    void sending.finally(() => this.#underWay.delete(sending));
    while (this.#underWay.size >= this.#options.inFlightMax) await Promise.race(this.#underWay);
  }

  /** Resolves when nothing is under way. */
  async drain(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.race(this.#underWay);
  }

  async #send(body: string, items: number): Promise<void> {
    const { totals } = this;
    totals.sent += items;
    for (let attempt = 0; attempt < this.#limits.attemptsMax; attempt += 1) {
      if (attempt > 0) this.retries += 1;
      const answer = await this.#attempt(body);
      if (answer.kind === "accepted") {
        const rejected = Math.min(answer.rejected, items);
        totals.rejected += rejected;
        totals.accepted += items - rejected;
        return;
      }
      if (answer.kind === "refused") {
        this.#count(`status ${answer.status}`);
        totals.rejected += items;
        return;
      }
      this.#count(answer.cause);
      const isLast = attempt === this.#limits.attemptsMax - 1;
      if (isLast || this.#options.signal.aborted) break;
      await this.#options.sleepMs(this.#delayMs(attempt, answer.afterMs));
    }
    totals.failed += items;
  }

  #delayMs(attempt: number, afterMs: number | null): number {
    const own = backoffMs(attempt, this.#limits, this.#options.random());
    return afterMs === null ? own : Math.min(afterMs, this.#limits.retryAfterMsMax);
  }

  async #attempt(body: string): Promise<Answer> {
    const attempt = new AbortController();
    const timer = setTimeout(() => attempt.abort(), this.#limits.timeoutMs);
    this.#attempts.add(attempt);
    try {
      return await this.#request(body, attempt.signal);
    } catch (error) {
      return { kind: "again", cause: causeOf(error), afterMs: null };
    } finally {
      clearTimeout(timer);
      this.#attempts.delete(attempt);
    }
  }

  async #request(body: string, signal: AbortSignal): Promise<Answer> {
    const { url, apiKey, nowMs } = this.#options;
    const authorization = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
    const headers = { "content-type": "application/json", ...authorization };
    const response = await this.#options.fetch(url, { method: "POST", headers, body, signal });
    const { text, isCut } = await answerText(response, answerBytesMax);
    if (response.ok) return { kind: "accepted", rejected: isCut ? 0 : rejectedIn(text) };
    if (!isRetryable(response.status)) return { kind: "refused", status: response.status };
    const afterMs = retryAfterMs(response.headers.get("retry-after"), nowMs());
    return { kind: "again", cause: `status ${response.status}`, afterMs };
  }

  // Statuses and system error codes: a small closed set in practice, bounded all the same.
  #count(cause: string): void {
    const key = this.#causes.has(cause) || this.#causes.size < causesMax ? cause : "other";
    this.#causes.set(key, (this.#causes.get(key) ?? 0) + 1);
  }
}

const causesMax = 32;

const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && "code" in cause ? String(cause.code) : error.name;
};

/** The `rejected` of an answer `{"accepted":n,"rejected":n,…}`; 0 when it tells nothing. */
const rejectedIn = (text: string): number => {
  try {
    const { rejected } = JSON.parse(text) as { rejected?: unknown };
    return Number.isSafeInteger(rejected) && Number(rejected) > 0 ? Number(rejected) : 0;
  } catch {
    return 0;
  }
};
