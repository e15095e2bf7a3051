// The answer to a request that was refused as a whole: a google.rpc.Status in the encoding of the
// request, with the header that tells the client what would have been right.
import { type Refusal, failures } from "../errors.ts";
import { fixedLimits } from "../limits.ts";
import type { MediaType } from "../receive/endpoints.ts";
import { encodeStatus, statusJson } from "./protobuf-message.ts";

/** Field violations are for requests that can never succeed. */
const isViolation = ({ code }: Refusal): boolean => failures[code].httpStatus === 400;

/**
 * `mediaType` is the request's, undefined when it is unknown (then JSON). `headers` are further
 * ones: Allow, Accept, Retry-After.
 */
export const refusalResponse = (
  refusal: Refusal,
  mediaType: MediaType | undefined,
  headers: { readonly [name: string]: string },
): Response => {
  const { httpStatus, grpcCode } = failures[refusal.code];
  // Messages may quote the request, so they are bounded here.
  const message = refusal.message.slice(0, fixedLimits.messageCharsMax);
  const field = isViolation(refusal) ? refusal.field?.slice(0, 200) : undefined;
  const isProtobuf = mediaType === "application/x-protobuf";
  return new Response(
    isProtobuf
      ? encodeStatus(grpcCode, message, field)
      : JSON.stringify(statusJson(grpcCode, message, field)),
    {
      status: httpStatus,
      headers: { "content-type": isProtobuf ? mediaType : "application/json", ...headers },
    },
  );
};
