import { describe, expect, it } from "vitest";

import { isBalanced, ledgerEntry, ledgerOf } from "../../../engine/ledger/ledger.ts";

const edge = { in: 100, accepted: 90, rejected: { malformed: 10 }, dropped: {}, unconfirmed: 0 };
const nothing = { spans: 0, metrics: 0, logs: 0, transactions: 0, depth: 0 };

describe("ledger", () => {
  it("balances when the engine handled all that was accepted", () => {
    const entry = ledgerEntry(edge, 90);
    expect(entry).toMatchObject({ in: 100, out: 90, inFlight: 0 });
    expect(isBalanced(entry)).toBe(true);
  });

  it("shows what is still on the way and does not balance", () => {
    const entry = ledgerEntry(edge, 80);
    expect(entry.inFlight).toBe(10);
    expect(isBalanced(entry)).toBe(false);
  });

  it("shows what is inside the edge as on its way, whether or not the engine was faster", () => {
    const inside = { ...edge, accepted: 60, inFlight: 30 };
    for (const handled of [50, 60, 75, 90]) {
      expect(ledgerEntry(inside, handled)).toMatchObject({ out: handled, inFlight: 90 - handled });
      expect(isBalanced(ledgerEntry(inside, handled))).toBe(handled === 90);
    }
  });

  it("does not balance when an acknowledged item was handled twice", () => {
    expect(isBalanced(ledgerEntry(edge, 91))).toBe(false);
  });

  it("balances when what was handled twice is what the edge may have sent twice", () => {
    const repeatable = { ...edge, repeatable: 5 };
    expect(ledgerEntry(repeatable, 93)).toMatchObject({ out: 90, inFlight: 0 });
    expect([93, 95, 96].map((handled) => isBalanced(ledgerEntry(repeatable, handled)))).toEqual([
      true,
      true,
      false,
    ]);
    const both = { ...edge, accepted: 80, unconfirmed: 10, repeatable: 5 };
    expect(ledgerEntry(both, 92)).toMatchObject({ out: 90, inFlight: 0 });
  });

  it("counts an unconfirmed item as out when the engine saw it, else as rejected", () => {
    const entry = ledgerEntry({ ...edge, accepted: 80, unconfirmed: 10 }, 84);
    expect(entry).toMatchObject({ out: 84, rejected: { malformed: 10, unconfirmed: 6 } });
    expect(isBalanced(entry)).toBe(true);
  });

  it("counts accepted items that the log refused late as rejected, by a reason that says so", () => {
    const late = { ...edge, rejectedAfterAcknowledge: { "too-large": 4 } };
    const entry = ledgerEntry(late, 86);
    expect(entry).toMatchObject({ out: 86, inFlight: 0 });
    expect(entry.rejected).toEqual({ malformed: 10, "too-large-after-acknowledge": 4 });
    expect([85, 86, 87].map((handled) => isBalanced(ledgerEntry(late, handled)))).toEqual([
      false,
      true,
      false,
    ]);
  });

  it("does not balance when the edge's own counts do not add up", () => {
    expect(isBalanced(ledgerEntry({ ...edge, in: 101 }, 90))).toBe(false);
  });

  it("takes what the engine refused or dropped out of its output, by reason", () => {
    const engine = { rejected: { signature: 7, replay: 0, malformed: 2 }, dropped: { full: 1 } };
    const entry = ledgerEntry(edge, 90, engine);
    expect(entry).toMatchObject({
      out: 80,
      rejected: { malformed: 12, signature: 7 },
      dropped: { full: 1 },
      inFlight: 0,
    });
    expect(Object.keys(entry.rejected)).not.toContain("replay");
    expect(isBalanced(entry)).toBe(true);
    expect(isBalanced(ledgerEntry(edge, 89, engine))).toBe(false);
    const ledger = ledgerOf({ spans: edge }, { ...nothing, spans: 90 }, { spans: engine });
    expect(ledger.signals.spans).toEqual(entry);
  });

  it("lists only signals that were fed", () => {
    const ledger = ledgerOf({ spans: edge, logs: { ...edge, in: 0 } }, { ...nothing, spans: 90 });
    expect(Object.keys(ledger.signals)).toEqual(["spans"]);
    expect(ledger.balanced).toBe(true);
  });
});
