import { constants, gzipSync, zstdCompressSync } from "node:zlib";

import { afterEach, describe, expect, test, vi } from "vitest";

import { readConfig } from "../../../edge/config.ts";
import { isRefusal, type Refusal } from "../../../edge/errors.ts";
import { BodyReader } from "../../../edge/receive/body.ts";
import { drainBody } from "../../../edge/receive/drain.ts";
import {
  type ContentEncoding,
  contentEncodingOf,
  mediaTypeOf,
} from "../../../edge/receive/media-type.ts";

const limit = 1000;
const url = "http://edge/v1/traces";

const { body: defaults } = readConfig({ KAFKA_BROKERS: "a:1" });
const readWith = async (reader: BodyReader, request: Request, encoding: ContentEncoding) => {
  const wire = await reader.read(request);
  return isRefusal(wire) ? wire : reader.inflated(wire, encoding);
};
const readBody = (request: Request, encoding: ContentEncoding, bodyBytesMax: number) =>
  readWith(new BodyReader({ ...defaults, bodyBytesMax }), request, encoding);

const withLength = (body: Uint8Array): Request =>
  new Request(url, {
    method: "POST",
    body,
    headers: { "content-length": String(body.byteLength) },
  });

const chunked = (chunks: number, chunkBytes: number): Request =>
  new Request(url, {
    method: "POST",
    body: new ReadableStream({
      type: "bytes",
      start(controller) {
        for (let i = 0; i < chunks; i += 1) controller.enqueue(new Uint8Array(chunkBytes).fill(i));
        controller.close();
      },
    }),
  });

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the body", () => {
  test("of a declared length is read whole", async () => {
    expect(await readBody(withLength(bytesOf("abc")), "identity", limit)).toEqual(bytesOf("abc"));
  });

  test("may be absent", async () => {
    const request = new Request(url, { method: "POST" });
    expect(await readBody(request, "identity", limit)).toEqual(new Uint8Array(0));
  });

  test("of exactly the limit is taken, one byte more is refused", async () => {
    expect(await readBody(withLength(new Uint8Array(limit)), "identity", limit)).toHaveLength(
      limit,
    );
    const refused = await readBody(withLength(new Uint8Array(limit + 1)), "identity", limit);
    expect(refused).toMatchObject({
      code: "body-too-large",
      message: `Content-Length ${limit + 1}: more than BODY_BYTES_MAX=${limit}`,
    });
  });

  test("without a declared length is joined from its chunks", async () => {
    const body = await readBody(chunked(3, 2), "identity", limit);
    expect(body).toEqual(new Uint8Array([0, 0, 1, 1, 2, 2]));
  });

  test("without a declared length is refused as soon as it passes the limit", async () => {
    const refused = await readBody(chunked(11, 100), "identity", limit);
    expect(refused).toMatchObject({ code: "body-too-large" });
  });
});

describe("the rest of a refused body", () => {
  test("is read to its end after the limit was passed", async () => {
    const request = chunked(50, 100);
    expect(await readBody(request, "identity", limit)).toMatchObject({ code: "body-too-large" });
    await drainBody(request);
    expect((await request.body?.getReader().read())?.done).toBe(true);
  });

  test("is cut off when there is too much of it", async () => {
    let chunks = 0;
    const endless = new ReadableStream({
      type: "bytes",
      pull(controller) {
        chunks += 1;
        controller.enqueue(new Uint8Array(1 << 20));
      },
    });
    await drainBody(new Request(url, { method: "POST", body: endless }));
    expect(chunks).toBeLessThan(40);
  });

  test("may be nothing, or read already", async () => {
    await drainBody(new Request(url, { method: "POST" }));
    const read = withLength(bytesOf("abc"));
    await read.bytes();
    await drainBody(read);
  });
});

