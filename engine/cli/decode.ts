// weir decode: OTLP files, protobuf or JSON, as one JSON line per span, data point or log record.
import type { Signal } from "../../schemas/otlp/messages.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./command.ts";
import { RequestDecoder } from "./decode-request.ts";
import { signalOption } from "./otlp-requests.ts";
import type { MadeOfRequest } from "./otlp-run.ts";
import { OtlpRun } from "./otlp-run.ts";

/** A decoder of each signal that comes. */
const decoding = (): MadeOfRequest => {
  const decoders = new Map<Signal, RequestDecoder>();
  return ({ signal, bytes }) => {
    const decoder = decoders.get(signal) ?? new RequestDecoder(signal);
    decoders.set(signal, decoder);
    return decoder.decode(bytes);
  };
};

/** The subcommand; the library's scanner does the work. */
export const decode: Command = {
  name: "decode",
  purpose:
    "Show OTLP requests, protobuf or JSON, as one JSON line per span, data point or log record",
  usage: "[options] FILE...",
  options: {
    signal: signalOption,
    strict: { help: "end at the first fault instead of going on with the next record" },
  },
  examples: ["weir decode trace.json", "weir decode --signal logs request.bin.gz | head -5"],
  run: async (args, io) => {
    if (args.positionals.length === 0) throw new UsageError("decode needs FILE... or - for input");
    return new OtlpRun(args, io, decoding()).files(args.positionals);
  },
};
