// The lanes of a role: one for each thread of it, with rings to and from it, counters, books and
// events of its own, so that nothing in shared memory has two writers. The first lane of both roles
// is the engine's own memory; others are made when they are first needed and kept when they are
// given up, so that what was counted there stays counted. Control only.
import type { InputMemories, InputRole } from "../consume/input-rings.ts";
import { createTableRequests } from "../resolve/table-request.ts";
import type { TapMemory } from "../submit/tap.ts";
import type { EngineMemory, MemorySizes } from "./memory.ts";
import { createEngineMemory, memoryDefaults } from "./memory.ts";
import type { Output } from "./thread-data.ts";

export type Lane = {
  readonly role: InputRole;
  /** From 0. */
  readonly index: number;
  /** Of its worker: `market`, `market-2`, ... */
  readonly name: string;
  /** Positions, item counts, replays, lookup tables, traces and the log's wake are everybody's. */
  readonly memory: EngineMemory;
};

export const inputOf = ({ role, memory }: Lane): SharedArrayBuffer =>
  role === "market" ? memory.ingestMarket : memory.ingestStream;

export const outputOf = ({ role, memory }: Lane): SharedArrayBuffer =>
  role === "market" ? memory.marketEgress : memory.streamEgress;

export class Lanes {
  /** In the order of their making. */
  readonly all: Lane[] = [];
  /** Of the sniffer's events, one for each market lane. */
  readonly events: SharedArrayBuffer[] = [];
  /** Those, and others that are to be looked at. */
  readonly shownEvents: SharedArrayBuffer[] = [];
  readonly #memory: EngineMemory;
  readonly #sizes: MemorySizes;
  readonly #counts = { market: 0, stream: 0 };

  constructor(memory: EngineMemory, sizes: MemorySizes = memoryDefaults) {
    this.#memory = memory;
    this.#sizes = sizes;
    this.resize("market", 1);
    this.resize("stream", 1);
  }

  /** From 1 to `lanesMaxOf(role)` lanes. */
  resize(role: InputRole, count: number): void {
    this.#counts[role] = count;
    for (let index = this.#made(role).length; index < count; index += 1) {
      const name = index === 0 ? role : `${role}-${index + 1}`;
      const memory = index === 0 ? this.#memory : laneMemory(this.#memory, this.#sizes);
      this.all.push({ role, index, name, memory });
      if (role !== "market") continue;
      this.events.push(memory.events);
      this.shownEvents.push(memory.events);
    }
  }

  count(role: InputRole): number {
    return this.#counts[role];
  }

  /** Lanes of the role that have, or shall have, a thread. */
  active(role: InputRole): readonly Lane[] {
    return this.#made(role).slice(0, this.#counts[role]);
  }

  /** Lanes of the role whose threads are dead, those that were given up included. */
  dead(role: InputRole, names: ReadonlySet<string>): readonly Lane[] {
    return this.#made(role).filter(
      ({ name, index }) => names.has(name) || index >= this.#counts[role],
    );
  }

  inputs(): InputMemories {
    return {
      market: this.active("market").map(inputOf),
      stream: this.active("stream").map(inputOf),
    };
  }

  /** Also of lanes that were given up: something may be left in their rings. */
  outputs(): readonly Output[] {
    return this.all.map((lane) => ({ role: lane.role, ring: outputOf(lane) }));
  }

  /** Also of lanes that were given up. */
  taps(): readonly TapMemory[] {
    return this.#made("market").flatMap(({ memory: { tap } }) => (tap === null ? [] : [tap]));
  }

  /** Also of lanes that were given up. */
  tableRequests(): readonly SharedArrayBuffer[] {
    return this.#made("market").flatMap(({ memory: { tables } }) =>
      tables === null ? [] : [tables.requests],
    );
  }

  #made(role: InputRole): readonly Lane[] {
    return this.all.filter((lane) => lane.role === role);
  }
}

const laneMemory = (
  { positions, items, replays, tables, traces, wake, sniff }: EngineMemory,
  sizes: MemorySizes,
): EngineMemory => ({
  ...createEngineMemory(sniff.verify.length, { ...sizes, replayWindow: 0, lookupTables: 0 }),
  positions,
  items,
  replays,
  tables: tables === null ? null : { cache: tables.cache, requests: createTableRequests() },
  traces,
  wake,
});
