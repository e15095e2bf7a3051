// Fields of every section that repeats requests which failed.
import { integer } from "./fields.ts";

const restart = "restart";

/** Waits between the tries. */
export const backoff = {
  backoff_ms: integer({
    default: 200,
    min: 1,
    max: 60_000,
    reload: restart,
    what: "wait after the first failure; doubles with each",
  }),
  backoff_ms_max: integer({
    default: 5000,
    min: 1,
    max: 600_000,
    reload: restart,
    what: "longest wait after a failure",
  }),
};
