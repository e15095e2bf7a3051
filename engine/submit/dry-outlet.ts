// The outlet of an engine without senders: bundles are counted and shown.
import { signedTransaction } from "../send/signed-transaction.ts";
import type { Outlet, OutletReport } from "./outlet.ts";

export const dryOutlet = (report: OutletReport): Outlet => ({
  send: async (transactions) => {
    const checked = transactions.map(({ bytes }) => signedTransaction(bytes));
    const signatures = checked.flatMap((one) => (typeof one === "string" ? [] : [one.signature]));
    report.settled(transactions.length, "dry-run");
    report.submitted({ outlet: "none", fate: "dry-run", signatures }, transactions);
  },
  finish: async () => undefined,
});
