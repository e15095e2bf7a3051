// Tenants as a document: JSON in the variable or secret TENANTS and at key "tenants" of the KV
// namespace TENANTS_KV. Checked whole: one bad tenant refuses the document, and the message names
// the field, never its content.
// {"tenants":[{"name":"acme","keys":["<SHA-256 of the key, 64 hex digits>"],
//   "signals":["spans","logs"],"requestsPerS":50,"itemsPerS":20000,"itemsPerDay":50000000}]}
import * as z from "zod/mini";

import { issuePlace } from "../../schemas/issue-place.ts";
import type { FindingRule } from "../../schemas/validate/finding-rules.ts";
import { fixedLimits } from "../limits.ts";
import { type Signal, signals } from "../receive/endpoints.ts";
import { readRules } from "../validate/validation-rules.ts";

/** Bounds of one tenant at one isolate; Infinity where the document says nothing. */
export type TenantRates = {
  readonly requestsPerS: number;
  /** Requests that may come at once. */
  readonly requestsBurst: number;
  readonly itemsPerS: number;
  readonly itemsBurst: number;
  /** Items of one day, UTC. */
  readonly itemsPerDay: number;
};

/** Who a request acts for, and what it may do. */
export type Tenant = {
  readonly name: string;
  /** SHA-256 of each key. */
  readonly keys: readonly Uint8Array[];
  readonly signals: ReadonlySet<Signal>;
  /** May read /status, which shows every tenant's counts. */
  readonly isOperator: boolean;
  readonly rates: TenantRates;
  /** What becomes of its records with findings; before the rules of the settings. */
  readonly rules: readonly FindingRule[];
};

/** The tenant of API_KEYS, and of everybody where no key is configured. */
export const operatorName = "default";

/** No bound at all. */
export const unlimited: TenantRates = {
  requestsPerS: Infinity,
  requestsBurst: Infinity,
  itemsPerS: Infinity,
  itemsBurst: Infinity,
  itemsPerDay: Infinity,
};

const { tenantsMax, tenantKeysMax, tenantsBytesMax, messageCharsMax } = fixedLimits;
/** Below it there is no time after which a request is worth sending again. */
const rateMin = 0.000_001;
const rateMax = 1_000_000_000;
const pathCharsMax = 200;
/** A burst is a second's worth unless the document says otherwise. */
const burstS = 1;

const rate = z.optional(
  z
    .number("expected a number")
    .check(
      z.minimum(rateMin, `expected at least ${rateMin}`),
      z.maximum(rateMax, `expected at most ${rateMax}`),
    ),
);
const hexKey = "expected 64 hexadecimal digits";

const ownRules = z.superRefine<unknown>((value, context) => {
  const rules = readRules(value);
  if (typeof rules === "string") context.addIssue({ code: "custom", message: rules, input: value });
});

const tenantShape = z.strictObject(
  {
    name: z
      .string("expected a string")
      .check(z.regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "expected 1 to 64 of a-z, 0-9, _ and -")),
    keys: z
      .array(z.string(hexKey).check(z.regex(/^[0-9a-f]{64}$/i, hexKey)), "expected an array")
      .check(
        z.minLength(1, "expected a key"),
        z.maxLength(tenantKeysMax, `expected at most ${tenantKeysMax} keys`),
      ),
    signals: z.optional(
      z.array(z.enum(signals, `expected ${signals.join(", ")}`), "expected an array"),
    ),
    status: z.optional(z.boolean("expected true or false")),
    requestsPerS: rate,
    requestsBurst: rate,
    itemsPerS: rate,
    itemsBurst: rate,
    itemsPerDay: rate,
    rules: z.optional(z.unknown().check(ownRules)),
  },
  "expected an object with name and keys",
);

const documentShape = z.strictObject(
  {
    tenants: z
      .array(tenantShape, "expected an array")
      .check(z.maxLength(tenantsMax, `expected at most ${tenantsMax} tenants`)),
  },
  'expected {"tenants":[…]}',
);

type TenantShape = z.infer<typeof tenantShape>;

const bytesOfHex = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, at) =>
    Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16),
  );

const burstOf = (burst: number | undefined, perS: number): number =>
  burst ?? Math.max(1, perS * burstS);

const ratesOf = (shape: TenantShape): TenantRates => {
  const { requestsPerS = Infinity, itemsPerS = Infinity, itemsPerDay = Infinity } = shape;
  return {
    requestsPerS,
    requestsBurst: burstOf(shape.requestsBurst, requestsPerS),
    itemsPerS,
    itemsBurst: burstOf(shape.itemsBurst, itemsPerS),
    itemsPerDay,
  };
};

const tenantOf = (shape: TenantShape): Tenant => ({
  name: shape.name,
  keys: shape.keys.map(bytesOfHex),
  signals: new Set(shape.signals ?? signals),
  isOperator: shape.status ?? false,
  rates: ratesOf(shape),
  rules: shape.rules === undefined ? [] : (readRules(shape.rules) as readonly FindingRule[]),
});

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};

const repeated = (values: readonly string[]): string | undefined => {
  const seen = new Set<string>();
  return values.find((value) => seen.size === seen.add(value).size);
};

type Issue = z.core.$ZodIssue;

/** Path and what was expected; an unknown field is part of the path. */
const faultOf = (issue: Issue): string => {
  const isUnknown = issue.code === "unrecognized_keys";
  const path = [...issue.path, ...(isUnknown ? issue.keys.slice(0, 1) : [])];
  const message = isUnknown ? "unknown field" : issue.message;
  return path.length === 0 ? message : `${issuePlace(path).slice(0, pathCharsMax)}: ${message}`;
};

/** A burst bounds nothing alone. */
const rateless = (tenants: readonly TenantShape[]): string | undefined => {
  for (const [at, { requestsPerS, requestsBurst, itemsPerS, itemsBurst }] of tenants.entries()) {
    if (requestsBurst !== undefined && requestsPerS === undefined)
      return `tenants[${at}].requestsBurst: expected requestsPerS with it`;
    if (itemsBurst !== undefined && itemsPerS === undefined)
      return `tenants[${at}].itemsBurst: expected itemsPerS with it`;
  }
  return undefined;
};

/** The tenants, none for "", or what is wrong with which field. */
export const tenantsOf = (json: string): readonly Tenant[] | string => {
  if (json === "") return [];
  if (Buffer.byteLength(json) > tenantsBytesMax)
    return `longer than tenantsBytesMax=${tenantsBytesMax}`;
  const document = parsed(json);
  if (document === undefined) return "expected JSON";
  const result = documentShape.safeParse(document);
  if (!result.success) return result.error.issues.map(faultOf).join("; ").slice(0, messageCharsMax);
  const { tenants } = result.data;
  const twice = repeated(tenants.map(({ name }) => name));
  if (twice !== undefined) return `tenants: ${twice} is there twice`;
  if (repeated(tenants.flatMap(({ keys }) => keys.map((key) => key.toLowerCase()))) !== undefined)
    return "tenants: a key is there twice";
  return rateless(tenants) ?? tenants.map(tenantOf);
};
