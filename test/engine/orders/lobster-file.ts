// Writes LOBSTER's two files for tests: messages as they come, and the row of a book of N levels
// made by the plain twin from all orders, which is what the check must agree with.
import type { PlainOrders } from "../../oracles/plain-orders.ts";
import type { OrderEvent } from "./random-orders.ts";

/** One row of the file of messages. */
export const lobsterMessage = (type: number, rest: string, time = "34200.000000001"): string =>
  `${time},${type},${rest}`;

const columns = (
  [price, size]: readonly [number, number] | [],
  dummy: string,
): readonly (number | string)[] => (price === undefined ? [dummy, 0] : [price, size ?? 0]);

/** One row of the file of books: the best `levels` of both sides. */
export const lobsterBookRow = (twin: PlainOrders, levels: number): string => {
  const [asks, bids] = [twin.levels(false), twin.levels(true)];
  return Array.from({ length: levels }, (_, i) => [
    ...columns(asks[i] ?? [], "9999999999"),
    ...columns(bids[i] ?? [], "-9999999999"),
  ]).join(",");
};

/** The event as LOBSTER writes it, which has no replacement: a deletion and a new order. */
export const lobsterEvents = (
  event: OrderEvent,
  before: PlainOrders,
): { readonly row: string; readonly after: () => void }[] => {
  const { id } = event;
  const order = event.kind === "add" ? event.order : before.orders.get(id)!;
  const row = (type: number, size: number): string =>
    lobsterMessage(type, `${id},${size},${order.price},${order.isBid ? 1 : -1}`);
  if (event.kind === "add")
    return [{ row: row(1, order.size), after: () => before.put(id, order) }];
  if (event.kind === "remove") return [{ row: row(3, order.size), after: () => before.remove(id) }];
  if (event.kind === "replace") {
    const added = { kind: "add", id: event.newId, order: event.order } as const;
    const removed = { row: row(3, order.size), after: () => before.remove(id) };
    return [removed, ...lobsterEvents(added, before)];
  }
  const after = (): void => before.reduce(id, event.size);
  return [{ row: row(event.kind === "execute" ? 4 : 2, event.size), after }];
};
