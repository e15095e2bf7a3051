// All tenants: those of the settings, and those of TENANTS_KV, read at most once a minute and kept
// when a new document is bad or KV does not answer. Requests after a pause wait for it: what changed
// meanwhile counts for the first of them. Without any key the edge serves loopback only:
// on Cloudflare every request carries cf-connecting-ip, which a client cannot remove.
import type { EdgeConfig } from "../config.ts";
import { type Refusal, refuse } from "../errors.ts";
import { fixedLimits } from "../limits.ts";
import { signals } from "../receive/endpoints.ts";
import { storeAnswer } from "../store-answer.ts";
import { KeyIndex, digestOf, presentedKey } from "./key-index.ts";
import { type Tenant, operatorName, tenantsOf, unlimited } from "./tenant-document.ts";
import { TenantMeter } from "./token-bucket.ts";

/** As much of a KV namespace as is used. */
export type TenantStore = { get(key: string): Promise<string | null> };

/** A tenant with its use of this isolate. */
export type Caller = { readonly tenant: Tenant; readonly meter: TenantMeter };

/** What the directory is made of; `nowMs` is the clock. */
export type DirectoryParts = {
  readonly config: EdgeConfig;
  readonly store: TenantStore | undefined;
  readonly nowMs: () => number;
};

/** The key of the document in TENANTS_KV. */
const tenantsKey = "tenants";

const refreshMs = 60_000;
/** Without a request for this long, what was read is too old to be gone by. */
const pauseMs = 2 * refreshMs;
/** While nothing has ever been read, requests wait for it, so it is tried sooner. */
const firstRetryMs = 5000;
const loopback = /^(?:127\.|::1$|::ffff:127\.)/;

const denied = refuse("unauthenticated", "a valid API key is needed in Authorization or x-api-key");
const notOpen = refuse("unauthenticated", "no API key is configured: only loopback is served");

const everything = (name: string, keys: readonly Uint8Array[]): Tenant => ({
  name,
  keys,
  signals: new Set(signals),
  isOperator: true,
  rates: unlimited,
  rules: [],
});

/** API_KEYS and API_KEY_HASHES have every right. */
const settingsTenants = ({ apiKeys, apiKeyHashes, tenants }: EdgeConfig): readonly Tenant[] => [
  ...apiKeys.map((key) => everything(operatorName, [digestOf(key)])),
  ...apiKeyHashes.map(({ tenant, sha256 }) => everything(tenant, [sha256])),
  ...tenants,
];

const isLocal = (headers: Headers): boolean => {
  const client = headers.get("cf-connecting-ip");
  return client === null || loopback.test(client);
};

/** One per isolate. */
export class TenantDirectory {
  readonly #store: TenantStore | undefined;
  readonly #nowMs: () => number;
  readonly #fixed: readonly Tenant[];
  readonly #open: Tenant | undefined;
  readonly #meters = new Map<string, TenantMeter>();
  #stored: readonly Tenant[] = [];
  /** The document that they stand in. */
  #storedJson = "";
  #index: KeyIndex;
  #askedMs = -Infinity;
  #loadedMs: number | undefined;
  #error = "";
  #asking: Promise<void> | undefined;
  /** The read under way is the first one, or the first after a pause. */
  #isAwaited = false;

  constructor({ config, store, nowMs }: DirectoryParts) {
    this.#store = store;
    this.#nowMs = nowMs;
    this.#fixed = settingsTenants(config);
    this.#index = new KeyIndex(this.#fixed);
    const isOpen = this.#fixed.length === 0 && store === undefined;
    this.#open = isOpen ? everything(operatorName, []) : undefined;
  }

  /**
   * Who asks. A promise only while the store is read for the first time or after a pause, and the key
   * is none of the settings, or while nothing has been read.
   */
  caller(headers: Headers): Caller | Refusal | Promise<Caller | Refusal> {
    if (this.#open !== undefined) return isLocal(headers) ? this.#caller(this.#open) : notOpen;
    const key = presentedKey(headers);
    if (key === null) return denied;
    const tenant = this.#index.find(key);
    if (this.#isAwaited && !this.#isOfSettings(tenant)) return this.#afterLoad(key);
    if (tenant !== undefined) return this.#caller(tenant);
    return this.#isLoaded ? denied : this.#afterLoad(key);
  }

  /** Work for the background, at most once a minute: reads the store again. */
  refresh(): Promise<void> | undefined {
    if (this.#store === undefined) return undefined;
    const waitMs = this.#loadedMs === undefined ? firstRetryMs : refreshMs;
    const nowMs = this.#nowMs();
    const elapsedMs = nowMs - this.#askedMs;
    // Negative when the clock was set back.
    if (elapsedMs >= 0 && elapsedMs < waitMs) return undefined;
    this.#askedMs = nowMs;
    this.#isAwaited = elapsedMs >= pauseMs;
    this.#asking = this.#load(this.#store).finally(() => {
      this.#isAwaited = false;
    });
    return this.#asking;
  }

  /** For /status: no name of a key, nothing of a document that was refused. */
  snapshot(): { readonly [name: string]: string | number | null } {
    return {
      tenants: this.#fixed.length + this.#stored.length,
      storedTenants: this.#stored.length,
      storeReadMs: this.#loadedMs ?? null,
      storeError: this.#error,
    };
  }

  #isOfSettings(tenant: Tenant | undefined): boolean {
    return tenant !== undefined && this.#fixed.includes(tenant);
  }

  get #isLoaded(): boolean {
    return this.#store === undefined || this.#loadedMs !== undefined;
  }

  async #afterLoad(key: string): Promise<Caller | Refusal> {
    await this.#asking;
    const tenant = this.#index.find(key);
    if (tenant !== undefined) return this.#caller(tenant);
    // A wrong key is refused for good; a key that nobody could look up must be sent again.
    return this.#error === ""
      ? denied
      : refuse("unavailable", "the tenants cannot be read just now");
  }

  #caller(tenant: Tenant): Caller {
    const nowMs = this.#nowMs();
    const meter = this.#meters.get(tenant.name) ?? new TenantMeter(tenant.rates, nowMs);
    meter.measureBy(tenant.rates, nowMs);
    this.#meters.set(tenant.name, meter);
    return { tenant, meter };
  }

  async #load(store: TenantStore): Promise<void> {
    let json: string | null;
    try {
      json = await storeAnswer(store.get(tenantsKey));
    } catch {
      this.#error = "the store does not answer";
      return;
    }
    if (this.#loadedMs !== undefined && json === this.#storedJson) {
      this.#loadedMs = this.#nowMs();
      this.#error = "";
      return;
    }
    const stored = tenantsOf(json ?? "");
    if (typeof stored === "string") {
      this.#error = stored;
      return;
    }
    this.#error = this.#clash(stored);
    if (this.#error !== "") return;
    this.#loadedMs = this.#nowMs();
    this.#stored = stored;
    this.#storedJson = json ?? "";
    this.#index = new KeyIndex([...this.#fixed, ...stored]);
    const names = new Set([...this.#fixed, ...stored].map(({ name }) => name));
    for (const name of this.#meters.keys()) if (!names.has(name)) this.#meters.delete(name);
  }

  #clash(stored: readonly Tenant[]): string {
    const names = new Set(this.#fixed.map(({ name }) => name));
    const twice = stored.find(({ name }) => names.has(name));
    if (twice !== undefined) return `tenants: ${twice.name} is in the settings too`;
    const count = this.#fixed.length + stored.length;
    const { tenantsMax } = fixedLimits;
    return count > tenantsMax ? `tenants: ${count}, limit tenantsMax=${tenantsMax}` : "";
  }
}
