// Who is asking: API keys, compared as SHA-256 digests in constant time. Decides nothing about
// rights. Without keys the edge serves loopback only: on Cloudflare every request carries
// cf-connecting-ip, which a client cannot remove, and is then refused.
import { createHash, timingSafeEqual } from "node:crypto";

import type { ApiKey, EdgeConfig } from "../config.ts";
import { type Refusal, refuse } from "../errors.ts";

/** The tenant a request acts for, or a refusal that does not tell which part failed. */
export type Authenticate = (headers: Headers) => string | Refusal;

const keyBytesMax = 512;
const loopback = /^(?:127\.|::1$|::ffff:127\.)/;

const digest = (key: string): Uint8Array => createHash("sha256").update(key).digest();

const presentedKey = (headers: Headers): string | null => {
  const authorization = headers.get("authorization");
  if (authorization === null) return headers.get("x-api-key");
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null;
};

const denied = refuse("unauthenticated", "a valid API key is needed in Authorization or x-api-key");

const openToLoopback: Authenticate = (headers) => {
  const client = headers.get("cf-connecting-ip");
  if (client === null || loopback.test(client)) return "default";
  return refuse("unauthenticated", "no API key is configured: only loopback is served");
};

/** Builds the check once; every comparison looks at every key, whatever the first ones say. */
export const authenticator = (config: EdgeConfig): Authenticate => {
  const plain = config.apiKeys.map((key): ApiKey => ({ tenant: "default", sha256: digest(key) }));
  const keys = [...plain, ...config.apiKeyHashes];
  if (keys.length === 0) return openToLoopback;
  return (headers) => {
    const presented = presentedKey(headers);
    if (presented === null || presented.length > keyBytesMax) return denied;
    const sha256 = digest(presented);
    let tenant: string | Refusal = denied;
    for (const key of keys) if (timingSafeEqual(sha256, key.sha256)) tenant = key.tenant;
    return tenant;
  };
};
