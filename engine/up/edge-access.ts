// Who may call the edge of `weir up`, and the key that its own feed and view show. Where keys are
// configured of which we do not know one, as tenants keep none but their hashes, it gets its own.
import { createHash, randomBytes } from "node:crypto";

import { apiKeysMax } from "../../schemas/api-keys.ts";
import { valuesOf } from "../../schemas/setting-list.ts";
import { InputError } from "../cli/input.ts";

type Vars = { readonly [name: string]: string };

/** `apiKey` null: the edge serves loopback to everybody. `vars` are for the edge. */
export type EdgeAccess = { readonly apiKey: string | null; readonly vars: Vars };

const keyBytes = 32;
/** Beside the operator's other keys: a tenant's document may have `default`, which is theirs. */
const ownName = "weir-up";

/**
 * Of the keys given on the command line and the variables of wrangler.toml. A key of our own is
 * random, never kept, and the edge is told its hash alone. @throws InputError for too many.
 */
export const edgeAccess = (apiKeys: readonly string[], configured: Vars): EdgeAccess => {
  const [first] = apiKeys;
  const { API_KEYS: keys = "", API_KEY_HASHES: hashes = "", TENANTS: tenants = "" } = configured;
  if (first !== undefined) {
    checkCount(apiKeys.length, hashes);
    return { apiKey: first, vars: { API_KEYS: apiKeys.join(",") } };
  }
  if (!hasEntries(keys) && !hasEntries(hashes) && !hasTenants(tenants))
    return { apiKey: null, vars: {} };
  checkCount(valuesOf(keys).length + 1, hashes);
  const apiKey = randomBytes(keyBytes).toString("base64url");
  const hash = createHash("sha256").update(apiKey).digest("hex");
  return { apiKey, vars: { API_KEY_HASHES: `${hashes} ${ownName}:${hash}` } };
};

const hasEntries = (list: string): boolean => valuesOf(list).length > 0;

/** The edge would refuse them at its first request. */
const checkCount = (keys: number, hashes: string): void => {
  const count = keys + valuesOf(hashes).length;
  if (count > apiKeysMax)
    throw new InputError(
      `the keys of --api-key and wrangler.toml (API_KEYS, API_KEY_HASHES), with the one that ` +
        `weir up makes for itself: ${count} together, at most ${apiKeysMax}`,
    );
};

/** What cannot be read may have some: the edge then says what is wrong with it. */
const hasTenants = (document: string): boolean => {
  try {
    const { tenants } = JSON.parse(document) as { readonly tenants?: unknown };
    return !Array.isArray(tenants) || tenants.length > 0;
  } catch {
    return document.trim() !== "";
  }
};
