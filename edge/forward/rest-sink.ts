// The Confluent REST v3 produce API over fetch: a request per topic, its body a stream of
// concatenated JSON records, its answer a stream of results in the same order. For clusters that
// are reachable only so, and for the embedded log.
import { Deadlines } from "../../schemas/kafka/deadlines.ts";
import { allHeaders } from "../../schemas/kafka/header-block.ts";
import { type RecordState, recordState } from "./forward-outcome.ts";
import { parseJsonStream } from "./json-stream.ts";
import { type Sink, type SinkRecord, type SinkResult, failedAppend } from "./sink.ts";
import { splitAppend } from "./split-append.ts";

/** Where the API is and how to call it. */
export type RestSinkOptions = {
  readonly url: string;
  readonly cluster: string;
  /** Authorization header, "" for none. */
  readonly authorization: string;
  /** Bound of one append. */
  readonly sendMsMax: number;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
};

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

const binary = (bytes: Uint8Array): { type: "BINARY"; data: string } => ({
  type: "BINARY",
  data: base64(bytes),
});

const jsonRecord = (record: SinkRecord): string => {
  const headers = Object.entries(allHeaders(record)).map(([name, value]) => ({
    name,
    value: Buffer.from(value).toString("base64"),
  }));
  return JSON.stringify({
    partition_id: record.partition,
    headers,
    ...(record.key === null ? {} : { key: binary(record.key) }),
    value: binary(record.value),
    timestamp: new Date(record.timestampMs).toISOString(),
  });
};

/** `isTooLarge`: nothing was written, because of the size of one record or of all together. */
type Answered = SinkResult & { readonly isTooLarge?: boolean };

const all = (state: RecordState, count: number, message: string): Answered =>
  failedAppend(count, state, { message, isDown: false });

/** Statuses that say "later" rather than "no". */
const isBusy = (status: number): boolean => status === 408 || status === 429 || status >= 500;
const tooLargeStatus = 413;
const unauthenticatedStatus = 401;

const describe = (result: unknown): string => {
  const { error_code: code, message } = result as { error_code?: unknown; message?: unknown };
  return `${String(code)} ${String(message)}`.slice(0, 300);
};

const isWritten = (result: unknown): boolean => {
  const { error_code: code, offset } = result as { error_code?: unknown; offset?: unknown };
  return (code === undefined || code === 200) && typeof offset === "number";
};

const stateOf = (result: unknown): RecordState => {
  if (result === undefined) return recordState.unknown;
  if (isWritten(result)) return recordState.acknowledged;
  const { error_code: code } = result as { error_code?: unknown };
  return code === tooLargeStatus ? recordState.oversize : recordState.refused;
};

/** One result per record, in order; a record without one is unknown. */
const answerOf = (body: string, count: number): Answered => {
  const results = parseJsonStream(body);
  if (results.length > count) return all(recordState.unknown, count, "more results than records");
  const failure = results.find((result) => !isWritten(result));
  const states = Uint8Array.from({ length: count }, (_, at) => stateOf(results[at]));
  const isShort = results.length < count;
  const message = isShort ? "fewer results than records" : "";
  return {
    states,
    message: failure === undefined ? message : describe(failure),
    isDown: isShort,
    // A log that appends all or nothing gives the same answer for every record.
    isTooLarge: states.includes(recordState.oversize) && !results.some(isWritten) && !isShort,
  };
};

type Answer = { readonly status: number; readonly body: string };

/** Posts records to a topic. @throws when there is no answer, or none in time. */
const poster = ({ url, cluster, authorization, sendMsMax, fetch }: RestSinkOptions) => {
  const clusterUrl = `${url}/v3/clusters/${encodeURIComponent(cluster)}`;
  const headers = {
    "content-type": "application/json",
    ...(authorization === "" ? {} : { authorization }),
  };
  const deadlines = new Deadlines();
  return async (topic: string, records: readonly SinkRecord[]): Promise<Answer> => {
    // Not AbortSignal.timeout: its timer lives until it fires, and an object may have 10,000.
    const abort = new AbortController();
    const late = new Error(`no answer within ${sendMsMax} ms`);
    const cancel = deadlines.start(sendMsMax, () => abort.abort(late));
    try {
      const response = await fetch(`${clusterUrl}/topics/${encodeURIComponent(topic)}/records`, {
        method: "POST",
        headers,
        body: records.map(jsonRecord).join(""),
        signal: abort.signal,
      });
      return { status: response.status, body: await response.text() };
    } finally {
      cancel();
    }
  };
};

/** Makes no request before the first append. */
export const restSink = (options: RestSinkOptions): Sink => {
  const answered = poster(options);

  const post = async (topic: string, records: readonly SinkRecord[]): Promise<Answered> => {
    const { status, body } = await answered(topic, records);
    if (status === 200) return answerOf(body, records.length);
    // A 4xx is decided before anything is written; a 5xx may come from a proxy, after it.
    const isRefused = status >= 400 && status < 500;
    const state = isRefused ? recordState.refused : recordState.unknown;
    const isTooLarge = status === tooLargeStatus;
    const isLoginRefused = status === unauthenticatedStatus;
    const isDown = isBusy(status) || isLoginRefused;
    const isAtFault = isRefused && !isDown && !isTooLarge;
    const writeFault: SinkResult["writeFault"] = isAtFault ? "refused" : undefined;
    const place = isAtFault ? `${topic}: ` : "";
    const message = `${place}HTTP ${status} ${body.slice(0, 200)}`;
    const what = { isDown, isLoginRefused, isTooLarge, writeFault };
    return { ...all(state, records.length, message), ...what };
  };

  const postTopic = async (topic: string, records: readonly SinkRecord[]): Promise<SinkResult> => {
    try {
      const answer = await post(topic, records);
      if (answer.isTooLarge !== true) return answer;
      return await splitAppend(records, answer.message, (part) => postTopic(topic, part));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ...all(recordState.unknown, records.length, message), isDown: true };
    }
  };

  const append = async (records: readonly SinkRecord[]): Promise<SinkResult> => {
    const byTopic = Map.groupBy(records, (record) => record.topic);
    const answers = await Promise.all(
      Array.from(byTopic, ([topic, ofTopic]) => postTopic(topic, ofTopic)),
    );
    const topics = [...byTopic.keys()];
    const next = new Map(topics.map((topic, at) => [topic, answers[at]?.states.values()]));
    const states = Uint8Array.from(
      records,
      (record) => next.get(record.topic)?.next().value ?? recordState.unknown,
    );
    const message = answers.find((answer) => answer.message !== "")?.message ?? "";
    return {
      states,
      message,
      isDown: answers.some((answer) => answer.isDown),
      isLoginRefused: answers.some((answer) => answer.isLoginRefused === true),
      writeFault: answers.find((answer) => answer.writeFault !== undefined)?.writeFault,
    };
  };

  return { append, close: () => Promise.resolve() };
};
