// The programs of the peers beside the checkout, in Go: built on the spot, once. Without Go or their
// sources what needs them is left out, by name.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** One program of `../shared/peers`. */
export type Peer = {
  /** Of its folder there. */
  readonly name: string;
  /** What is left out without it. */
  readonly what: string;
  readonly files: readonly string[];
  readonly binary: string;
  readonly flags?: readonly string[];
  readonly env?: { readonly [name: string]: string };
};

/** Folder of the peer's sources. */
export const peerSource = (name: string): string => join(root, "../shared/peers", name);

/** Path of the program, or null with the reason printed. */
export const buildPeer = ({ name, what, files, binary, flags = [], env }: Peer): string | null => {
  const source = peerSource(name);
  const folder = join(root, ".weir", name);
  const path = join(folder, binary);
  if (existsSync(path)) return path;
  if (!existsSync(source)) {
    console.log(`${what} left out: ../shared/peers/${name} is not there`);
    return null;
  }
  try {
    mkdirSync(folder, { recursive: true });
    for (const file of files) cpSync(join(source, file), join(folder, file));
    console.log(`building ${name}, once`);
    const options = { cwd: folder, stdio: "pipe", env: { ...process.env, ...env } } as const;
    execFileSync("go", ["build", ...flags, "-o", binary, "."], options);
    return path;
  } catch (error) {
    console.log(`${what} left out: go build failed: ${String(error)}`);
    return null;
  }
};
