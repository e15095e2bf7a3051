// What became, on their way from the storage to the log, of items that were acknowledged before:
// those whose record the log took at no time because of its size (it stands on weir-rejected), and
// those that the log may hold once more. Counted in the object's SQLite, together with the change
// of their rows, so that the counts survive restarts and evictions.
import { allHeaders } from "../../schemas/kafka/header-block.ts";
import { recordHeaders } from "../../schemas/record-headers.ts";
import { recordState } from "./forward-outcome.ts";
import type { ItemsBySignal } from "./forwarder.ts";
import { recordItems } from "./record-items.ts";
import type { SinkRecord } from "./sink.ts";

const schema = `CREATE TABLE IF NOT EXISTS late_outcomes (
  run TEXT NOT NULL,
  outcome INTEGER NOT NULL,
  signal TEXT NOT NULL,
  items INTEGER NOT NULL,
  PRIMARY KEY (run, outcome, signal)
) WITHOUT ROWID`;

const { oversize, repeatable, unknown } = recordState;

/** As which a record's state is counted: each send that ends in doubt may be one more repeat. */
const outcomeOf = (state: number | undefined): number | undefined => {
  if (state === unknown) return repeatable;
  return state === oversize || state === repeatable ? state : undefined;
};

/** Of the items of this run; a signal without any is absent. */
type LateItems = {
  readonly rejectedAfterAcknowledge: ItemsBySignal;
  readonly repeatableAfterAcknowledge: ItemsBySignal;
};

/** One per object; two rows per signal at most: those of earlier runs go with the next count. */
export class LateOutcomes {
  readonly #sql: Pick<SqlStorage, "exec">;
  readonly #runId: string;

  /**
   * `runId`: "" for none. Records of other runs are not counted: those who acknowledged them do
   * not count any more either.
   */
  constructor(sql: Pick<SqlStorage, "exec">, runId: string) {
    this.#sql = sql;
    this.#runId = runId;
    sql.exec(schema);
  }

  /** Records and their states after a send; within the transaction that settles them. */
  add(records: readonly SinkRecord[], states: Uint8Array): void {
    for (const [at, record] of records.entries()) {
      const outcome = outcomeOf(states[at]);
      if (outcome !== undefined) this.#count(record, outcome);
    }
  }

  #count(record: SinkRecord, outcome: number): void {
    const counted = recordItems(record.topic, record.value);
    const run = allHeaders(record)[recordHeaders.run] ?? "";
    if (counted === undefined || run !== this.#runId) return;
    this.#sql.exec("DELETE FROM late_outcomes WHERE run <> ?", run);
    this.#sql.exec(
      `INSERT INTO late_outcomes (run, outcome, signal, items) VALUES (?, ?, ?, ?)
       ON CONFLICT (run, outcome, signal) DO UPDATE SET items = items + excluded.items`,
      run,
      outcome,
      counted.signal,
      counted.items,
    );
  }

  /** Items of this run so far. */
  items(): LateItems {
    return {
      rejectedAfterAcknowledge: this.#of(oversize),
      repeatableAfterAcknowledge: this.#of(repeatable),
    };
  }

  #of(outcome: number): ItemsBySignal {
    const rows = this.#sql.exec<{ signal: string; items: number }>(
      "SELECT signal, items FROM late_outcomes WHERE run = ? AND outcome = ?",
      this.#runId,
      outcome,
    );
    return Object.fromEntries(Array.from(rows, ({ signal, items }) => [signal, items]));
  }
}
