// The answer to a request that was refused as a whole: a google.rpc.Status in the encoding of the
// request, with the header that tells the client what would have been right.
import { type Refusal, failures } from "../errors.ts";
import type { MediaType } from "../receive/endpoints.ts";
import { encodeStatus } from "./protobuf-message.ts";

/** Characters of a message that are sent; messages may quote the request. */
const messageCharsMax = 1000;

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
  const message = refusal.message.slice(0, messageCharsMax);
  const isProtobuf = mediaType === "application/x-protobuf";
  return new Response(
    isProtobuf ? encodeStatus(grpcCode, message) : JSON.stringify({ code: grpcCode, message }),
    {
      status: httpStatus,
      headers: { "content-type": isProtobuf ? mediaType : "application/json", ...headers },
    },
  );
};
