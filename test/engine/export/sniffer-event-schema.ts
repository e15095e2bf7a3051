// The schema of events that leave, as a foreign validator understands it.
import { readFileSync } from "node:fs";

import { Ajv2020 } from "ajv/dist/2020.js";

const file = new URL("../../../schemas/sniffer-event.schema.json", import.meta.url);

/** Whether a value is such an event. */
export const isEvent = new Ajv2020({ strict: true }).compile(
  JSON.parse(readFileSync(file, "utf8")) as object,
);
