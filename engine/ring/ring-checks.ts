// The switch of the rings' expensive invariants: on under test, off in production, where a broken
// invariant would cost every record a comparison. Cheap checks of configuration are always on.

/** True when NODE_ENV is "test", as the test runner and the threads that it starts have it. */
export const ringChecks: boolean = process.env["NODE_ENV"] === "test";

/** A broken invariant is a programmer's error: the thread dies and its supervisor restarts it. */
export const invariant = (holds: boolean, message: string): void => {
  if (!holds) throw new Error(`ring invariant broken: ${message}`);
};
