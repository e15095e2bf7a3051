// Makes the outlet that the settings name, with its keys. Keys are read here, on the thread that
// uses them, and nowhere else.
import { JitoSender } from "../send/jito-sender.ts";
import { jitoUrl } from "../send/jito-region.ts";
import { JsonRpc } from "../send/json-rpc.ts";
import { RpcSender } from "../send/rpc-sender.ts";
import { readSecret, type Secret, SecretError } from "../send/secret.ts";
import { SolanaRpc } from "../send/solana-rpc.ts";
import { dryOutlet } from "./dry-outlet.ts";
import { JitoOutlet } from "./jito-outlet.ts";
import type { Outlet, OutletReport } from "./outlet.ts";
import { SolanaOutlet } from "./solana-outlet.ts";
import type {
  JitoOutletSettings,
  OutletSettings,
  SolanaOutletSettings,
} from "./submit-settings.ts";
import { throwAwayKey, tipKeyOf, TipPayer } from "./tip-payer.ts";

/** The variables that hold keys; with `_FILE` behind it, the file that does. */
const keyVariables = {
  solana: "WEIR_SENDERS_SOLANA_KEY",
  jito: "WEIR_SENDERS_JITO_KEY",
  jitoTip: "WEIR_SENDERS_JITO_TIP_KEY",
} as const;

const lookMsMin = 100;

export type OutletParts = {
  readonly variables: { readonly [name: string]: string | undefined };
  readonly fetch: typeof fetch;
  readonly report: OutletReport;
  /** Monotonic ms. */
  readonly nowMs: () => number;
  /** Resolves early when the signal is aborted. */
  readonly sleepMs: (ms: number) => Promise<void>;
  readonly random: () => number;
  readonly signal: AbortSignal;
};

/** @throws SecretError for a key that is missing or cannot be used, RangeError for an address. */
export const openOutlet = (settings: OutletSettings, parts: OutletParts): Outlet => {
  if (settings.kind === "jito") return jitoOutlet(settings, parts);
  if (settings.kind === "solana") return solanaOutlet(settings, parts);
  return dryOutlet(parts.report);
};

const secretOf = ({ variables }: OutletParts, name: string, file: string): Secret | null =>
  readSecret({ [name]: variables[name], [`${name}_FILE`]: file }, name);

// Sending for real takes two steps: dry_run, and a key.
const liveSecretOf = (parts: OutletParts, name: string, file: string): Secret => {
  const secret = secretOf(parts, name, file);
  if (secret !== null) return secret;
  throw new SecretError(`${name}: expected a key in it or in a file when dry_run is false`);
};

const jitoOutlet = (settings: JitoOutletSettings, parts: OutletParts): Outlet => {
  const { regions, isDryRun, keyFile, tipKeyFile, tipLamports } = settings;
  const { nowMs, sleepMs, random, report, signal } = parts;
  const secret = isDryRun ? null : secretOf(parts, keyVariables.jito, keyFile);
  const auth = secret === null ? {} : { secret: { header: "x-jito-auth", value: secret } };
  const sender = new JitoSender({
    regions: regions.map((region, i) => {
      const isAddress = region.includes("://");
      const url = isAddress ? region : jitoUrl(region);
      // Of an address only the host is shown: the rest may hold a key.
      const name = isAddress ? `${i + 1}:${URL.parse(url)?.host ?? ""}` : region;
      return { name, rpc: new JsonRpc({ url, fetch: parts.fetch, ...auth }) };
    }),
    mode: isDryRun ? "dry-run" : "live",
    nowMs,
    sleepMs,
    random,
    requestsPerSecond: settings.requestsPerSecond,
    attemptsMax: settings.attemptsMax,
    backoff: settings.backoff,
  });
  const name = keyVariables.jitoTip;
  const key = isDryRun ? throwAwayKey() : tipKeyOf(liveSecretOf(parts, name, tipKeyFile), name);
  const payer = new TipPayer({ ...key, lamports: tipLamports, random });
  // Half of what one region lets through is left for bundles.
  const lookMs = Math.max(lookMsMin, 2000 / settings.requestsPerSecond);
  return new JitoOutlet({ sender, payer, report, sleepMs, signal, lookMs });
};

const solanaOutlet = (settings: SolanaOutletSettings, parts: OutletParts): Outlet => {
  const { url, isDryRun, keyFile, resendMs, roundsMax, backoff } = settings;
  const { nowMs, sleepMs, random, report, signal } = parts;
  const secret = isDryRun ? null : liveSecretOf(parts, keyVariables.solana, keyFile);
  const auth =
    secret === null
      ? {}
      : { secret: { header: "authorization", value: secret, prefix: "Bearer " } };
  const rpc = new SolanaRpc(new JsonRpc({ url, fetch: parts.fetch, ...auth }));
  const mode = isDryRun ? "dry-run" : "live";
  const sender = new RpcSender({ rpc, mode, sleepMs, random, resendMs, roundsMax, backoff });
  const timing = { nowMs, sleepMs, random, backoff, signal };
  return new SolanaOutlet({ rpc, sender, isDryRun, report, ...timing });
};
