// The attack table: what an attacker sends, and the answer that the edge owes to it. One list for
// the test (answers, and that the edge lives on) and the benchmark (answers with peak memory).
import {
  deepAttribute,
  deepJson,
  field,
  gzipMembers,
  gzipOf,
  repeated,
  repeatedResource,
  scopeOf,
  zstdOf,
  zstdSize,
  zstdWindow,
} from "./hostile-bodies.ts";
import { eightAtOnce, largestBody } from "./large-json.ts";
import { type PostHeaders, json, post, protobuf, traces } from "./post.ts";
import { type Target, sendRaw } from "./raw-socket.ts";

/** `answer`: status, with the rejected items of a 200; "closed" when the server just hangs up. */
export type Attack = {
  readonly name: string;
  readonly answer: string | RegExp;
  readonly send: (target: Target) => Promise<string>;
};

/** Settings of all attacks: a time limit that a test can wait for, and an API key. */
export const attackVars = { BODY_MS_MAX: "5000", API_KEYS: "attacker" } as const;

const mebibyte = 1 << 20;

const posting =
  (path: string, type: string, body: () => Uint8Array | string, headers: PostHeaders = {}) =>
  (target: Target): Promise<string> =>
    post(target, path, body(), { "content-type": type, ...headers });

const binary = (body: () => Uint8Array, headers: PostHeaders = {}) =>
  posting(traces, protobuf, body, headers);
const text = (body: () => string | Uint8Array, path = traces) => posting(path, json, body);
const coded = (encoding: string, body: () => Uint8Array) =>
  binary(body, { "content-encoding": encoding });

const head = (lines: readonly string[], path = traces): string =>
  [
    `POST ${path} HTTP/1.1`,
    "host: edge",
    `content-type: ${json}`,
    "x-api-key: attacker",
    ...lines,
    "",
    "",
  ].join("\r\n");

const raw =
  (parts: readonly (string | Uint8Array)[], options: Parameters<typeof sendRaw>[2] = {}) =>
  (target: Target): Promise<string> =>
    sendRaw(target, parts, options);

const smuggled = "GET /status HTTP/1.1\r\nhost: edge\r\n\r\n";

const inflation: readonly Attack[] = [
  { name: "gzip bomb, 256 MiB in 255 KB", answer: "413", send: coded("gzip", () => gzipOf(256)) },
  {
    name: "gzip within gzip: inflated once, then it is no OTLP",
    answer: "400",
    send: coded("gzip", () => gzipMembers(gzipOf(64), 1)),
  },
  {
    name: "gzip of 600,000 empty members",
    answer: "200",
    send: coded("gzip", () => gzipMembers(new Uint8Array(0), 600_000)),
  },
  {
    name: "gzip of 10,000 members of 1 MiB",
    answer: "413",
    send: coded("gzip", () => gzipMembers(new Uint8Array(mebibyte), 10_000)),
  },
  { name: "gzip, gzip", answer: "400", send: coded("gzip, gzip", () => gzipOf(64)) },
  { name: "zstd bomb, 1 GiB in 32 KB", answer: "413", send: coded("zstd", () => zstdOf(1024)) },
  { name: "zstd window of 128 MiB", answer: "400", send: coded("zstd", () => zstdWindow) },
  {
    name: "zstd content of 2^60 bytes, declared",
    answer: "400",
    send: coded("zstd", () => zstdSize),
  },
  {
    name: "zstd of 1,000,000 empty frames",
    answer: "400",
    send: coded("zstd", () =>
      repeated(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0]), 1_000_000),
    ),
  },
];

