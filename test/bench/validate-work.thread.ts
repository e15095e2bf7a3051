// One way to validate, measured in an isolate of its own.
import { parentPort, workerData } from "node:worker_threads";

import { type WorkPlan, measure } from "./validate-works.ts";

parentPort?.postMessage(await measure(workerData as WorkPlan));
