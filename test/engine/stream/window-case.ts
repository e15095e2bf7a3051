// Random records for the window tests, and the ways to feed them to the engine's windows.
import type { Aggregate } from "../../../engine/stream/aggregate.ts";
import { Observation } from "../../../engine/stream/observation.ts";
import { type WindowOptions, windowDefaults } from "../../../engine/stream/window-options.ts";
import { type CommitPoint, PartitionWindows } from "../../../engine/stream/windows.ts";
import type { PlainItem, PlainRecord } from "../../oracles/stream-windows.ts";
import type { Random } from "../../random.ts";

export const smallOptions: WindowOptions = { ...windowDefaults, keysMax: 6 };

const source = { topic: "otlp_spans", partition: 3, signal: "spans" } as const;

const encoder = new TextEncoder();
const item = new Observation();

const observe = (windows: PartitionWindows, plain: PlainItem): void => {
  const service = encoder.encode(plain.service);
  const name = encoder.encode(plain.name);
  item.eventMs = plain.eventMs;
  item.isError = plain.isError;
  item.durationHigh = Number(plain.durationNs >> 32n);
  item.durationLow = Number(plain.durationNs & 0xffffffffn);
  item.setService(service, 0, service.length);
  item.name.point(name, 0, name.length);
  windows.observe(item);
};

export const feed = (windows: PartitionWindows, offset: number, record: PlainRecord): boolean => {
  if (!windows.beginRecord(offset, record.receiveMs)) return false;
  for (const plain of record.items) observe(windows, plain);
  windows.endRecord();
  return true;
};

export const collecting = (
  options: WindowOptions = smallOptions,
): { windows: PartitionWindows; emitted: Aggregate[] } => {
  const emitted: Aggregate[] = [];
  const windows = new PartitionWindows(source, options, (aggregate) => emitted.push(aggregate));
  return { windows, emitted };
};

/** Time as the engine sees it: a record arrives when it was received, a tick comes each second. */
export const tickUntil = (windows: PartitionWindows, fromMs: number, toMs: number): void => {
  for (let nowMs = fromMs + 1000; nowMs <= toMs; nowMs += 1000) windows.tick(nowMs);
};

export const randomRecords = (random: Random, count: number): PlainRecord[] => {
  let receiveMs = 1_700_000_000_000 + random.below(10_000);
  const services = ["shop", "cart", "a/b", "ünïcode", ""];
  const names = ["GET /", "b/c", "%2F", "workflow.execute", "_other", "名前"];
  return Array.from({ length: count }, () => {
    const idle = random.below(20) === 0;
    // Some stamps go back: several edges write one partition.
    receiveMs += idle ? 14_000 + random.below(40_000) : random.below(2500) - 300;
    const items = Array.from({ length: random.below(8) }, () => {
      const ahead = random.below(30) === 0 ? 55_000 + random.below(10_000) : 0;
      const behind = random.below(10) === 0 ? random.below(60_000) : random.below(6000);
      return {
        eventMs: receiveMs + ahead - behind,
        isError: random.below(5) === 0,
        durationNs: BigInt(random.below(2 ** 31)) * BigInt(1 + random.below(2 ** 31)),
        service: random.pick(services),
        name: random.pick(names),
      };
    });
    return { receiveMs, items };
  });
};

export type Output = { readonly id: string; readonly value: string };

export const outputs = (emitted: readonly Aggregate[]): Output[] =>
  emitted.map((aggregate) => ({ id: aggregate.id, value: JSON.stringify(aggregate) }));

export const beginning: CommitPoint = { offset: 0, metadata: "" };
