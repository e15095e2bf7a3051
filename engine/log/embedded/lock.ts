// One process per directory. The lock is SQLite's own on a file beside the log, so the system
// releases it when the process dies, however it dies. Threads of the process that holds it come
// in freely: it is the process's, held by the thread that took it first and must release it last.
import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { LogError } from "../event-log.ts";
import { makeFolders } from "../make-folders.ts";
import { isBusy } from "./sqlite-error.ts";

/** Releases what this call took; nothing where another thread holds it. Idempotent. */
export type Release = () => void;

/** Until released: with a connection that is garbage its lock would go. */
const held = new Set<DatabaseSync>();

const attempts = 20;
const attemptMs = 25;

/**
 * @throws LogError `locked` naming the process that has the directory, `unreachable` naming one that
 * cannot be made or written.
 */
export const lockDirectory = (directory: string): Release => {
  makeWritable(directory);
  const ownerFile = join(directory, "owner");
  const self = ownId();
  const database = new DatabaseSync(join(directory, "lock.db"), { timeout: attemptMs });
  for (let i = 0; i < attempts; i += 1) {
    try {
      database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
      writeFileSync(ownerFile, `${self}\n`);
      held.add(database);
      return () => {
        held.delete(database);
        if (database.isOpen) database.close();
      };
    } catch (error) {
      if (!isBusy(error)) {
        database.close();
        throw error;
      }
    }
    // The holder writes its id right after it has the lock.
    if (ownerOf(ownerFile) === self) {
      database.close();
      return () => undefined;
    }
  }
  database.close();
  const owner = ownerOf(ownerFile);
  throw new LogError("locked", `${directory} is in use by process ${owner}: stop it first`);
};

/** The same in all threads of a process and in no other: two containers may each have a process 1. */
const ownId = (): string => {
  try {
    return `${process.pid} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    // Only Linux has such namespaces.
    return String(process.pid);
  }
};

const ownerOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "unknown";
  }
};

const makeWritable = (directory: string): void => {
  try {
    makeFolders(directory);
    accessSync(directory, constants.W_OK);
  } catch (error) {
    const why = parentFault(directory) ?? (error as Error).message;
    throw new LogError("unreachable", `${directory} cannot be written: ${why}`, { cause: error });
  }
};

/** What is wrong with the place where it would be made: mkdir says ENOENT of a read-only disk. */
const parentFault = (directory: string): string | null => {
  let parent = directory;
  while (!existsSync(parent)) parent = dirname(parent);
  try {
    accessSync(parent, constants.W_OK);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
};
