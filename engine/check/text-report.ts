// The report for people: each part that has findings, indented below its sample, then the totals.
import { isObject, type Json } from "./exact-json.ts";
import type { Advice } from "./findings.ts";
import { listOf, type Sample, textOf } from "./sample.ts";

const partLists = [
  "attributes",
  "span_events",
  "span_links",
  "data_points",
  "exemplars",
  "filtered_attributes",
];

const valueCharactersMax = 80;
const valued = new Set(["attribute", "attributes", "filtered_attributes"]);

/** On one line, whatever came in: what telemetry names must not pass for lines of the report. */
const oneLine = (text: string): string =>
  text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });

const titleOf = (kind: string, body: Json): string => {
  const name = textOf(body["name"]) || textOf(body["event_name"]);
  const value = valued.has(kind) ? JSON.stringify(body["value"]) : undefined;
  const shown = value === undefined || value === "null" ? "" : ` = ${clipped(value)}`;
  return oneLine(`${kind.replace(/s$/, "")} ${name}${shown}`).trimEnd();
};

const clipped = (text: string): string =>
  text.length > valueCharactersMax ? `${text.slice(0, valueCharactersMax)}...` : text;

const adviceOf = (body: Json): readonly Advice[] => {
  const result = body["live_check_result"];
  return isObject(result) ? (result["all_advice"] as readonly Advice[]) : [];
};

/** Lines of one part and those below it; none when nothing was found. */
const partLines = (kind: string, body: Json, indent: string): string[] => {
  const inner = `${indent}  `;
  const own = adviceOf(body).map(
    ({ level, id, message }) => `${inner}[${level}] ${id}: ${oneLine(message)}`,
  );
  const below = partLists.flatMap((list) =>
    listOf(body[list]).flatMap((part) => partLines(list, part, inner)),
  );
  return own.length + below.length === 0 ? [] : [indent + titleOf(kind, body), ...own, ...below];
};

/** Lines about one sample that has been checked. */
export const sampleLines = ({ kind, body }: Sample): readonly string[] => partLines(kind, body, "");

const countLines = (title: string, counts: unknown): string[] => {
  const entries = Object.entries(isObject(counts) ? counts : {});
  return [title, ...entries.map(([name, count]) => `  ${name}: ${String(count)}`)];
};

/** Lines of the statistics. */
export const statisticsLines = (statistics: Json): readonly string[] => {
  const coverage = Number(statistics["registry_coverage"]) * 100;
  return [
    `samples and parts: ${String(statistics["total_entities"])}`,
    ...countLines("findings by level", statistics["advice_level_counts"]),
    ...countLines("findings by id", statistics["advice_type_counts"]),
    `without findings: ${String(statistics["no_advice_count"])}`,
    `registry coverage: ${coverage.toFixed(2)} %`,
  ];
};
