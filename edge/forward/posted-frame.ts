// A large frame goes to the object as the body of a request: an argument of a call is serialised,
// copied into a message and read again, which a profile of 361 KB frames shows as a sixth of the
// request. Small frames cost less as an argument.
import type { ForwardOutcome } from "./forward-outcome.ts";

/** Frames of this size or more are posted. */
export const postedBytesMin = 64 << 10;

/** Any: the object serves nothing else. */
const url = "http://forwarder/";
const acknowledgedStatus = 204;
const otherVersionStatus = 409;

const acknowledged: ForwardOutcome = { code: "acknowledged" };

type PostTarget = { fetch(url: string, init: RequestInit): Promise<Response> };

/** Does what a call of the object's `append` does, and fails as that does. */
export const postFrame = async (
  object: PostTarget,
  frame: Uint8Array<ArrayBuffer>,
): Promise<ForwardOutcome | undefined> => {
  const response = await object.fetch(url, { method: "POST", body: frame });
  if (response.status === acknowledgedStatus) return acknowledged;
  if (response.status === otherVersionStatus) return undefined;
  const outcome: Exclude<ForwardOutcome, { code: "acknowledged" }> = await response.json();
  return { ...outcome, states: Uint8Array.from(outcome.states) };
};

// One for all: it has no body that is used up.
const acknowledgement = new Response(null, { status: acknowledgedStatus });

/** The object's answer; only what went wrong needs words. */
export const postAnswer = (outcome: ForwardOutcome | undefined): Response => {
  if (outcome === undefined) return new Response(null, { status: otherVersionStatus });
  if (outcome.code === "acknowledged") return acknowledgement;
  const states = Array.from(outcome.states);
  return Response.json({ ...outcome, states });
};