describe("gzip", () => {
  test("is inflated", async () => {
    const wire = gzipSync(bytesOf("hello"));
    expect(await readBody(withLength(wire), "gzip", limit)).toEqual(Buffer.from("hello"));
  });

  test("of several members is inflated whole", async () => {
    const wire = Buffer.concat([gzipSync("one "), gzipSync("two")]);
    expect(await readBody(withLength(wire), "gzip", limit)).toEqual(Buffer.from("one two"));
  });

  test("is refused when its inflated bytes pass the limit, whatever its size", async () => {
    const bomb = gzipSync(new Uint8Array(2_000_000), { level: 9 });
    const bytesMax = 100_000;
    expect(bomb.byteLength).toBeLessThan(bytesMax);
    const refused = await readBody(withLength(bomb), "gzip", bytesMax);
    expect(refused).toMatchObject({ code: "body-too-large" });
  });

  test("of exactly the limit is taken", async () => {
    const body = await readBody(withLength(gzipSync(new Uint8Array(limit))), "gzip", limit);
    expect(body).toHaveLength(limit);
  });

  test.each([
    ["plain text", bytesOf("not gzip at all")],
    ["nothing", new Uint8Array(0)],
    ["a truncated stream", gzipSync(new Uint8Array(500)).subarray(0, 15)],
  ])("that is %s is malformed", async (_what, wire) => {
    const refused = await readBody(withLength(wire), "gzip", limit);
    expect(refused).toMatchObject({ code: "malformed-encoding" });
  });
});

describe("zstd", () => {
  const zstd = (text: string): Uint8Array => zstdCompressSync(bytesOf(text));

  test("is inflated", async () => {
    const body = await readBody(withLength(zstd("hello")), "zstd", limit);
    expect(body).toEqual(Buffer.from("hello"));
  });

  test("of several frames, some to be skipped, is inflated whole", async () => {
    const skippable = new Uint8Array([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const wire = Buffer.concat([skippable, zstd("one "), skippable, zstd("two"), zstd("")]);
    expect(await readBody(withLength(wire), "zstd", limit)).toEqual(Buffer.from("one two"));
  });

  test.each([0, 1, 3, 100, 65_536, 300_000])("keeps every byte of %i", async (bytes) => {
    const text = Uint8Array.from({ length: bytes }, (_, at) => (at * 2_654_435_761) >>> 13);
    for (const params of [{}, { [constants.ZSTD_c_checksumFlag]: 1 }]) {
      const wire = Buffer.concat([zstdCompressSync(text, { params }), zstd("end")]);
      const body = await readBody(withLength(wire), "zstd", 1_000_000);
      expect(body).toEqual(Buffer.concat([text, Buffer.from("end")]));
    }
  });

  test("is refused when its inflated bytes pass the limit, over all frames", async () => {
    const frame = zstd("x".repeat(400));
    const fits = Buffer.concat([frame, frame]);
    expect(await readBody(withLength(fits), "zstd", limit)).toHaveLength(800);
    const filled = Buffer.concat([frame, frame, zstd("y".repeat(200)), zstd("")]);
    expect(await readBody(withLength(filled), "zstd", limit)).toHaveLength(limit);
    const more = Buffer.concat([frame, frame, frame]);
    expect(await readBody(withLength(more), "zstd", limit)).toMatchObject({
      code: "body-too-large",
    });
  });

  test.each([
    ["plain text", bytesOf("not zstd at all")],
    ["nothing", new Uint8Array(0)],
    ["a truncated frame", zstd("x".repeat(500)).subarray(0, 12)],
    ["a frame and a rest", Buffer.concat([zstd("x"), Buffer.from("garbage")])],
    ["a window of 128 MiB", Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 17 << 3, 1, 0, 0])],
    ["65 frames", Buffer.concat(Array.from({ length: 65 }, () => zstd("x")))],
    ["only a frame to be skipped", new Uint8Array([0x5a, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])],
  ])("that is %s is malformed", async (_what, wire) => {
    const refused = await readBody(withLength(wire), "zstd", limit);
    expect(refused).toMatchObject({ code: "malformed-encoding" });
  });
});

test.each(["gzip", "zstd"] as const)(
  "%s above the ratio is refused, below 1 MiB any is taken",
  async (encoding) => {
    const compress = encoding === "gzip" ? gzipSync : zstdCompressSync;
    const reader = new BodyReader({ ...defaults, inflateRatioMax: 10 });
    const small = withLength(compress(new Uint8Array(1 << 20)));
    expect(await readWith(reader, small, encoding)).toHaveLength(1 << 20);
    const large = withLength(compress(new Uint8Array((1 << 20) + 1)));
    expect(await readWith(reader, large, encoding)).toMatchObject({ code: "body-too-large" });
  },
);

