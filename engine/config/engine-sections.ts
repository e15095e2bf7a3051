// The sections beside `sniffer`: threads, memory, what is watched, where things go. Only settings
// that some part reads stand here. Secrets never do: a key is in the environment or in a file that
// `key_file` names and only its owner can read (engine/send/secret.ts).
import * as z from "zod";

import { type EventType, eventTypes } from "../events/event-layout.ts";
import { eventRuleDefaults } from "../export/event-rule.ts";
import { kafkaAddress } from "../../schemas/kafka/broker-address.ts";
import { beatMs } from "../supervise/worker-cells.ts";
import { backoff } from "./backoff-fields.ts";
import {
  address,
  addressPattern,
  decimal,
  flag,
  httpPort,
  integer,
  isFetchable,
  powerOfTwo,
  text,
  texts,
} from "./fields.ts";
import { lookupTables } from "./lookup-tables-section.ts";
import { threads } from "./threads-section.ts";
import { watch } from "./watch-section.ts";

const live = "live";
const restart = "restart";
const dayMs = 86_400_000;
const mebibyte = 1 << 20;

const rings = z.strictObject({
  input_bytes: powerOfTwo({
    default: 16 * mebibyte,
    // The largest record of topics.json (1 MiB) must fit into an eighth of the ring.
    min: 8 * mebibyte,
    max: 1024 * mebibyte,
    reload: restart,
    what: "bytes of each ring from ingest",
  }),
  output_bytes: powerOfTwo({
    default: 4 * mebibyte,
    min: mebibyte,
    max: 1024 * mebibyte,
    reload: restart,
    what: "bytes of each ring to egress",
  }),
});

const supervisor = z.strictObject({
  restarts_max: integer({
    default: 5,
    min: 0,
    max: 1000,
    reload: restart,
    what: "restarts within the window before the supervisor gives up",
  }),
  restarts_window_ms: integer({
    default: 10_000,
    min: 100,
    max: dayMs,
    reload: restart,
    what: "that window, of time in which the thread was up",
  }),
  backoff_ms: integer({
    default: 50,
    min: 1,
    max: 3_600_000,
    reload: restart,
    what: "wait before the first restart; doubles with each",
  }),
  backoff_ms_max: integer({
    default: 2000,
    min: 1,
    max: 3_600_000,
    reload: restart,
    what: "longest wait before a restart",
  }),
  hang_ms: integer({
    default: 5000,
    // A machine with more threads than cores lets a healthy one miss some.
    min: 10 * beatMs,
    max: 600_000,
    reload: restart,
    what: "a thread silent for longer hangs, is killed and replaced",
  }),
});

const exportEvery = (type: EventType) =>
  integer({
    default: eventRuleDefaults[type],
    min: 0,
    max: 1_000_000_000,
    reload: live,
    what: `of how many recorded events ${type} one leaves the process; 0: none`,
  });

const events = z.strictObject({
  capacity: integer({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    reload: restart,
    what: "events kept for each market thread; the oldest is overwritten",
  }),
  sample_every: integer({
    default: 16,
    min: 0,
    max: 1_000_000,
    reload: live,
    what: "one transaction in so many has its events recorded; 0 records none",
  }),
  export: z.strictObject(
    Object.fromEntries(eventTypes.map((type) => [type, exportEvery(type)])) as {
      readonly [type in EventType]: ReturnType<typeof exportEvery>;
    },
  ),
});

const book = z.strictObject({
  symbols: integer({
    default: 64,
    min: 1,
    max: 4096,
    reload: restart,
    what: "order books of each market thread",
  }),
});

const windows = z.strictObject({
  size_ms: integer({ default: 10_000, min: 1, max: dayMs, reload: restart, what: "window size" }),
  lateness_ms: integer({
    default: 5000,
    min: 0,
    max: 3_600_000,
    reload: restart,
    what: "how far event times may lag behind the newest and still be counted",
  }),
  idle_ms: integer({
    default: 15_000,
    min: 1,
    max: dayMs,
    reload: restart,
    what: "windows of a partition without records for so long are closed",
  }),
  keys_max: integer({
    default: 1024,
    min: 1,
    max: 1 << 20,
    reload: restart,
    what: "keys of a window; more are counted together",
  }),
});

const bundle = z.strictObject({
  timeout_us: integer({
    default: 100,
    min: 0,
    max: 1_000_000,
    reload: live,
    what: "longest wait of a bundle's first transaction",
  }),
});

const dryRun = flag({
  default: true,
  reload: restart,
  what: "check what would be sent and send nothing",
});

const keyFile = text({
  default: "",
  reload: restart,
  what: "file with the key, mode 600 or 400; the variable of this name without _FILE holds the key itself",
});

const solana = z.strictObject({
  url: address({
    default: "",
    optional: true,
    mayHaveLogin: false,
    reload: restart,
    what: "the node; empty: none",
  }),
  dry_run: dryRun,
  key_file: keyFile,
  resend_ms: integer({
    default: 2000,
    min: 100,
    max: 60_000,
    reload: restart,
    what: "time between two sends of the same bytes",
  }),
  rounds_max: integer({
    default: 100,
    min: 1,
    max: 10_000,
    reload: restart,
    what: "looks at height and status before giving up",
  }),
  ...backoff,
});

