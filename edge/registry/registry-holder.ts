// The registry that the edge validates with: the bundle's own, or what the KV namespace REGISTRIES
// names, looked at twice a minute. Tables that cannot be used are refused and the old ones stay; when
// it names none any more the bundle's own serves again, as in an isolate that starts then. A canary
// is a second registry whose findings are counted only.
import * as z from "zod/mini";
// Not z.core: that namespace brings every language into the bundle, 600 KB.
import { $ZodError } from "zod/v4/core";

import { loadTables } from "../../schemas/weaver/load.ts";
import type { Tables } from "../../schemas/weaver/tables.ts";
import { issueText } from "../issue-text.ts";
import { storeAnswer } from "../store-answer.ts";

/** As much of a KV namespace as is used. */
export type RegistryStore = {
  get(key: string, type: "text"): Promise<string | null>;
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
};

/** What the holder is made of; `nowMs` is the clock. */
export type HolderParts = {
  /** Compiled registry of the bundle. */
  readonly bundled: Uint8Array;
  readonly store: RegistryStore | undefined;
  readonly nowMs: () => number;
};

/** Key of the JSON document {"current": VERSION, "canary": VERSION} in REGISTRIES. */
const pointerKey = "registry";
/** Key of one version's compiled tables (`weir registry compile`). */
const tablesKey = (version: string): string => `registry:${version}`;

const refreshMs = 30_000;
/** Without a request for this long, what was read is too old to be gone by. */
const pauseMs = 2 * refreshMs;
const versionCharactersMax = 128;

const named = `expected 1 to ${versionCharactersMax} characters`;
const version = z
  .string(named)
  .check(z.minLength(1, named), z.maxLength(versionCharactersMax, named));
const pointer = z.object(
  { current: version, canary: z.optional(version) },
  'expected {"current":VERSION,"canary":VERSION}, without "canary" for none',
);
type Pointer = z.infer<typeof pointer>;

/** One version, with its tables. */
export type Registry = { readonly version: string; readonly tables: Tables };

const bundledRegistry = (bytes: Uint8Array): Registry => {
  const loaded = loadTables(bytes);
  if (!loaded.ok) throw new Error(`registry of the bundle: ${loaded.problem}`);
  return { version: loaded.tables.version, tables: loaded.tables };
};

/** One per isolate. */
export class RegistryHolder {
  readonly #store: RegistryStore | undefined;
  readonly #nowMs: () => number;
  readonly #bundled: Registry;
  #current: Registry;
  #canary: Registry | undefined;
  #askedMs = -Infinity;
  #isRead = false;
  #swaps = 0;
  #error = "";

  /** @throws Error when the bundle's own tables are damaged: such a bundle must not serve. */
  constructor({ bundled, store, nowMs }: HolderParts) {
    this.#bundled = bundledRegistry(bundled);
    this.#current = this.#bundled;
    this.#store = store;
    this.#nowMs = nowMs;
  }

  /** Decides. */
  get current(): Registry {
    return this.#current;
  }

  /** Is counted beside the current one, decides nothing. */
  get canary(): Registry | undefined {
    return this.#canary;
  }

  /**
   * To be waited for by the isolate's first requests, and by the first ones after a pause: which
   * registry serves must not depend on who came first. Each reads for itself, as a request may not
   * wait for another one's promise.
   */
  first(): Promise<void> | undefined {
    if (this.#store === undefined) return undefined;
    const nowMs = this.#nowMs();
    if (nowMs - this.#askedMs >= pauseMs) this.#isRead = false;
    if (this.#isRead) return undefined;
    this.#askedMs = nowMs;
    return this.#load(this.#store);
  }

  /** Work for the background, at most twice a minute: looks for other versions. Never rejects. */
  refresh(): Promise<void> | undefined {
    if (this.#store === undefined) return undefined;
    const nowMs = this.#nowMs();
    const elapsedMs = nowMs - this.#askedMs;
    // Negative when the clock was set back.
    if (elapsedMs >= 0 && elapsedMs < refreshMs) return undefined;
    this.#askedMs = nowMs;
    return this.#load(this.#store);
  }

  /** For /status. */
  snapshot(): { readonly [name: string]: string | number | null } {
    const canary = this.#canary?.version ?? null;
    return { version: this.#current.version, canary, swaps: this.#swaps, error: this.#error };
  }

  async #load(store: RegistryStore): Promise<void> {
    try {
      const text = await storeAnswer(store.get(pointerKey, "text"));
      const own: Pointer = { current: this.#bundled.version };
      const wanted = text === null ? own : pointer.parse(documentOf(text));
      // Both are loaded before either is used: a bad document changes nothing.
      const current = await this.#version(store, wanted.current);
      const canary =
        wanted.canary === undefined ? undefined : await this.#version(store, wanted.canary);
      if (current.version !== this.#current.version) this.#swaps += 1;
      this.#current = current;
      this.#canary = canary;
      this.#error = "";
    } catch (error) {
      this.#error = error instanceof $ZodError ? pointerText(error) : String(error);
    } finally {
      this.#isRead = true;
    }
  }

  async #version(store: RegistryStore, wanted: string): Promise<Registry> {
    const all = [this.#current, this.#canary, this.#bundled];
    const held = all.find((one) => one?.version === wanted);
    if (held !== undefined) return held;
    const bytes = await storeAnswer(store.get(tablesKey(wanted), "arrayBuffer"));
    if (bytes === null) throw new Error(`${tablesKey(wanted)}: not in the store`);
    const loaded = loadTables(new Uint8Array(bytes));
    if (!loaded.ok) throw new Error(`${tablesKey(wanted)}: ${loaded.problem}`);
    return { version: wanted, tables: loaded.tables };
  }
}

const documentOf = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    // The parser's own message shows the text, and not where it stands.
    throw new $ZodError([{ code: "custom", path: [], message: "expected JSON", input: json }]);
  }
};

const pointerText = ({ issues }: $ZodError): string =>
  `${pointerKey}: ${issues.map(issueText).join("; ")}`;
