// A resolved registry in JSON, as `weir registry resolve` or Weaver wrote it: so much of its shape is
// checked as the check reads.
import { readFileSync } from "node:fs";

import * as z from "zod";

import { issuePlace } from "../../schemas/issue-place.ts";
import type { ResolvedRegistry } from "../../schemas/weaver/resolved.ts";

const faultsShownMax = 5;
const text = z.string();
const maybeText = text.optional();
const annotations = z.record(text, z.unknown()).optional();
const deprecated = z.looseObject({ reason: text, renamed_to: maybeText }).optional();

const member = z.looseObject({
  id: text,
  value: z.union([text, z.number(), z.boolean()]),
  stability: maybeText,
  deprecated,
});

const attribute = z.looseObject({
  name: text,
  type: z.union([text, z.looseObject({ members: z.array(member) })]),
  requirement_level: z.union([text, z.record(text, text)]).optional(),
  stability: maybeText,
  deprecated,
  annotations,
});

type Association = string | { one_of?: Association[]; all_of?: Association[] };
const association: z.ZodType<Association> = z.lazy(() =>
  z.union([
    text,
    z.strictObject({ one_of: z.array(association) }),
    z.strictObject({ all_of: z.array(association) }),
  ]),
);

const group = z.looseObject({
  id: text,
  type: text,
  attributes: z.array(attribute),
  stability: maybeText,
  deprecated,
  span_kind: maybeText,
  span_name: z.looseObject({ note: text }).optional(),
  metric_name: maybeText,
  instrument: maybeText,
  unit: maybeText,
  name: maybeText,
  entity_associations: z.array(association).optional(),
  annotations,
});

const registry = z.looseObject({ groups: z.array(group) });

/** @throws Error naming what is wrong, by its place in the document. */
export const readResolved = (path: string): ResolvedRegistry => {
  const document: unknown = JSON.parse(readFileSync(path, "utf8"));
  const read = registry.safeParse(document);
  if (read.success) return document as ResolvedRegistry;
  const { issues } = read.error;
  const faults = issues
    .slice(0, faultsShownMax)
    .map((issue) => `${issuePlace(issue.path)}: ${issue.message}`);
  const more = issues.length > faultsShownMax ? `; ${issues.length - faultsShownMax} more` : "";
  throw new Error(`no resolved registry: ${faults.join("; ")}${more}`);
};
