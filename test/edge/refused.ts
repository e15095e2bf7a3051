// What stands on weir-rejected among the records of a request.
import type { OutgoingRecord } from "../../edge/route/outgoing-record.ts";
import { type RefusedHead, readRefused } from "../../schemas/rejected-value.ts";

export const refusedOf = ({
  records,
}: {
  readonly records: readonly OutgoingRecord[];
}): readonly { readonly head: RefusedHead; readonly original: Uint8Array }[] =>
  records
    .filter(({ topic }) => topic === "weir-rejected")
    .flatMap(({ value }) => readRefused(value) ?? []);
