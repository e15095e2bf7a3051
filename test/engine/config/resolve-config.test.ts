import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { profileNames, profiles } from "../../../engine/config/profiles.ts";
import { fieldByPath, fields } from "../../../engine/config/schema.ts";
import { valueAt } from "../../../engine/config/change-config.ts";
import { beatMs } from "../../../engine/supervise/worker-cells.ts";
import { type Given, good, problems } from "./resolved-config.ts";
import { problemText } from "../../../engine/config/problem.ts";

describe("the defaults", () => {
  test("are those of the original for all of its fields but the address of its stream", () => {
    const { config } = good({});
    expect(config.sniffer).toMatchObject({
      channel_capacity: 1024,
      stream_buffer_size: 4096,
      max_retry_attempts: 5,
      initial_backoff_ms: 100,
      max_backoff_ms: 5000,
      telemetry_interval_secs: 5,
      ema_alpha_short: 0.2,
      ema_alpha_long: 0.05,
      initial_threshold: 1.5,
      batch_size: 10,
      batch_timeout_ms: 10,
      high_priority_max_retries: 2,
      ema_update_interval_ms: 200,
      threshold_update_rate: 0.1,
      safe_offsets: true,
      send_max_retries: 3,
      send_retry_delay_us: 100,
      drop_policy: "DropNewest",
      batch_send_mode: "Sync",
      graceful_shutdown_timeout_ms: 5000,
      config_file_path: "sniffer_config.toml",
      adaptive_policy_high_threshold_us: 1000,
      adaptive_policy_low_threshold_us: 100,
    });
    expect(config.senders.solana.dry_run).toBe(true);
    expect(config.senders.jito.dry_run).toBe(true);
  });

  test("are frozen to the ground and can be given to a thread", () => {
    const effective = good({ toml: '[[stages]]\nname = "a"\nmodule = "a.ts"' });
    expect(() => Object.assign(effective.config.senders.jito, { dry_run: false })).toThrow(
      TypeError,
    );
    expect(Object.isFrozen(effective.config.stages[0])).toBe(true);
    expect(structuredClone(effective)).toEqual(effective);
  });

  test("every field says what it means and whether a reload applies it", () => {
    for (const { path, what, schema } of fields) {
      expect([path, what]).toEqual([path, expect.stringMatching(/./)]);
      expect([path, schema.meta()?.["reload"]]).toEqual([
        path,
        expect.stringMatching(/live|restart/),
      ]);
    }
  });

  test("no two fields share a variable", () => {
    expect(new Set(fields.map(({ variable }) => variable)).size).toBe(fields.length);
  });
});

describe("the order of the sources", () => {
  const path = "sniffer.batch_size";
  const field = fieldByPath.get(path)!;
  const toml = "\n[sniffer]\nbatch_size = 30\n";
  const variables = { WEIR_SNIFFER_BATCH_SIZE: "40" };
  const steps: readonly [Given, number, object][] = [
    [{}, 10, { source: "default", place: "" }],
    [{ set: { profile: "low-latency" } }, 5, { source: "profile", place: "low-latency" }],
    [{ toml, set: { profile: "low-latency" } }, 30, { source: "file", place: "weir.toml:3" }],
    [{ toml, variables }, 40, { source: "environment", place: "WEIR_SNIFFER_BATCH_SIZE" }],
    [{ toml, variables, set: { [path]: "50" } }, 50, { source: "flag", place: `--set ${path}` }],
  ];

  test.each(steps)(
    "defaults < profile < file < environment < flags: %j",
    (given, value, origin) => {
      const { config, origins } = good(given);
      expect([valueAt(config, field), origins[path]]).toEqual([value, origin]);
    },
  );

  test("a bad value is told also where a better source overrides it", () => {
    expect(problems({ toml: "[sniffer]\nbatch_size = 0", variables })).toEqual([
      "weir.toml:2: sniffer.batch_size: found 0, expected an integer from 1 to 1024",
    ]);
  });

  test("a variable that is set to nothing is not set", () => {
    expect(
      good({ toml, variables: { WEIR_SNIFFER_BATCH_SIZE: " " } }).config.sniffer.batch_size,
    ).toBe(30);
  });

  test("a profile can be named in the file, by a variable or by an option", () => {
    const file = 'profile = "low-latency"';
    expect(good({ toml: file }).config.sniffer.batch_timeout_ms).toBe(2);
    const both = { toml: file, variables: { WEIR_PROFILE: "high-throughput" } };
    expect(good(both).config.sniffer.batch_timeout_ms).toBe(5);
    expect(good({ ...both, set: { profile: "standard" } }).config.sniffer.batch_timeout_ms).toBe(
      10,
    );
  });

  test.each(profileNames)("profile %s is a good configuration", (name) => {
    const { config, origins } = good({ set: { profile: name } });
    for (const [key, value] of Object.entries(profiles[name])) {
      expect([key, valueAt(config, fieldByPath.get(key)!)]).toEqual([key, value]);
      expect(origins[key]).toEqual({ source: "profile", place: name });
    }
  });

  test("the local edge's pauses are short where latency or memory counts", () => {
    const short = profileNames.filter(
      (name) => good({ set: { profile: name } }).config.edge.short_pauses,
    );
    expect(short).toEqual(["low-latency", "resource-constrained"]);
    const own = { profile: "low-latency", "edge.short_pauses": "false" };
    expect(good({ set: own }).config.edge.short_pauses).toBe(false);
  });

  test("lists, words and switches come from text too", () => {
    const { config } = good({
      variables: {
        WEIR_WATCH_PROGRAMS: "pump.fun, PumpSwap",
        WEIR_SNIFFER_DROP_POLICY: "Block",
        WEIR_SNIFFER_ACCEPT_V1: "true",
        WEIR_STAGES: '[{"name":"a","module":"./a.ts","options":{"max":3}}]',
        WEIR_SNIFFER_BATCH_TIMEOUT_MS: "2.5",
      },
    });
    expect(config.watch.programs).toEqual(["pump.fun", "PumpSwap"]);
    expect(config.sniffer).toMatchObject({
      drop_policy: "Block",
      accept_v1: true,
      batch_timeout_ms: 2.5,
    });
    expect(config.stages).toEqual([{ name: "a", module: "./a.ts", options: { max: 3 } }]);
  });
});

