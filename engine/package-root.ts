// Where this package lies, and where its modules lie in the form that runs: TypeScript below the
// root in a checkout, JavaScript below dist/ in an installed package, where Node strips no types.
// Only for files that no import names: data, threads, child processes.

const isBuilt = import.meta.url.endsWith(".js");

/** The folder of package.json, with a slash at the end. */
export const packageRoot: URL = new URL(isBuilt ? "../../" : "../", import.meta.url);

/** A module by its path from the root, without its ending: `engine/threads/log.thread`. */
export const moduleUrl = (path: string): URL =>
  new URL(isBuilt ? `dist/${path}.js` : `${path}.ts`, packageRoot);
