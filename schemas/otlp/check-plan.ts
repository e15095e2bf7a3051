// What the message check does with each field, as numbers by tag: made once per message type, so
// that the check compares integers only.
import type { Field, MessageType } from "./messages.ts";
import { wireType } from "./wire.ts";

/** What is checked in a length-delimited field; 0 = nothing but its bounds. */
export const rule = {
  message: 1,
  value: 2,
  text: 3,
  key: 4,
  id16: 5,
  id8: 6,
  /** Packed 64-bit numbers. */
  words: 7,
  /** Packed varints. */
  varints: 8,
} as const;

/** Bit of a field that counts as an attribute of its message. */
export const isAttribute = 1 << 4;
/** Bit of a nested message that is refused when it comes twice: merge-repeated.ts makes the copy. */
export const isSingle = 1 << 5;
/** Tags from here on are unknown fields. */
export const planTags = 256;

/** Rules by tag: bits 0-3 rule, 4 and 5 as above, 8-15 field number, 16-23 plan of the child. */
export type CheckPlan = { readonly rules: Int32Array; readonly children: CheckPlan[] };

/** The field's number. */
export const fieldOf = (found: number): number => (found >>> 8) & 255;
/** Index of the nested message's plan in `children`. */
export const childOf = (found: number): number => (found >>> 16) & 255;

const ruleOf = (field: Field): number => {
  const { kind, type, name } = field;
  if (type !== null) return type.name === "AnyValue" ? rule.value : rule.message;
  // Only KeyValue has a field of this name.
  if (kind === "text") return name === "key" ? rule.key : rule.text;
  if (kind === "id16" || kind === "id8") return rule[kind];
  if (!field.repeated) return 0;
  return (field.elementTag & 7) === wireType.varint ? rule.varints : rule.words;
};

const bitsOf = ({ type, repeated }: Field): number => {
  if (type === null) return 0;
  if (type.name === "KeyValue") return isAttribute;
  return repeated || type.name === "Status" ? 0 : isSingle;
};

const plans = new Map<MessageType, CheckPlan>();

/** The plan of a message; made at its first use, for good. */
export const checkPlan = (type: MessageType): CheckPlan => {
  const known = plans.get(type);
  if (known !== undefined) return known;
  const plan: CheckPlan = { rules: new Int32Array(planTags), children: [] };
  // Known before its children are made: values contain values.
  plans.set(type, plan);
  for (const field of type.fields) {
    const found = ruleOf(field);
    if (found === 0) continue;
    const child = plan.children.length;
    if (field.type !== null) plan.children.push(checkPlan(field.type));
    plan.rules[field.tag] = found | bitsOf(field) | (field.number << 8) | (child << 16);
  }
  return plan;
};
