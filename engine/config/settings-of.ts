// What parts of the engine are given of the configuration, in their own words and units. The one
// place that knows both; a test holds the defaults of both against each other.
import type { RestartLimits } from "../supervise/restart-budget.ts";
import { restartDefaults } from "../supervise/restart-budget.ts";
import type { Config } from "./schema.ts";

/** How often threads are restarted, and when one hangs. */
export const supervisionOf = ({
  supervisor,
}: Config): { readonly restarts: RestartLimits; readonly hangMs: number } => ({
  restarts: {
    ...restartDefaults,
    restartsMax: supervisor.restarts_max,
    windowMs: supervisor.restarts_window_ms,
    backoffMs: supervisor.backoff_ms,
    backoffMsMax: supervisor.backoff_ms_max,
  },
  hangMs: supervisor.hang_ms,
});
