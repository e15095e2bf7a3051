// API keys to tenants: SHA-256 digests, found by their first bytes and compared in constant time.
// What the place of a digest in the table tells is no secret: it does not lead back to a key.
import { fixedLimits } from "../limits.ts";
import { nodeCrypto } from "../node-modules.ts";
import type { Tenant } from "./tenant-document.ts";

type Entry = { readonly sha256: Uint8Array; readonly tenant: Tenant };

const placeOf = (sha256: Uint8Array): number => ((sha256[0] ?? 0) << 8) | (sha256[1] ?? 0);

/** SHA-256 of a key as it is presented. */
export const digestOf = (key: string): Uint8Array =>
  nodeCrypto().createHash("sha256").update(key).digest();

/** The key in Authorization: Bearer, or in x-api-key when there is no Authorization. */
export const presentedKey = (headers: Headers): string | null => {
  const authorization = headers.get("authorization");
  if (authorization === null) return headers.get("x-api-key");
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null;
};

/** Built once of all tenants; of a key that is there twice the first tenant counts. */
export class KeyIndex {
  readonly #places = new Map<number, Entry[]>();

  constructor(tenants: readonly Tenant[]) {
    for (const tenant of tenants) {
      for (const sha256 of tenant.keys) {
        const place = placeOf(sha256);
        const entries = this.#places.get(place) ?? [];
        entries.push({ sha256, tenant });
        this.#places.set(place, entries);
      }
    }
  }

  /** The key's tenant, or undefined. */
  find(key: string): Tenant | undefined {
    if (key.length > fixedLimits.apiKeyBytesMax) return undefined;
    const sha256 = digestOf(key);
    const { timingSafeEqual } = nodeCrypto();
    let found: Tenant | undefined;
    for (const entry of this.#places.get(placeOf(sha256)) ?? [])
      if (timingSafeEqual(sha256, entry.sha256)) found ??= entry.tenant;
    return found;
  }
}
