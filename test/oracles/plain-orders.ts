// The plain twin of engine/orders: one map of orders, and a book that is summed from scratch
// whenever it is asked for. Prices in units of 10^-4. Slow and obviously right.

export type PlainOrder = { readonly isBid: boolean; readonly price: number; readonly size: number };

/** [price, size], best first. */
export type PlainSide = [number, number][];

export class PlainOrders {
  readonly orders = new Map<number, PlainOrder>();

  put(id: number, order: PlainOrder): void {
    this.orders.set(id, order);
  }

  reduce(id: number, size: number): void {
    const order = this.orders.get(id);
    if (order === undefined) return;
    if (size >= order.size) this.orders.delete(id);
    else this.orders.set(id, { ...order, size: order.size - size });
  }

  remove(id: number): void {
    this.orders.delete(id);
  }

  levels(isBid: boolean): PlainSide {
    const sums = new Map<number, number>();
    for (const order of this.orders.values()) {
      if (order.isBid !== isBid) continue;
      sums.set(order.price, (sums.get(order.price) ?? 0) + order.size);
    }
    return [...sums].sort(([a], [b]) => (isBid ? b - a : a - b));
  }
}
