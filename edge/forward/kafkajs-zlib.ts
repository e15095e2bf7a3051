// What kafkajs takes from zlib (wrangler.toml, [alias]): it asks for it when it is loaded, and needs
// it only for a record batch that is compressed, which the edge does not make.
import type * as Zlib from "node:zlib";

import { nodeZlib } from "../node-modules.ts";

type Done = (error: Error | null, result: NonSharedBuffer) => void;

/** For promisify: bytes, then a callback. */
export const gzip = (bytes: Zlib.InputType, done: Done): void => nodeZlib().gzip(bytes, done);

/** As `gzip`. */
export const unzip = (bytes: Zlib.InputType, done: Done): void => nodeZlib().unzip(bytes, done);
