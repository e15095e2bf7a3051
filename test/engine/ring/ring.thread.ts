// Thread entry of the ring tests: does the role it is given and reports the counts.
import { parentPort, workerData } from "node:worker_threads";

import { roles } from "./ring-roles.ts";
import type { Task } from "./ring-roles.ts";

const task = workerData as Task;
parentPort?.postMessage(roles[task.role](task), []);