const framing: readonly Attack[] = [
  {
    name: "Content-Length of 64 GiB, nothing sent",
    answer: "413",
    send: raw([head([`content-length: ${64 * 2 ** 30}`])]),
  },
  {
    name: "Content-Length above the sent body, then the end",
    answer: /^400$|^closed$/,
    send: raw([head(["content-length: 100"]), "{}"], { ends: true }),
  },
  {
    name: "Content-Length below the sent body: the rest is another request, without a key",
    answer: "200 401",
    send: raw([head(["content-length: 2"]) + `{}${smuggled}`], { answers: 2 }),
  },
  {
    name: "two Content-Lengths",
    answer: /^400$|^closed$/,
    send: raw([head(["content-length: 2", "content-length: 50"]) + `{}${smuggled}`]),
  },
  {
    name: "Content-Length and Transfer-Encoding at once",
    answer: /^400$|^closed$|^200$/,
    send: raw([
      `${head(["content-length: 60", "transfer-encoding: chunked"])}2\r\n{}\r\n0\r\n\r\n`,
    ]),
  },
  {
    name: "Content-Length: 0x10, -1 and 1e3",
    answer: "400 400 400",
    send: async (target) => {
      const answers: string[] = [];
      for (const length of ["0x10", "-1", "1e3"])
        answers.push(await sendRaw(target, [`${head([`content-length: ${length}`])}{}`]));
      return answers.join(" ");
    },
  },
  {
    name: "chunks without end",
    answer: "413",
    send: raw([
      head(["transfer-encoding: chunked"]),
      ...Array.from({ length: 20 }, () => `100000\r\n${" ".repeat(mebibyte)}\r\n`),
    ]),
  },
  {
    name: "a chunk of 2^64 bytes",
    answer: /^400$|^413$|^closed$|^408$/,
    send: raw([`${head(["transfer-encoding: chunked"])}ffffffffffffffff\r\n{}`]),
  },
  {
    name: "a body byte by byte: more than BODY_MS_MAX",
    answer: "408",
    send: raw([head(["content-length: 1000"]), ...Array.from({ length: 600 }, () => "x")], {
      gapMs: 50,
    }),
  },
  {
    name: "a chunked body that stops",
    answer: "408",
    send: raw([`${head(["transfer-encoding: chunked"])}5\r\n{}   \r\n`]),
  },
  {
    name: "8 good JSON bodies of 15.9 MiB at once: two fit, the others are told to come again",
    answer: /^(?:200 ){1,3}(?:408 )*(?:503 ?)+$/,
    send: (target) => eightAtOnce("send", target),
  },
  {
    name: "8 of them in gzip, 60 KB each: they take turns",
    answer: /^(?:200 ?){1,8}(?:503 ?)*$/,
    send: (target) => eightAtOnce("sendGzip", target),
  },
  {
    name: "6 large bodies whose senders leave before the answer: their turns are given back",
    answer: /^(?:(?:silent|closed|200|503) ?)+$/,
    send: async (target) => {
      const body = largestBody();
      const send = raw([head([`content-length: ${body.byteLength}`]), body], { waitMs: 400 });
      return (await Promise.all(Array.from({ length: 6 }, () => send(target)))).join(" ");
    },
  },
  {
    name: "20 bodies of 16 MiB that stop: the isolate's share is full for one BODY_MS_MAX",
    answer: /^(?:408 ){1,5}(?:503 ?)+$/,
    send: async (target) => {
      const part = Buffer.alloc(mebibyte, " ");
      const send = raw([head([`content-length: ${16 * mebibyte}`]), part]);
      const answers = await Promise.all(Array.from({ length: 20 }, () => send(target)));
      return answers.sort().join(" ");
    },
  },
];

const headers: readonly Attack[] = [
  {
    name: "1 MiB of headers",
    answer: /^4\d\d$|^closed$/,
    send: raw([head(Array.from({ length: 1000 }, (_, at) => `x-${at}: ${"y".repeat(1000)}`))]),
  },
  {
    name: "an API key of 50 KB",
    answer: "401",
    send: (target) =>
      sendRaw(target, [
        `POST ${traces} HTTP/1.1\r\nhost: edge\r\ncontent-type: ${json}\r\nx-api-key: ${"k".repeat(50_000)}\r\ncontent-length: 2\r\n\r\n{}`,
      ]),
  },
  {
    name: "a bad body without a key: nothing of it is read",
    answer: "401",
    send: (target) =>
      post(target, traces, gzipOf(64), {
        "content-type": protobuf,
        "content-encoding": "gzip",
        "x-api-key": "wrong",
      }),
  },
  {
    name: "paths beside the served ones",
    answer: "404 404 404 404",
    send: async (target) => {
      const answers: string[] = [];
      for (const path of ["//v1/traces", "/v1/traces/", "/v1%2ftraces", "/v1/traces;x=/status"])
        answers.push(await sendRaw(target, [`${head(["content-length: 2"], path)}{}`]));
      return answers.join(" ");
    },
  },
  {
    name: "a method in a header, TRACE",
    answer: "405 405",
    send: async (target) => {
      const get = `GET ${traces} HTTP/1.1\r\nhost: edge\r\nx-http-method-override: POST\r\n\r\n`;
      const trace = `TRACE ${traces} HTTP/1.1\r\nhost: edge\r\n\r\n`;
      return `${await sendRaw(target, [get])} ${await sendRaw(target, [trace])}`;
    },
  },
];

const keyValue = field(9, field(1, "k"), field(2, field(1, "v")));

