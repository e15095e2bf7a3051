// Undoes gzip and zstd, at once and into memory that the limit bounds: node:zlib stops as soon as
// the output would pass it. The only place of the edge that inflates.
import { type Refusal, isRefusal, refuse } from "../errors.ts";
import { fixedLimits } from "../limits.ts";
import { nodeZlib } from "../node-modules.ts";
import type { ContentEncoding } from "./media-type.ts";
import { zstdFrames } from "./zstd-frames.ts";

/** Bounds of the output, in bytes and in bytes for each byte of input. */
export type InflateLimits = { readonly bodyBytesMax: number; readonly inflateRatioMax: number };

/** Bytes of one output, and the refusal of more. */
type Bound = { readonly bytesMax: number; readonly over: () => Refusal };

type Inflate = (wire: Uint8Array, bound: Bound) => Uint8Array | Refusal;

const field = "Content-Encoding";
/** Output below this is harmless, whatever its ratio. */
const ratioFloorBytes = 1 << 20;
const windowLogMax = Math.log2(fixedLimits.zstdWindowBytesMax);
const { zstdFramesMax } = fixedLimits;

/** By its name in edge/limits.ts: who is refused looks for a setting. */
const tooLarge = (limit: string): Refusal =>
  refuse("body-too-large", `inflated body: more than ${limit}`, { field });

const invalid = (message: string): Refusal =>
  refuse("malformed-encoding", `Content-Encoding ${message}`, { field });

/** workerd throws RangeError at the limit and Error for everything else; a test holds it to that. */
const attempt = (inflate: () => Uint8Array, { over }: Bound, message: string) => {
  try {
    return inflate();
  } catch (error) {
    return error instanceof RangeError ? over() : invalid(message);
  }
};

const gunzip: Inflate = (wire, bound) =>
  attempt(
    () => nodeZlib().gunzipSync(wire, { maxOutputLength: bound.bytesMax }),
    bound,
    "gzip: the body is not valid gzip",
  );

const zstdMessage = `zstd: the body is not valid zstd with windows of at most ${fixedLimits.zstdWindowBytesMax} bytes`;

const unzstd: Inflate = (wire, bound) => {
  const frames = zstdFrames(wire, zstdFramesMax);
  if (frames === undefined || frames.length === 0)
    return invalid(`zstd: the body is not 1 to ${zstdFramesMax} whole zstd frames`);
  const { constants, zstdDecompressSync } = nodeZlib();
  const params = { [constants.ZSTD_d_windowLogMax]: windowLogMax };
  const parts: Uint8Array[] = [];
  let left = bound.bytesMax;
  for (const frame of frames) {
    // A limit of 0 is an error of its own: an empty frame may still stand behind a full body.
    const options = { params, maxOutputLength: Math.max(1, left) };
    const part = attempt(() => zstdDecompressSync(frame, options), bound, zstdMessage);
    if (isRefusal(part)) return part;
    if (part.byteLength > left) return bound.over();
    left -= part.byteLength;
    parts.push(part);
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
};

const inflaters: { readonly [encoding in Exclude<ContentEncoding, "identity">]: Inflate } = {
  gzip: gunzip,
  zstd: unzstd,
};

/** Bytes that a body of this size on the wire becomes at most. */
export const inflatedBytesMax = (wireBytes: number, limits: InflateLimits): number => {
  const byRatio = Math.max(ratioFloorBytes, wireBytes * limits.inflateRatioMax);
  return Math.min(limits.bodyBytesMax, byRatio);
};

const boundOf = (wireBytes: number, limits: InflateLimits): Bound => {
  const bytesMax = inflatedBytesMax(wireBytes, limits);
  const { bodyBytesMax, inflateRatioMax } = limits;
  return {
    bytesMax,
    over: () =>
      tooLarge(
        bytesMax === bodyBytesMax
          ? `BODY_BYTES_MAX=${bodyBytesMax}`
          : `INFLATE_RATIO_MAX=${inflateRatioMax} times its ${wireBytes} bytes on the wire`,
      ),
  };
};

/** Refuses with `body-too-large` at either limit, and with `malformed-encoding`. */
export const inflate = (
  wire: Uint8Array,
  encoding: Exclude<ContentEncoding, "identity">,
  limits: InflateLimits,
): Uint8Array | Refusal => inflaters[encoding](wire, boundOf(wire.byteLength, limits));