describe("what is wrong", () => {
  test("is told all at once, in the order of the file", () => {
    const toml = `
[sniffer]
batch_size = 0
ema_alpha_short = nan
drop_policy = "block"
initial_treshold = 2

[log]
batch_size = 3
port = "8082"

[senders.jito]
attempts_max = 1.5
`;
    expect(problems({ toml, variables: { WEIR_EVENTS_CAPACITY: "many" } })).toEqual([
      'WEIR_EVENTS_CAPACITY: events.capacity: found "many", expected an integer from 1 to 1000000',
      "weir.toml:3: sniffer.batch_size: found 0, expected an integer from 1 to 1024",
      "weir.toml:4: sniffer.ema_alpha_short: found NaN, expected a number from 0 to 1",
      'weir.toml:5: sniffer.drop_policy: found "block", expected one of DropOldest, DropNewest, Block',
      "weir.toml:6: sniffer.initial_treshold: unknown; did you mean sniffer.initial_threshold?",
      "weir.toml:9: log.batch_size: unknown; did you mean sniffer.batch_size?",
      'weir.toml:10: log.port: found "8082", expected an integer from 0 to 65535',
      "weir.toml:13: senders.jito.attempts_max: found 1.5, expected an integer from 1 to 1000",
    ]);
  });

  const numbers = fields.filter(({ kind }) => kind === "number");
  test.each(numbers.map(({ path }) => path))("%s refuses NaN, infinity and text", (path) => {
    const [section, ...rest] = path.split(".");
    const key = rest.join(".");
    for (const value of ["nan", "inf", "-inf", '"1"', "1e400"]) {
      const [first] = problems({ toml: `[${section}]\n${key} = ${value}` });
      expect(first).toMatch(/^weir\.toml:2: .*: found .*, expected an? (?:integer|number|power)/);
    }
  });

  test("a threshold of the adaptive policy is anything above 0", () => {
    const low = "sniffer.adaptive_policy_low_threshold_us";
    const high = "sniffer.adaptive_policy_high_threshold_us";
    expect(problems({ set: { [low]: "0.5", [high]: "1.5" } })).toEqual([]);
    expect(problems({ set: { [low]: "0" } })[0]).toContain("expected a number from 0.00");
  });

  const relations: readonly [string, { readonly [path: string]: string }][] = [
    ["ema_alpha_short", { "sniffer.ema_alpha_short": "0.04" }],
    ["initial_backoff_ms", { "sniffer.initial_backoff_ms": "5001" }],
    ["batch_size", { "sniffer.channel_capacity": "9" }],
    ["adaptive_policy_low_threshold_us", { "sniffer.adaptive_policy_low_threshold_us": "1000" }],
    [
      "transaction_bytes_min",
      { "sniffer.transaction_bytes_max": "64", "sniffer.transaction_bytes_min": "65" },
    ],
    ["transaction_bytes_max", { "sniffer.transaction_bytes_max": "1233" }],
    ["backoff_ms", { "supervisor.backoff_ms_max": "49" }],
    ["backoff_ms", { "senders.jito.backoff_ms": "5001" }],
    ["backoff_ms", { "senders.solana.backoff_ms_max": "100" }],
    ["lateness_ms", { "windows.size_ms": "78" }],
    ["an address", { "senders.solana.dry_run": "false" }],
    ["a region", { "senders.jito.dry_run": "false" }],
  ];

  test.each(relations)("what must hold between fields is checked: %s %j", (name, set) => {
    const found = problems({ set });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`expected ${name}`);
    for (const [path, value] of Object.entries(set)) {
      expect(found[0]).toContain(`${path}=${value} (--set ${path})`);
    }
  });

  test("a relation is not asked while one of its fields is bad by itself", () => {
    expect(problems({ set: { "sniffer.channel_capacity": "0" } })).toEqual([
      "--set sniffer.channel_capacity: sniffer.channel_capacity: found 0, expected an integer from 1 to 65536",
    ]);
  });

  test("a thread may miss several heartbeats before it can be said to hang", () => {
    expect(problems({ set: { "supervisor.hang_ms": String(10 * beatMs) } })).toEqual([]);
    expect(problems({ set: { "supervisor.hang_ms": String(10 * beatMs - 1) } })[0]).toContain(
      "supervisor.hang_ms: found 999, expected an integer from 1000",
    );
  });

  test("a section is no setting", () => {
    const [problem] = problems({ set: { sniffer: "1" } });
    expect(problem).toBe("--set sniffer: sniffer: expected a field, found a section");
  });

  test("a file cannot name itself", () => {
    const toml = 'sniffer.config_file_path = "other.toml"';
    expect(problems({ toml })[0]).toMatch(
      /^weir\.toml:1: sniffer\.config_file_path: a file cannot/,
    );
  });

  test("a variable that is nearly one of ours is refused, others are left alone", () => {
    const found = problems({
      variables: {
        WEIR_SNIFER_BATCH_SIZE: "1",
        WEIR_EVENTS_SIZE: "1",
        WEIR_KAFKA_TLS: "true",
        WEIR_KILLS: "20",
        WEIR_CONTROL_SERVICE_HOST: "10.0.0.1",
        WEIR_CONTROL_PORT_9464_TCP: "tcp://10.0.0.1:9464",
        WEIR_CONTROL_PORT: "tcp://10.0.0.1:9464",
        WEIR_LOG_SVC_PORT: "tcp://10.0.0.2:8082",
        OTHER: "x",
      },
    });
    expect(found).toEqual([
      expect.stringMatching(/^WEIR_EVENTS_SIZE: unknown; did you mean WEIR_/),
      "WEIR_SNIFER_BATCH_SIZE: unknown; did you mean WEIR_SNIFFER_BATCH_SIZE?",
    ]);
  });

  test("the original's second name of a buffer is taken with a warning, both together are not", () => {
    const toml = "[sniffer]\nstream_buffer_capacity = 2048\n";
    const effective = good({ toml });
    expect(effective.config.sniffer.stream_buffer_size).toBe(2048);
    expect(effective.warnings.map(problemText)).toEqual([
      "weir.toml:2: sniffer.stream_buffer_capacity: taken as sniffer.stream_buffer_size; write that",
    ]);
    const variables = { WEIR_SNIFFER_STREAM_BUFFER_CAPACITY: "1024" };
    expect(good({ variables }).config.sniffer.stream_buffer_size).toBe(1024);
    expect(problems({ toml: `${toml}stream_buffer_size = 4096` })).toEqual([
      "weir.toml:3: sniffer.stream_buffer_size: given twice, also as sniffer.stream_buffer_capacity",
    ]);
  });

  test("a field that has no effect to have is refused with what takes its place", () => {
    expect(problems({ toml: "[threads]\negress = 2" })).toEqual([
      expect.stringMatching(/^weir\.toml:2: threads\.egress: expected no such field: there is one/),
    ]);
  });

  test("an address of the original that nothing reads is taken with a warning", () => {
    const value = "http://127.0.0.1:10000";
    const toml = `[sniffer]\ngrpc_endpoint = "${value}"`;
    const variables = { WEIR_SNIFFER_GRPC_ENDPOINT: value };
    const set = { "sniffer.grpc_endpoint": value };
    const warnings = good({ toml, variables, set }).warnings.map(problemText);
    expect(warnings.sort()).toEqual(
      ["--set sniffer.grpc_endpoint", "WEIR_SNIFFER_GRPC_ENDPOINT", "weir.toml:2"].map(
        (place) =>
          `${place}: sniffer.grpc_endpoint: has no effect: transactions come from the log; set log.kafka or log.data_dir`,
      ),
    );
    expect(problems({ toml: "sniffer.grpc_endpoint = 1" })).toEqual([
      "weir.toml:1: sniffer.grpc_endpoint: found 1, expected text",
    ]);
  });

  test("a file that is no TOML or JSON is told with its line", () => {
    expect(problems({ toml: "[sniffer]\nbatch_size =\n" })[0]).toMatch(/^weir\.toml:2: not TOML: /);
    expect(problems({ toml: "a = 1\na = 2" })[0]).toMatch(/^weir\.toml:2: not TOML: .*redefine/);
    expect(problems({ toml: '{\n "a": 1,\n}' })[0]).toMatch(/^weir\.toml:3: not JSON: /);
    expect(problems({ toml: '{"reload": {}, "reload": {}}' })).toEqual([
      "weir.toml:1: found a key twice",
    ]);
    expect(problems({ toml: "[__proto__]\na = 1" })[0]).toMatch(/not TOML/);
    expect(problems({ toml: `#${" ".repeat(1 << 20)}` })[0]).toMatch(/found 1048577 characters/);
  });

  test("JSON says the same as TOML", () => {
    const json = { profile: "low-latency", sniffer: { batch_size: 7 }, stages: [{ name: "a" }, 7] };
    expect(problems({ json })).toEqual([
      "weir.json:7: stages[0].module: found undefined, expected a module: a path from the file's folder, or an installed package",
      "weir.json:10: stages[1]: found 7, expected an object of name, module, options",
    ]);
    const { config, origins } = good({ json: { ...json, stages: [] } });
    expect(config.sniffer).toMatchObject({ batch_size: 7, batch_timeout_ms: 2 });
    expect(origins["sniffer.batch_size"]).toEqual({ source: "file", place: "weir.json:4" });
  });

  test("a section that is no section and a key of a stage that nobody knows are named", () => {
    const toml = '[[stages]]\nname = "a"\nmodule = "a.ts"\nbogus = 1\n[[stages]]\nname = "a"';
    expect(problems({ toml: `sniffer = 3\n${toml}` })).toEqual([
      "weir.toml:1: sniffer: found 3, expected a section",
      "weir.toml:2: stages[0]: unknown key bogus; known: name, module, options",
      "weir.toml:6: stages[1].module: found undefined, expected a module: a path from the file's folder, or an installed package",
    ]);
  });
});

