// The embedded log's file: pragmas and tables.
//
//   partitions   one row each: next offset (`end`), earliest kept offset, retention
//   records_ID   the records of partition ID; rowid = offset, so an append is always at the right
//                edge of its tree and a deletion at the left one
//   positions    what groups have committed
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { LogError } from "../event-log.ts";
import { makeFolders } from "../make-folders.ts";

const schemaVersion = 1;

/** Large pages: a 100 KB frame spans 4 of them, where it would span 25 of SQLite's default. */
export const pageBytes = 32_768;

/** How long a transaction waits for another connection's. */
const busyTimeoutMs = 10_000;
/** In the log's directory; its write-ahead log lies beside it. */
export const logFile = "log.db";
export const walBytesKept = 64 << 20;
const cacheBytes = 16 << 20;

const tables = `
  CREATE TABLE IF NOT EXISTS partitions (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
    retention_ms INTEGER NOT NULL, earliest INTEGER NOT NULL, "end" INTEGER NOT NULL,
    UNIQUE (topic, partition)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS positions (
    "group" TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL, metadata TEXT NOT NULL,
    PRIMARY KEY ("group", topic, partition)
  ) STRICT, WITHOUT ROWID;`;

/** Records of one partition. `appended_ms` is our clock: producers' times may be of any year. */
export const recordTable = (id: number): string => `
  CREATE TABLE IF NOT EXISTS records_${id} (
    "offset" INTEGER PRIMARY KEY, appended_ms INTEGER NOT NULL, timestamp_ms INTEGER NOT NULL,
    key BLOB, headers TEXT NOT NULL, value BLOB NOT NULL
  ) STRICT;`;

/**
 * Opens the file in `directory`, making both when they are missing. Each thread opens its own.
 * `bytesMax` bounds the file: beyond it SQLite reports that it is full.
 */
export const openDatabase = (directory: string, bytesMax: number): DatabaseSync => {
  makeFolders(directory);
  const database = new DatabaseSync(join(directory, logFile), { timeout: busyTimeoutMs });
  // The first two only count while the file is empty.
  database.exec(`
    PRAGMA page_size = ${pageBytes};
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = ${walBytesKept};
    PRAGMA cache_size = -${cacheBytes >> 10};
    PRAGMA max_page_count = ${Math.max(16, Math.floor(bytesMax / pageBytes))};`);
  const found = pragma(database, "user_version");
  if (found > schemaVersion) {
    database.close();
    const text = `${directory} has schema ${found}, this program knows ${schemaVersion}`;
    throw new LogError("refused", `${text}: use a newer one or another directory`);
  }
  if (found < schemaVersion) {
    database.exec(`BEGIN IMMEDIATE; ${tables} PRAGMA user_version = ${schemaVersion}; COMMIT`);
  }
  return database;
};

/** Opens the file to read, beside whoever writes it. @throws LogError when there is none. */
export const openReader = (directory: string): DatabaseSync => {
  const file = join(directory, logFile);
  if (!existsSync(file)) throw new LogError("unreachable", `${directory} holds no embedded log`);
  return new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs });
};

/** A pragma's integer value. */
export const pragma = (database: DatabaseSync, name: string): number =>
  Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
