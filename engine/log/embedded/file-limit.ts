// How large the log's file may become on the disk that it lies on. A log that may outgrow its disk
// never comes near its own limit, where room is made: once the disk is full nothing can be deleted,
// because that needs room too.
import { statfsSync, statSync } from "node:fs";
import { join } from "node:path";

import { logFile, walBytesKept } from "./schema.ts";

const largestBytes = 8 * 2 ** 30;
/** Below this a disk is as good as full, whatever the limit. */
const smallestBytes = 64 << 20;

/** Of `freeBytes` of the disk, the log's own files not counted. */
export const fileLimit = (freeBytes: number, ownBytes: number): number => {
  // Beside the file there are the write-ahead log and what is being moved from it.
  const room = freeBytes + ownBytes - 2 * walBytesKept;
  return Math.min(largestBytes, Math.max(smallestBytes, room));
};

/** For the log in `directory`, which is there. */
export const fileLimitOf = (directory: string): number => {
  const { bavail, bsize } = statfsSync(directory);
  const own = [logFile, `${logFile}-wal`].map(
    (name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return fileLimit(
    bavail * bsize,
    own.reduce((sum, bytes) => sum + bytes, 0),
  );
};