describe("keys of senders", () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-config-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "key");
  const toml = `[senders.jito]\nkey_file = "${file}"`;

  test("come from a file that only its owner can read, or from the environment", () => {
    writeFileSync(file, "secret-of-mine\n");
    chmodSync(file, 0o644);
    const [found] = problems({ toml });
    expect(found).toBe("WEIR_SENDERS_JITO_KEY_FILE: mode=644, expected 600 or 400; run chmod 600");
    chmodSync(file, 0o600);
    expect(JSON.stringify(good({ toml }))).not.toContain("secret-of-mine");
    expect(problems({ toml, variables: { WEIR_SENDERS_JITO_KEY: "other" } })[0]).toContain(
      "only one",
    );
    const inVariable = good({ variables: { WEIR_SENDERS_JITO_KEY: "secret-of-mine" } });
    expect(JSON.stringify(inVariable)).not.toContain("secret-of-mine");
  });

  test("are needed to send for real: the account that pays Jito's tips, or what a node asks for", () => {
    const live = '[senders.jito]\nregions = ["ny"]\ndry_run = false';
    const missing = "expected a key in it or in a file when dry_run is false";
    expect(problems({ toml: live })).toEqual([`WEIR_SENDERS_JITO_TIP_KEY: ${missing}`]);
    const pays = `${live}\ntip_key_file = "${file}"`;
    chmodSync(file, 0o640);
    expect(problems({ toml: pays })[0]).toContain("WEIR_SENDERS_JITO_TIP_KEY_FILE: mode=640");
    chmodSync(file, 0o600);
    expect(problems({ toml: pays })).toEqual([]);
    const node = '[senders.solana]\nurl = "http://127.0.0.1:8899"\ndry_run = false';
    expect(problems({ toml: node })).toEqual([`WEIR_SENDERS_SOLANA_KEY: ${missing}`]);
    expect(problems({ toml: node, variables: { WEIR_SENDERS_SOLANA_KEY: "token" } })).toEqual([]);
  });

  test("are no field of the file", () => {
    expect(problems({ toml: '[senders.jito]\nkey = "secret-of-mine"' })).toEqual([
      "weir.toml:2: senders.jito.key: unknown; did you mean senders.jito.key_file?",
    ]);
  });
});
