// The switch of the rings' expensive invariants: on under test, off in production, where a broken
// invariant would cost every record more than a comparison. What a wrong argument would corrupt
// without a sign is always checked.
import { priorityHigh, priorityLow } from "./ring-control-layout.ts";

/** True when NODE_ENV is "test", as the test runner and the threads that it starts have it. */
export const ringChecks: boolean = process.env["NODE_ENV"] === "test";

/** A broken invariant is a programmer's error: the thread dies and its supervisor restarts it. */
export const invariant = (holds: boolean, message: string): void => {
  if (!holds) throw new Error(`ring invariant broken: ${message}`);
};

/** A wrong argument, told by the function that found it: the check itself stays small. */
export const misuse = (message: string): never => {
  throw new RangeError(message);
};

/** Text of digits has a logarithm too, and would be joined to other sizes instead of added. */
export const isPowerOfTwo = (size: number): boolean =>
  Number.isInteger(size) && Number.isInteger(Math.log2(size));

/** Another priority would be counted in a cell that is the reader's, or none. */
export const checkPriority = (priority: number): void => {
  if (priority !== priorityLow && priority !== priorityHigh)
    misuse(`priority=${priority} is not ${priorityLow} or ${priorityHigh}`);
};