const regionName = "^[a-z]{2,32}$";

const jito = z.strictObject({
  regions: texts({
    default: [],
    max: 16,
    expected: "names such as frankfurt, or http and https addresses without user and password",
    isGood: (region) => new RegExp(regionName).test(region) || isFetchable(region),
    item: { pattern: `${regionName}|${addressPattern}` },
    reload: restart,
    what: "block engines in order of preference; none: no bundles are sent",
  }),
  dry_run: dryRun,
  key_file: keyFile,
  tip_key_file: text({
    default: "",
    reload: restart,
    what: "file with the key pair that pays tips, as WEIR_SENDERS_JITO_TIP_KEY holds it; for live sending",
  }),
  tip_lamports: integer({
    default: 10_000,
    min: 1000,
    max: 1_000_000_000,
    reload: restart,
    what: "tip of each bundle of up to 4 transactions, and up to 999 more",
  }),
  requests_per_second: decimal({
    default: 1,
    min: 0.01,
    max: 1000,
    reload: restart,
    what: "requests to each region",
  }),
  attempts_max: integer({
    default: 8,
    min: 1,
    max: 1000,
    reload: restart,
    what: "requests of one send, over all regions",
  }),
  ...backoff,
});

const telemetry = z.strictObject({
  event_topic: flag({
    default: true,
    reload: restart,
    what: "write the events that leave (events.export) to the topic weir-events",
  }),
  event_endpoint: address({
    default: "",
    optional: true,
    mayHaveLogin: true,
    reload: restart,
    what: "OTLP/HTTP address for them as logs, http://127.0.0.1:4318/v1/logs; empty: none are sent",
  }),
  trace_endpoint: address({
    default: "",
    optional: true,
    mayHaveLogin: true,
    reload: restart,
    what: "OTLP/HTTP address for traces, http://127.0.0.1:4318/v1/traces; empty: nothing is traced",
  }),
  trace_rate: decimal({
    default: 0.001,
    min: 0,
    max: 1,
    reload: restart,
    what: "share of market requests that the edge of weir up traces; marked ones are always",
  }),
});

const edge = z.strictObject({
  short_pauses: flag({
    default: false,
    reload: restart,
    what: "V8 of the edge of weir up collects more often and for shorter: less memory and a little lower tail latency for some more CPU",
  }),
});

const log = z.strictObject({
  kafka: text({
    default: "",
    form: new RegExp(`^$|${kafkaAddress.form.source}`),
    expected: kafkaAddress.expected,
    reload: restart,
    what: "Apache Kafka; empty: the embedded log",
  }),
  data_dir: text({
    default: ".weir/data",
    form: /./,
    expected: "expected a path",
    reload: restart,
    what: "where the embedded log keeps its data",
  }),
  port: integer({
    default: 8082,
    min: 0,
    max: 65_535,
    reload: restart,
    what: "the embedded log's REST port; 0 takes a free one",
  }),
});

const control = z.strictObject({
  port: httpPort({
    default: 9464,
    reload: restart,
    what: "metrics and status; 0 takes a free one",
  }),
});

const reload = z.strictObject({
  poll_ms: integer({
    default: 1000,
    min: 50,
    max: 2000,
    reload: live,
    what: "how often the file is looked at; a change is taken up once two looks agree",
  }),
});

const stageExpected = "expected a module: a path from the file's folder, or an installed package";

// Typed as anything: the recursive type of JSON is too much for what is built on this.
const plain: z.ZodType = z.json("expected plain values");

const stageFields = {
  name: z
    .string("expected a name")
    .regex(/^[a-z][a-z0-9-]{0,63}$/, "expected a name of a-z, 0-9 and -, up to 64"),
  module: z.string(stageExpected).min(1, stageExpected).max(4096, stageExpected),
  // The stage's own: it checks them (engine/threads/stage-module.ts).
  options: z.record(z.string(), plain, "expected a section").default({}),
};

const stageKeys = Object.keys(stageFields).join(", ");

/** One custom stage. */
const stage = z.strictObject(stageFields, {
  error: (issue) =>
    issue.code === "unrecognized_keys"
      ? `unknown key ${issue.keys.join(", ")}; known: ${stageKeys}`
      : `expected an object of ${stageKeys}`,
});

// As many as a chain of them takes (engine/threads).
const stagesMax = 8;
const stagesExpected = `expected a list of up to ${stagesMax} of {name, module, options}`;

const stages = z
  .array(stage, stagesExpected)
  .max(stagesMax, stagesExpected)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, {
    error: "expected names that differ",
  })
  .default([])
  .meta({ description: "custom stages, loaded in this order", reload: restart });

/** By name; `stages` is a field by itself. */
export const engineSections = {
  stages,
  threads,
  rings,
  supervisor,
  events,
  watch,
  lookup_tables: lookupTables,
  book,
  windows,
  bundle,
  senders: z.strictObject({ solana, jito }),
  telemetry,
  edge,
  log,
  control,
  reload,
};
