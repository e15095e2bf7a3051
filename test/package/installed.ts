// Installs the tarball of `npm pack` into an empty folder, as a user would get it, but for its
// dependencies: those are links to our own, since nothing of them would be tested by a second copy.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

export type Installed = {
  /** The project that has weir installed. */
  readonly folder: string;
  /** Files of the tarball, from the package's root. */
  readonly files: readonly string[];
  readonly remove: () => void;
};

type Packed = { readonly filename: string; readonly files: readonly { readonly path: string }[] };

/** Builds and packs (about 6 s), then unpacks. @throws Error when either fails. */
export const installPackage = (): Installed => {
  const folder = mkdtempSync(join(tmpdir(), "weir-installed-"));
  const args = ["pack", "--json", "--foreground-scripts=false", "--pack-destination", folder];
  const text = execFileSync("npm", args, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 1 << 24,
  });
  const [packed] = JSON.parse(text) as readonly Packed[];
  if (packed === undefined) throw new Error("npm pack named no tarball");
  const modules = join(folder, "node_modules");
  const own = join(modules, "weir");
  mkdirSync(own, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, packed.filename), "-C", own, "--strip-components=1"]);
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name.startsWith(".") || name === "weir") continue;
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  return {
    folder,
    files: packed.files.map(({ path }) => path),
    remove: () => rmSync(folder, { recursive: true }),
  };
};
