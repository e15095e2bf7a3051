// One request as any HTTP client sends it, and its answer in a few words.
import type { Target } from "./raw-socket.ts";

export const protobuf = "application/x-protobuf";
export const json = "application/json";
export const traces = "/v1/traces";

/** Of a request, beside the API key of the attacker. */
export type PostHeaders = { readonly [name: string]: string };
type Answer = {
  readonly partialSuccess?: { readonly rejectedSpans?: string };
  readonly rejected?: number;
};

/** POSTs and tells status and rejected items: "413", "200", "200 partial", "200, 3 rejected". */
export const post = async (
  { host, port }: Target,
  path: string,
  body: Uint8Array | string,
  headers: PostHeaders,
): Promise<string> => {
  const response = await fetch(`http://${host}:${port}${path}`, {
    method: "POST",
    body,
    headers: { "x-api-key": "attacker", ...headers },
  });
  const text = await response.text();
  if (response.status !== 200 || text === "" || text === "{}") return String(response.status);
  if (headers["content-type"] !== json) return "200 partial";
  const { partialSuccess, rejected } = JSON.parse(text) as Answer;
  return `200, ${partialSuccess?.rejectedSpans ?? rejected ?? 0} rejected`;
};
