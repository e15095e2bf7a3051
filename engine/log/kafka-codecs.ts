// The compressions that kafkajs leaves to others, and gzip with a bound. We write none of them, but
// foreign producers do, the Collector's exporter among them, and one batch that cannot be read would
// hold up the consumer.
// The native ones are loaded by the first batch that needs them: most logs never do.
import { promisify } from "node:util";
import { unzip, zstdDecompress } from "node:zlib";

// Only the default export has them: Node does not see all names of a CommonJS module.
import kafkajs from "kafkajs";
import type { uncompress as uncompressBlock } from "snappy";

import { unreadableRecords } from "./kafka-unreadable.ts";

type Inflate = (source: Buffer) => Promise<Buffer>;
type Bounded = (source: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

/**
 * Of one batch. Kafka holds batches against its limits as they are compressed, and these two formats
 * make thousands of bytes of one; Snappy and LZ4 make 255 at most.
 */
const inflatedBytesMax = 64 << 20;

/** @throws Error naming the limit. */
const bounded =
  (inflate: Bounded): Inflate =>
  async (source) => {
    try {
      return await inflate(source, { maxOutputLength: inflatedBytesMax });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") throw error;
      const what = `a batch of ${source.length} bytes inflates to more than ${inflatedBytesMax}`;
      throw new Error(what, { cause: error });
    }
  };

/** What snappy-java begins with; two numbers of four bytes, its versions, follow. */
const javaMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const javaHeadBytes = 16;
const blockHeadBytes = 4;

/** Bare, as librdkafka and Go write it, or in the blocks of snappy-java, each behind its length. */
const inflateSnappy =
  (uncompress: typeof uncompressBlock): Inflate =>
  async (source) => {
    const bare = async (block: Buffer): Promise<Buffer> =>
      (await uncompress(block, { asBuffer: true })) as Buffer;
    if (!source.subarray(0, javaMagic.length).equals(javaMagic)) return bare(source);
    const blocks: Buffer[] = [];
    for (let at = javaHeadBytes; at < source.length;) {
      const start = at + blockHeadBytes;
      at = start + source.readUInt32BE(at);
      blocks.push(await bare(source.subarray(start, at)));
    }
    return Buffer.concat(blocks);
  };

type Load = () => Promise<Inflate>;

const loadSnappy: Load = async () => inflateSnappy((await import("snappy")).uncompress);
const loadLz4: Load = async () => (await import("lz4-napi")).decompressFrame;
const inflateGzip = bounded(promisify(unzip));
const inflateZstd = bounded(promisify(zstdDecompress));

/** A codec that cannot be loaded is no fault of the batch: it is thrown, and nothing is passed over. */
const codec = (name: string, load: Load) => () => ({
  compress: async () => Promise.reject(new Error(`${name} is only read`)),
  decompress: async (source: Buffer): Promise<Buffer> => {
    const inflate = await load();
    return inflate(source).catch((error: unknown) =>
      unreadableRecords(source, error instanceof Error ? error : new Error(String(error))),
    );
  },
});

const { CompressionCodecs, CompressionTypes } = kafkajs;

/** For all clients of this thread; again changes nothing. */
export const installKafkaCodecs = (): void => {
  CompressionCodecs[CompressionTypes.GZIP] = codec("gzip", async () => inflateGzip);
  CompressionCodecs[CompressionTypes.Snappy] = codec("Snappy", loadSnappy);
  CompressionCodecs[CompressionTypes.LZ4] = codec("LZ4", loadLz4);
  CompressionCodecs[CompressionTypes.ZSTD] = codec("Zstandard", async () => inflateZstd);
};
