// The shapes of spans that were seen: a tree of (key, value type) from a root, one state per step,
// and at a state the verdicts of spans that end there. It grows while it has room; when it is full
// unknown shapes take the direct path, and after a while it begins anew, so that a sender of ever
// new shapes costs everybody at most the direct path. One per plan: while tenants are few, one's cannot
// fill another's.
//
// An edge:    key length << 4 | type, offset of the key, target state, next edge, watched attribute,
//             of numbers the highest that is fine and the lowest one, bytes up to which a value
//             needs no look
// A state:    first edge, first verdict, edges, verdicts
// A verdict:  selector, next verdict, first finding, findings, decision, group
// A finding:  code, attribute, place
import { sampleType } from "../weaver/table-layout.ts";
import { KnownAttributes } from "./known-attributes.ts";

export const statesMax = 16_384;
export const shapeKeyBytesMax = 512 << 10;
/** Edges of one state and verdicts at one state: what a search may cost. */
const branchesMax = 64;
const verdictsMax = 16_384;
const shapeFindingsMax = 65_536;
/** Misses after which a full tree begins anew. */
const missesMax = 65_536;

export const edgeWord = {
  head: 0,
  keyAt: 1,
  target: 2,
  next: 3,
  watched: 4,
  high: 5,
  low: 6,
  fineBytes: 7,
} as const;
const edgeStride = 8;
export const stateWord = { edge: 0, verdict: 1, edges: 2, verdicts: 3 } as const;
export const stateStride = 4;
export const verdictWord = {
  selector: 0,
  next: 1,
  findings: 2,
  count: 3,
  decision: 4,
  group: 5,
} as const;
const verdictStride = 8;
const shapeFindingStride = 3;

/** As highest number that is fine: whatever the value is. As a value: none that has a range. */
export const beyond = 2 ** 31 - 1;

/** The state of a span without attributes; 0 = no state, no edge, no verdict. */
export const rootState = 1;

const statesAtFirst = 256;
const keyBytesAtFirst = 8192;

const doubled = (cells: Int32Array): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(cells.length * 2);
  larger.set(cells);
  return larger;
};

/** What a new edge is: its key stands in `bytes` at `keyAt`. */
export type NewEdge = {
  readonly bytes: Uint8Array;
  readonly keyAt: number;
  readonly head: number;
  readonly watched: number;
  /** Numbers, or lengths of texts, that need no look; low above high = none. */
  readonly low: number;
  readonly high: number;
};

export class Shapes {
  edges: Int32Array = new Int32Array(statesAtFirst * edgeStride);
  states: Int32Array = new Int32Array(statesAtFirst * stateStride);
  verdicts: Int32Array = new Int32Array(statesAtFirst * verdictStride);
  findings: Int32Array = new Int32Array(statesAtFirst * shapeFindingStride);
  readonly known = new KnownAttributes(statesMax);
  keys: Uint8Array<ArrayBuffer> = new Uint8Array(keyBytesAtFirst);
  keysView: DataView = new DataView(this.keys.buffer);
  /** Spans that found no place since the tree was full. */
  misses = 0;
  /** How often it began anew. */
  restarts = 0;
  #states = rootState + 1;
  #edges = 1;
  #verdicts = 1;
  #findings = 0;
  #keyBytes = 0;

  constructor() {
    // No edge takes no value.
    this.edges[edgeWord.fineBytes] = -1;
  }

  get stateCount(): number {
    return this.#states;
  }

