// The Confluent REST v3 produce API over fetch: a request per topic, its body a stream of
// concatenated JSON records, its answer a stream of results in the same order. For clusters that
// are reachable only so, and for the embedded log.
import { answerText } from "../../schemas/answer-text.ts";
import { Deadlines } from "../../schemas/kafka/deadlines.ts";
import { allHeaders } from "../../schemas/kafka/header-block.ts";
import { fixedLimits } from "../limits.ts";
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
  /** Bound of one request, unless its append may take longer. */
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
const okStatus = 200;
const tooLargeStatus = 413;
const unauthenticatedStatus = 401;

type ProduceResult = {
  readonly error_code?: unknown;
  readonly message?: unknown;
  readonly offset?: unknown;
};

/** A record's own status: Confluent's codes are an HTTP status, or one with two digits behind it. */
const statusOf = ({ error_code: code, offset }: ProduceResult): number | undefined => {
  if (code === undefined || code === okStatus)
    return typeof offset === "number" ? okStatus : undefined;
  if (typeof code !== "number") return undefined;
  return code < 1000 ? code : Math.floor(code / 100);
};

const describe = ({ error_code: code, message }: ProduceResult, status?: number): string =>
  status === undefined
    ? "a result without offset and error_code"
    : `${String(code)} ${String(message)}`.slice(0, 300);

/** Another place is named and nothing was written; but for "see other", the answer of what was. */
const isRedirect = (status: number): boolean => status >= 300 && status < 400 && status !== 303;

/** A 4xx is decided before anything is written; a 5xx may come after it. */
const isRefusal = (status: number | undefined): boolean =>
  status !== undefined && status >= 400 && status < 500;

const stateOf = (status: number | undefined): RecordState => {
  if (status === okStatus) return recordState.acknowledged;
  if (status === tooLargeStatus) return recordState.oversize;
  return isRefusal(status) ? recordState.refused : recordState.unknown;
};

/** The log takes no such records: not now, and not soon. */
const isAtFault = (status: number | undefined): boolean =>
  status !== undefined && isRefusal(status) && !isBusy(status) && status !== tooLargeStatus;

/** One result per record, in order; a record without one is unknown. */
const answerOf = (topic: string, body: string, count: number): Answered => {
  const results = parseJsonStream(body) as readonly ProduceResult[];
  if (results.length > count) return all(recordState.unknown, count, "more results than records");
  const statuses = results.map(statusOf);
  const failed = statuses.findIndex((status) => status !== okStatus);
  const failure = results[failed];
  const states = Uint8Array.from({ length: count }, (_, at) => stateOf(statuses[at]));
  const isShort = results.length < count;
  const isNoneWritten = !statuses.includes(okStatus);
  const place = isAtFault(statuses[failed]) ? `${topic}: ` : "";
  const message = isShort ? "fewer results than records" : "";
  return {
    states,
    message: failure === undefined ? message : place + describe(failure, statuses[failed]),
    isDown: isShort || (isNoneWritten && statuses.some((status) => isBusy(status ?? 500))),
    writeFault: statuses.some(isAtFault) ? "refused" : undefined,
    // A log that appends all or nothing gives the same answer for every record.
    isTooLarge: states.includes(recordState.oversize) && isNoneWritten && !isShort,
  };
};

/** Records of one topic; `msMin` as of `Sink.append`. */
type Posting = {
  readonly topic: string;
  readonly records: readonly SinkRecord[];
  readonly msMin: number;
};

type Answer = { readonly status: number; readonly body: string; readonly isCut: boolean };

/** What an answer with so many results may have; one more is for what stands around them. */
const answerBytesMax = (records: number): number => fixedLimits.restResultBytesMax * (records + 1);

/** Where a redirect leads, without what may be a secret. */
const redirectText = (response: Response): string => {
  const [place] = (response.headers.get("location") ?? "").split("?");
  return `redirects are not followed: ${place}`;
};

/** Posts records to a topic. @throws when there is no answer, or none in time. */
const poster = ({ url, cluster, authorization, sendMsMax, fetch }: RestSinkOptions) => {
  const clusterUrl = `${url}/v3/clusters/${encodeURIComponent(cluster)}`;
  const headers = {
    "content-type": "application/json",
    ...(authorization === "" ? {} : { authorization }),
  };
  const deadlines = new Deadlines();
  return async ({ topic, records, msMin }: Posting): Promise<Answer> => {
    const msMax = Math.max(sendMsMax, msMin);
    // Not AbortSignal.timeout: its timer lives until it fires, and an object may have 10,000.
    const abort = new AbortController();
    const late = new Error(`no answer within ${msMax} ms`);
    const cancel = deadlines.start(msMax, () => abort.abort(late));
    try {
      const response = await fetch(`${clusterUrl}/topics/${encodeURIComponent(topic)}/records`, {
        method: "POST",
        headers,
        body: records.map(jsonRecord).join(""),
        signal: abort.signal,
        // It would lead records and authorization to where nobody set it.
        redirect: "manual",
      });
      const { text, isCut } = await answerText(response, answerBytesMax(records.length));
      const { status } = response;
      return { status, body: isRedirect(status) ? redirectText(response) : text, isCut };
    } finally {
      cancel();
    }
  };
};

/** What it answered is no list of results: nobody knows what was written. */
const endless = (records: number): Answered => ({
  ...all(
    recordState.unknown,
    records,
    `an answer of more than ${answerBytesMax(records)} B to ${records} records, ` +
      `limit restResultBytesMax=${fixedLimits.restResultBytesMax}`,
  ),
  isDown: true,
});

/** Makes no request before the first append. */
export const restSink = (options: RestSinkOptions): Sink => {
  const answered = poster(options);

  const post = async (posting: Posting): Promise<Answered> => {
    const { topic, records } = posting;
    const { status, body, isCut } = await answered(posting);
    if (status === okStatus && isCut) return endless(records.length);
    if (status === okStatus) return answerOf(topic, body, records.length);
    const isRefused = isRefusal(status) || isRedirect(status);
    const state = isRefused ? recordState.refused : recordState.unknown;
    const isTooLarge = status === tooLargeStatus;
    const isLoginRefused = status === unauthenticatedStatus;
    const isDown = isBusy(status) || isLoginRefused;
    const isFault = (isAtFault(status) || isRedirect(status)) && !isLoginRefused;
    const writeFault: SinkResult["writeFault"] = isFault ? "refused" : undefined;
    const place = isFault ? `${topic}: ` : "";
    const message = `${place}HTTP ${status} ${body.slice(0, 200)}`;
    const what = { isDown, isLoginRefused, isTooLarge, writeFault };
    return { ...all(state, records.length, message), ...what };
  };

  const postTopic = async (posting: Posting): Promise<SinkResult> => {
    const { records } = posting;
    try {
      const answer = await post(posting);
      if (answer.isTooLarge !== true) return answer;
      return await splitAppend(records, answer.message, (part) =>
        postTopic({ ...posting, records: part }),
      );
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ...all(recordState.unknown, records.length, message), isDown: true };
    }
  };

  const append: Sink["append"] = async (records, msMin = 0) => {
    const byTopic = Map.groupBy(records, (record) => record.topic);
    const answers = await Promise.all(
      Array.from(byTopic, ([topic, ofTopic]) => postTopic({ topic, records: ofTopic, msMin })),
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
