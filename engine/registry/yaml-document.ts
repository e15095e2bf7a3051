// What a reader of YAML hands on; two readers do, one complete and one fast.

/** Keys and indexes from the top of a document down to a node. */
export type Path = readonly (string | number)[];

export type YamlFault = { readonly line: number; readonly message: string };

export type YamlDocument = {
  /** Null when there are faults. */
  readonly value: unknown;
  /** What makes it no YAML. */
  readonly faults: readonly YamlFault[];
  /** Of the node, or of the nearest one above it that exists; counts from 1. */
  readonly lineOf: (path: Path) => number;
  /** As written, of the plain or quoted scalar there; null when there is none. */
  readonly sourceOf: (path: Path) => string | null;
};
