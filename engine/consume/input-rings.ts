// The rings that ingest writes, by role and lane: one for each stage thread. A lane that is given
// up keeps its ring, so that it can be taken up again.
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import { MessageRingWriter } from "../ring/message-ring-writer.ts";

export type InputRole = "market" | "stream";

/** Memories of message rings, by lane. */
export type InputMemories = { readonly [role in InputRole]: readonly SharedArrayBuffer[] };

type Ring = { readonly memory: SharedArrayBuffer; readonly writer: MessageRingWriter };

/** One in the ingest thread, the only writer of all these rings. */
export class InputRings {
  readonly #rings: { readonly [role in InputRole]: Ring[] } = { market: [], stream: [] };

  constructor(memories: InputMemories) {
    this.writers("market", memories.market);
    this.writers("stream", memories.stream);
  }

  /** Writers of the role's lanes; lanes seen before keep theirs. */
  writers(role: InputRole, memories: readonly SharedArrayBuffer[]): readonly MessageRingWriter[] {
    const rings = this.#rings[role];
    for (const memory of memories.slice(rings.length)) {
      rings.push({ memory, writer: new MessageRingWriter(memory) });
    }
    return rings.slice(0, memories.length).map(({ writer }) => writer);
  }

  /** Readers that stand in for those of lanes whose threads are dead. */
  standIns(role: InputRole, lanes: readonly number[]): readonly MessageRingReader[] {
    return lanes.flatMap((lane) => {
      const ring = this.#rings[role][lane];
      return ring === undefined ? [] : [new MessageRingReader(ring.memory)];
    });
  }
}
