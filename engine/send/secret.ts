// A secret: for a request header, or the key pair that pays tips. Read from a variable or from a file
// that only its owner can read, and shown to nobody: printed, inspected or serialised it is three
// stars. Senders sign nothing: they are given signed bytes.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { inspect } from "node:util";

const secretBytesMax = 4096;
const hidden = "***";
/** Every bit but reading and writing by the owner. */
const unsafeModeBits = 0o177;

type Variables = { readonly [name: string]: string | undefined };

/** A secret that cannot be used. `message` names the variable, never the value. */
export class SecretError extends Error {
  override name = "SecretError";
}

/** Holds the text; `reveal` is for the request alone. */
export class Secret {
  readonly #text: string;

  /** @throws SecretError unless 1 to 4,096 printable ASCII characters without blanks. */
  constructor(text: string, name: string) {
    if (text.length > secretBytesMax || !/^[!-~]+$/.test(text))
      throw new SecretError(`${name}: expected 1 to ${secretBytesMax} printable characters`);
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  /** `text` with the secret hidden, wherever a server repeats it. */
  redact(text: string): string {
    return text.replaceAll(this.#text, hidden);
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [inspect.custom](): string {
    return hidden;
  }
}

const readSafeFile = (path: string, name: string): string => {
  // Not followed: a link could lead to a file of safe mode that is someone else's.
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { mode, size, uid } = fstatSync(file);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG)
      throw new SecretError(`${name}_FILE: no regular file`);
    if ((mode & unsafeModeBits) !== 0)
      throw new SecretError(
        `${name}_FILE: mode=${(mode & 0o777).toString(8)}, expected 600 or 400; run chmod 600`,
      );
    if (process.getuid !== undefined && uid !== process.getuid())
      throw new SecretError(`${name}_FILE: belongs to uid=${uid}, expected ${process.getuid()}`);
    if (size > secretBytesMax)
      throw new SecretError(`${name}_FILE: ${size} bytes, limit ${secretBytesMax}`);
    return readFileSync(file, "utf8").trim();
  } finally {
    closeSync(file);
  }
};

/**
 * The secret in variable `name`, or in the file that `name`_FILE names; null when neither is set.
 * @throws SecretError for both, an unreadable file or one that others may read.
 */
export const readSecret = (variables: Variables, name: string): Secret | null => {
  const text = variables[name] ?? "";
  const path = variables[`${name}_FILE`] ?? "";
  if (text !== "" && path !== "")
    throw new SecretError(`${name} and ${name}_FILE: only one can be set`);
  if (text !== "") return new Secret(text, name);
  if (path === "") return null;
  try {
    return new Secret(readSafeFile(path, name), `${name}_FILE`);
  } catch (error) {
    if (error instanceof SecretError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new SecretError(`${name}_FILE: ${code}`);
  }
};