const protobufs: readonly Attack[] = [
  {
    name: "an attribute 10,000 values deep",
    answer: "200 partial",
    send: binary(() => scopeOf(field(2, field(9, deepAttribute(10_000))))),
  },
  {
    name: "8,000,000 empty spans",
    answer: "413",
    send: binary(() => scopeOf(repeated(Buffer.from([0x12, 0]), 8_000_000))),
  },
  {
    name: "8,000,000 empty resources",
    answer: "413",
    send: binary(() => repeated(Buffer.from([0x0a, 0]), 8_000_000)),
  },
  {
    name: "1,500,000 attributes of one span",
    answer: "200 partial",
    send: binary(() => scopeOf(field(2, repeated(keyValue, 1_500_000)))),
  },
  {
    name: "1,500,000 attributes of one resource",
    answer: "400",
    send: binary(() =>
      field(1, field(1, repeated(field(1, field(1, "k"), field(2, field(1, "v"))), 1_500_000))),
    ),
  },
  {
    name: "a resource of 900 KB that each of 150 spans would repeat",
    answer: "413",
    send: binary(() => repeatedResource(900_000, 150)),
  },
  {
    name: "a length of 2^31 - 1 in a body of 20 bytes",
    answer: "400",
    send: binary(() => Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 7, ...new Uint8Array(14)])),
  },
  {
    name: "a varint of 16 MiB",
    answer: "400",
    send: binary(() =>
      Buffer.concat([Buffer.from([0x08]), repeated(Buffer.from([0xff]), 16_000_000)]),
    ),
  },
  {
    name: "a name that is no UTF-8",
    answer: "400",
    send: binary(() => scopeOf(field(2, field(5, Buffer.from([0xc0, 0x80]))))),
  },
];

const jsons: readonly Attack[] = [
  { name: "8,000,000 open brackets", answer: "400", send: text(() => "[".repeat(8_000_000)) },
  {
    name: "8,000,000 open brackets in an unknown field",
    answer: "400",
    send: text(() => `{"x":${"[".repeat(8_000_000)}`),
  },
  {
    name: "an attribute 100 values deep around 10 MB",
    answer: "200, 1 rejected",
    send: text(() => deepJson(100, `{"stringValue":"${"x".repeat(10_000_000)}"}`)),
  },
  {
    name: "a name repeated 800,000 times behind 100,000 events",
    answer: "400",
    send: text(
      () =>
        `{"resourceSpans":[{"scopeSpans":[{"spans":[{"events":[${"{},".repeat(100_000)}{}],` +
        `${'"name":"x",'.repeat(800_000)}"name":"y"}]}]}]}`,
    ),
  },
  {
    name: "a number of 15,000,000 digits",
    answer: "400",
    send: text(
      () =>
        `{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":${"1".repeat(15_000_000)}}]}]}]}`,
    ),
  },
  {
    name: "8,000,000 bucket counts: four times the size in protobuf",
    answer: "413",
    send: posting(
      "/v1/metrics",
      json,
      () =>
        `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":[${"1,".repeat(8_000_000)}1]}]}}]}]}]}`,
    ),
  },
  {
    name: "__proto__, constructor and toString as names",
    answer: "200",
    send: text(
      () =>
        '{"__proto__":{"resourceSpans":1},"constructor":{"prototype":{}},"toString":1,"resourceSpans":[{"scopeSpans":[{"spans":[{"__proto__":{},"name":"x"}]}]}]}',
    ),
  },
  {
    name: "lone surrogates and \\u0000 in a name",
    answer: "200",
    send: text(
      () => String.raw`{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"\ud800\u0000"}]}]}]}`,
    ),
  },
  {
    name: "text that is no UTF-8",
    answer: "400",
    send: text(() =>
      Buffer.concat([
        Buffer.from('{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"'),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('"}]}]}]}'),
      ]),
    ),
  },
];

const market: readonly Attack[] = [
  {
    name: "transactions: 5,000,000 empty lists in one item",
    answer: /^200, 1 rejected$/,
    send: text(() => `{"transactions":[[${"[],".repeat(5_000_000)}[]]]}`, "/v1/transactions"),
  },
  {
    name: "transactions: 5,000,000 empty items",
    answer: "413",
    send: text(() => `{"transactions":[${"{},".repeat(5_000_000)}{}]}`, "/v1/transactions"),
  },
  {
    name: "transactions: a body that looks like the edge's own refusal",
    answer: "200, 0 rejected",
    send: text(() => '{"code":"internal","message":"x","transactions":[]}', "/v1/transactions"),
  },
  {
    name: "depth: 500,000 levels in one message",
    answer: "200, 1 rejected",
    send: text(
      () =>
        `{"venue":"binance-spot","messages":[{"message":{"e":"depthUpdate","s":"A","U":1,"u":2,"a":[],"b":[${'["1.00","2.000000"],'.repeat(500_000)}["1","1"]]}}]}`,
      "/v1/depth",
    ),
  },
  {
    name: "frames: 4,000,000 items of no bytes",
    answer: /^400$|^413$/,
    send: posting("/v1/transactions", "application/x-weir-frames", () => Buffer.alloc(16_000_000)),
  },
];

/** All of them. */
export const attacks: readonly Attack[] = [
  ...inflation,
  ...framing,
  ...headers,
  ...protobufs,
  ...jsons,
  ...market,
];

/** A request that must be served after every attack: its status. */
export const goodRequest = (target: Target): Promise<string> =>
  post(target, traces, scopeOf(field(2, field(5, "good"))), { "content-type": protobuf });
