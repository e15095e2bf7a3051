// What the windows count beside their results: why an item is in no aggregate of its own key. All
// of these items are handled items all the same. Plain numbers of one thread, exact to 2^53.

/** May be shared by all partitions of a thread. */
export type WindowCounters = {
  /** Items that went into a window, the overflow key included. */
  counted: number;
  /** Items whose window was closed before. */
  late: number;
  /** Items more than futureMsMax ahead of their record's receive time. */
  future: number;
  /** Items counted under the overflow key: keysMax or keyBytesMax reached, or no UTF-8. */
  overflow: number;
  /** Rows handed over. */
  emitted: number;
  /** Rows of windows that an earlier run had emitted already. */
  muted: number;
  /** Windows closed because their partition was idle. */
  idleCloses: number;
};

/** All zero. */
export const newWindowCounters = (): WindowCounters => ({
  counted: 0,
  late: 0,
  future: 0,
  overflow: 0,
  emitted: 0,
  muted: 0,
  idleCloses: 0,
});
