// Types of the two kafkajs modules below its public surface that are imported as they are.
// kafkajs is pinned exactly; test/schemas/kafka fails when a bump moves or renames them.
declare module "kafkajs/src/network/socketFactory.js" {
  import type { ISocketFactory } from "kafkajs";

  /** kafkajs' own sockets: node:net or node:tls with keep-alive. */
  export default function createSocketFactory(): ISocketFactory;
}

declare module "kafkajs/src/consumer/batch.js" {
  import type { KafkaMessage } from "kafkajs";

  /** One partition of a fetch answer; `messages` is without control and aborted records. */
  export default class Batch {
    constructor(topic: string, fetchedOffset: string, partitionData: unknown);
    readonly messages: readonly KafkaMessage[];
    readonly highWatermark: string;
    lastOffset(): string;
    isEmptyIncludingFiltered(): boolean;
  }
}

declare module "kafkajs/src/protocol/recordBatch/record/v0/index.js" {
  /** One record of a batch of version 2. */
  export default function encodeRecord(record: {
    readonly offsetDelta: number;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: { readonly [name: string]: Buffer };
  }): { readonly buffer: Buffer };
}
