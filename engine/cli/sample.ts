// weir sample: what the edge's head sampler decides on the spans and log records of OTLP files.
import type { TenantPolicy } from "../../schemas/sampling/head-settings.ts";
import { defaultPolicy, readHeadSettings } from "../../schemas/sampling/head-settings.ts";
import { rateOption } from "./arguments.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { UsageError } from "./command.ts";
import { InputError, readWhole } from "./input.ts";
import { signalOption } from "./otlp-requests.ts";
import type { MadeOfRequest } from "./otlp-run.ts";
import { OtlpRun } from "./otlp-run.ts";
import { RequestSampler } from "./sample-request.ts";

const configBytesMax = 1 << 20;

/** @throws InputError when the file is no sampling policy. */
const readPolicy = async (args: Arguments, io: Io): Promise<TenantPolicy> => {
  const path = args.values["config"];
  if (typeof path !== "string") return defaultPolicy;
  const bytes = await readWhole(path, io, configBytesMax);
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new InputError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const read = readHeadSettings(document);
  if (!read.ok) throw new InputError(read.faults.map((fault) => `${path}: ${fault}`).join("\n"));
  const { tenants, others } = read.settings;
  const tenant = args.values["tenant"];
  return (typeof tenant === "string" ? tenants.get(tenant) : undefined) ?? others;
};

/** With a rate, that is the tenant's base rate; overrides stay. */
const policyFor = async (args: Arguments, io: Io): Promise<TenantPolicy> => {
  const rate = rateOption(args, "rate");
  const policy = await readPolicy(args, io);
  return rate === undefined ? policy : { ...policy, rates: { ...policy.rates, base: rate } };
};

/** One sampler for all requests, as at the edge. */
const sampling = (policy: TenantPolicy, io: Io): MadeOfRequest => {
  const sampler = new RequestSampler(policy);
  return ({ signal, bytes }, path) => {
    if (signal !== "metrics") return sampler.sample(signal, bytes);
    io.note(`${path}: metrics are not sampled: left out`);
    return [];
  };
};

/** The subcommand; the edge's sampler does the work. */
export const sample: Command = {
  name: "sample",
  purpose: "Show what the head sampler decides on each span and log record of OTLP files, and why",
  usage: "[options] FILE...",
  options: {
    rate: {
      value: "R",
      help: "base rate, 2^-56 to 1 (default 0.01); errors keep 1, slow ones 0.5, or R if larger",
    },
    config: { value: "FILE", help: "sampling policy in JSON, as the edge takes it" },
    tenant: { value: "NAME", help: "the tenant whose policy of the file is used" },
    signal: signalOption,
    strict: { help: "end at the first fault instead of going on with the next record" },
  },
  examples: [
    "weir sample --rate 0.1 trace.json",
    "weir sample --config policy.json --tenant acme --signal logs request.bin.gz | head -5",
  ],
  run: async (args, io) => {
    if (args.positionals.length === 0) throw new UsageError("sample needs FILE... or - for input");
    const policy = await policyFor(args, io);
    return new OtlpRun(args, io, sampling(policy, io)).files(args.positionals);
  },
};
