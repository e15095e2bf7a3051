import { gzipSync } from "node:zlib";

import { describe, expect, test } from "vitest";

import { drainBody, readBody } from "../../../edge/receive/body.ts";
import { contentEncodingOf, mediaTypeOf } from "../../../edge/receive/media-type.ts";

const limit = 1000;
const url = "http://edge/v1/traces";

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
    expect(refused).toMatchObject({ code: "body-too-large" });
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

test("content codings beside identity and gzip are refused by name", () => {
  expect(contentEncodingOf(null)).toBe("identity");
  expect(contentEncodingOf("GZIP")).toBe("gzip");
  expect(contentEncodingOf("br")).toMatchObject({ code: "unsupported-encoding" });
  expect(contentEncodingOf("gzip, gzip")).toMatchObject({ code: "unsupported-encoding" });
});
