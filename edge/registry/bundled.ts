// The registry that is in the bundle: schemas/registry, compiled (`npm run registry`).
import { compiledRegistry } from "./compiled-registry.ts";

/** A new array of the compiled tables. */
export const bundledTables = (): Uint8Array =>
  Uint8Array.from(atob(compiledRegistry), (character) => character.charCodeAt(0));