test.each(["gzip", "zstd"] as const)(
  "%s above a limit is refused by the name of the one that it passes",
  async (encoding) => {
    const wire = (encoding === "gzip" ? gzipSync : zstdCompressSync)(new Uint8Array(4 << 20));
    const messageFor = async (bodyBytesMax: number): Promise<unknown> => {
      const reader = new BodyReader({ ...defaults, inflateRatioMax: 10, bodyBytesMax });
      return ((await readWith(reader, withLength(wire), encoding)) as Refusal).message;
    };
    expect(await messageFor(2 << 20)).toBe(
      `inflated body: more than INFLATE_RATIO_MAX=10 times its ${wire.byteLength} bytes on the wire`,
    );
    expect(await messageFor(100_000)).toBe("inflated body: more than BODY_BYTES_MAX=100000");
  },
);

describe("a body that takes its time", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  const slow = (headers: { readonly [name: string]: string } = {}): Request =>
    new Request(url, { method: "POST", headers, body: new ReadableStream({ start() {} }) });

  test.each([
    ["of no declared length", {}],
    ["of a declared length", { "content-length": "10" }],
  ])("%s is refused after bodyMsMax", async (_what, headers) => {
    const reader = new BodyReader({ ...defaults, bodyMsMax: 20 });
    const refused = await reader.read(slow(headers));
    expect(refused).toMatchObject({ code: "body-timeout" });
    expect(reader.arrivingBytes).toBe(0);
  });

  test("that breaks off is refused", async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.error(new Error("gone"));
      },
    });
    const request = new Request(url, { method: "POST", body });
    const refused = await readBody(request, "identity", limit);
    expect(refused).toMatchObject({ code: "incomplete-body" });
  });

  test("does not let others fill the isolate", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const reader = new BodyReader({ ...defaults, bodiesBytesMax: 1000, bodyMsMax: 50 });
    const first = reader.read(slow({ "content-length": "600" }));
    expect(reader.arrivingBytes).toBe(600);
    const second = withLength(new Uint8Array(600));
    expect(await reader.read(second)).toMatchObject({ code: "overloaded" });
    const chunks = await reader.read(chunked(6, 100));
    expect(chunks).toMatchObject({ code: "overloaded" });
    vi.advanceTimersByTime(50);
    expect(await first).toMatchObject({ code: "body-timeout" });
    expect(reader.arrivingBytes).toBe(0);
    expect(await reader.read(withLength(new Uint8Array(600)))).toHaveLength(600);
  });
});

describe("the media type", () => {
  const accepted = ["application/x-protobuf", "application/json"] as const;

  test("is found whatever its case and parameters", () => {
    expect(mediaTypeOf("application/json", accepted)).toBe("application/json");
    expect(mediaTypeOf("Application/JSON; charset=utf-8", accepted)).toBe("application/json");
    expect(mediaTypeOf(" application/x-protobuf ;x=y", accepted)).toBe("application/x-protobuf");
  });

  test("is undefined when it is another or absent", () => {
    expect(mediaTypeOf("text/plain", accepted)).toBeUndefined();
    expect(mediaTypeOf("application/jsonx", accepted)).toBeUndefined();
    expect(mediaTypeOf(null, accepted)).toBeUndefined();
  });
});

test("content codings beside identity, gzip and zstd are refused by name", () => {
  expect(contentEncodingOf("Zstd", 400)).toBe("zstd");
  expect(contentEncodingOf("br", 415)).toMatchObject({ code: "unsupported-coding" });
  expect(contentEncodingOf(null, 400)).toBe("identity");
  expect(contentEncodingOf("GZIP", 400)).toBe("gzip");
  expect(contentEncodingOf("br", 400)).toMatchObject({ code: "unsupported-encoding" });
  expect(contentEncodingOf("gzip, gzip", 400)).toMatchObject({ code: "unsupported-encoding" });
});
