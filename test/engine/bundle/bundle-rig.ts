// Records, sinks and a clock for the tests of bundles.
import type { BundleSink } from "../../../engine/bundle/bundle-builder.ts";
import {
  bundleAt,
  transactionRecordBytes,
  transactionSide,
} from "../../../engine/bundle/bundle-layout.ts";
import {
  readRecord,
  u64At,
  writeRecord,
  type TransactionFields,
} from "../../../engine/bundle/transaction-record.ts";

export const fieldsOf = (id: number, ingressNs = 0): TransactionFields => ({
  id,
  price: 1_000_000 + id,
  size: 1 + id,
  side: id % 2 === 0 ? transactionSide.bid : transactionSide.ask,
  ingressNs,
});

export const recordOf = (id: number, ingressNs = 0): DataView => {
  const view = new DataView(new ArrayBuffer(transactionRecordBytes));
  writeRecord(view, 0, fieldsOf(id, ingressNs));
  return view;
};

type Bundle = { readonly ids: number[]; readonly firstNs: number };

export const readBundle = (view: DataView, at: number): Bundle => ({
  ids: Array.from(
    { length: view.getUint32(at + bundleAt.count, true) },
    (_, i) => readRecord(view, at + i * transactionRecordBytes).id,
  ),
  firstNs: u64At(view, at + bundleAt.firstNs),
});

/** Keeps what it takes; refuses while `isFull`. */
export class KeepingSink implements BundleSink {
  isFull = false;
  readonly bundles: Bundle[] = [];

  tryPush(view: DataView, at: number): boolean {
    if (this.isFull) return false;
    this.bundles.push(readBundle(view, at));
    return true;
  }

  get ids(): number[] {
    return this.bundles.flatMap(({ ids }) => ids);
  }
}