  /** Adds an edge to a new state; returns the edge, or 0 when there is no room. */
  addEdge(state: number, made: NewEdge): number {
    const { bytes, keyAt, head } = made;
    const length = head >>> 4;
    const row = state * stateStride;
    const branches = this.states[row + stateWord.edges] as number;
    if (branches >= branchesMax || this.#states >= statesMax) return this.#miss();
    if (this.#keyBytes + length > shapeKeyBytesMax) return this.#miss();
    this.#reserve(length);
    const target = this.#states;
    const edge = this.#edges * edgeStride;
    for (let i = 0; i < length; i += 1) this.keys[this.#keyBytes + i] = bytes[keyAt + i] as number;
    this.edges[edge + edgeWord.head] = head;
    this.edges[edge + edgeWord.keyAt] = this.#keyBytes;
    this.edges[edge + edgeWord.target] = target;
    this.edges[edge + edgeWord.next] = this.states[row + stateWord.edge] as number;
    this.edges[edge + edgeWord.watched] = made.watched;
    this.#fine(edge, made);
    this.states[row + stateWord.edge] = edge;
    this.states[row + stateWord.edges] = branches + 1;
    this.#states += 1;
    this.#edges += 1;
    this.#keyBytes += length;
    return edge;
  }

  /**
   * Adds a verdict without findings at a state; returns it, or 0 when there is no room for it and
   * `findings` of them.
   */
  addVerdict(state: number, selector: number, findings: number): number {
    const row = state * stateStride;
    const count = this.states[row + stateWord.verdicts] as number;
    const isFull = this.#verdicts >= verdictsMax || this.#findings + findings > shapeFindingsMax;
    if (count >= branchesMax || isFull) return this.#miss();
    if ((this.#verdicts + 1) * verdictStride > this.verdicts.length) {
      this.verdicts = doubled(this.verdicts);
    }
    while ((this.#findings + findings) * shapeFindingStride > this.findings.length) {
      this.findings = doubled(this.findings);
    }
    const verdict = this.#verdicts * verdictStride;
    this.verdicts[verdict + verdictWord.selector] = selector;
    this.verdicts[verdict + verdictWord.next] = this.states[row + stateWord.verdict] as number;
    this.verdicts[verdict + verdictWord.findings] = this.#findings * shapeFindingStride;
    this.verdicts[verdict + verdictWord.count] = 0;
    this.states[row + stateWord.verdict] = verdict;
    this.states[row + stateWord.verdicts] = count + 1;
    this.#verdicts += 1;
    return verdict;
  }

  /** Adds a finding to the verdict that was added last, which has room. */
  addFinding(verdict: number, code: number, attribute: number, place: number): void {
    const at = this.#findings * shapeFindingStride;
    this.findings[at] = code;
    this.findings[at + 1] = attribute;
    this.findings[at + 2] = place;
    const count = this.verdicts[verdict + verdictWord.count] as number;
    this.verdicts[verdict + verdictWord.count] = count + 1;
    this.#findings += 1;
  }

  /** Between passes: a tree that was full for long begins anew. */
  refresh(): void {
    this.known.refresh();
    if (this.misses < missesMax) return;
    this.edges.fill(0);
    this.edges[edgeWord.fineBytes] = -1;
    this.states.fill(0);
    this.known.clear();
    this.#states = rootState + 1;
    this.#edges = 1;
    this.#verdicts = 1;
    this.#findings = 0;
    this.#keyBytes = 0;
    this.misses = 0;
    this.restarts += 1;
  }

  /** Which values need no look. Only its length tells it of a text. */
  #fine(edge: number, { head, low, high }: NewEdge): void {
    const isText = (head & 15) === sampleType.string;
    const isAny = high === beyond;
    this.edges[edge + edgeWord.fineBytes] = isText || isAny ? high : -1;
    this.edges[edge + edgeWord.low] = low;
    this.edges[edge + edgeWord.high] = high;
  }

  #miss(): number {
    this.misses += 1;
    return 0;
  }

  #reserve(keyBytes: number): void {
    if ((this.#states + 1) * stateStride > this.states.length) this.states = doubled(this.states);
    if ((this.#edges + 1) * edgeStride > this.edges.length) this.edges = doubled(this.edges);
    if (this.#keyBytes + keyBytes <= this.keys.length) return;
    const keys = new Uint8Array(this.keys.length * 2);
    keys.set(this.keys);
    this.keys = keys;
    this.keysView = new DataView(keys.buffer);
  }
}
