// Node's modules that few requests need, loaded at the first that does. Together they are a seventh
// of the objects that live in the Worker, and each full collection of V8 walks over all that live.
import type * as Crypto from "node:crypto";
import type * as Zlib from "node:zlib";

/** By `globalThis`: for the bare name wrangler's bundler puts in a process of its own. */
const load = <Name extends "node:crypto" | "node:zlib">(name: Name) =>
  globalThis.process.getBuiltinModule(name);

let crypto: typeof Crypto | undefined;
let zlib: typeof Zlib | undefined;

/** What hashes and compares API keys, and names the originals that are cut. */
export const nodeCrypto = (): typeof Crypto => (crypto ??= load("node:crypto"));

/** What inflates bodies. */
export const nodeZlib = (): typeof Zlib => (zlib ??= load("node:zlib"));
