// What kafkajs takes from crypto (wrangler.toml, [alias]): all for SCRAM, which few logs want.
import type * as Crypto from "node:crypto";

import { nodeCrypto } from "../node-modules.ts";

export const createHash: typeof Crypto.createHash = (...words) => nodeCrypto().createHash(...words);

export const createHmac: typeof Crypto.createHmac = (...words) => nodeCrypto().createHmac(...words);

export const pbkdf2: typeof Crypto.pbkdf2 = (...words) => nodeCrypto().pbkdf2(...words);

/** So many bytes, at once. */
export const randomBytes = (size: number): Buffer => nodeCrypto().randomBytes(size);
