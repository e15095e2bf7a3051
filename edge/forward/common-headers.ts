// What all records of a tenant and topic say of themselves: encoded once, not for each record.
import { HeaderBlock } from "../../schemas/kafka/header-block.ts";
import { recordHeaders, schemaOf } from "../../schemas/record-headers.ts";
import { isTopicName, topics } from "../../schemas/topics.ts";

/** Blocks that are kept; then all are made anew, as they come. */
const blocksMax = 1024;

const schemaHeader = (topic: string): string =>
  schemaOf(isTopicName(topic) ? topics[topic].encoding : "bytes");

/** Those of one forwarder instance. */
export class CommonHeaders {
  readonly #producerId: string;
  readonly #runId: string;
  readonly #byTenant = new Map<string, Map<string, HeaderBlock>>();
  #count = 0;

  /** `runId`: "" for none. */
  constructor(producerId: string, runId: string) {
    this.#producerId = producerId;
    this.#runId = runId;
  }

  of(tenant: string, topic: string): HeaderBlock {
    return this.#byTenant.get(tenant)?.get(topic) ?? this.#made(tenant, topic);
  }

  #made(tenant: string, topic: string): HeaderBlock {
    const block = new HeaderBlock({
      [recordHeaders.tenant]: tenant,
      [recordHeaders.producer]: this.#producerId,
      [recordHeaders.contentEncoding]: "identity",
      [recordHeaders.schema]: schemaHeader(topic),
      ...(this.#runId === "" ? {} : { [recordHeaders.run]: this.#runId }),
    });
    if (this.#count === blocksMax) this.#byTenant.clear();
    this.#count = (this.#count % blocksMax) + 1;
    const byTopic = this.#byTenant.get(tenant) ?? new Map<string, HeaderBlock>();
    this.#byTenant.set(tenant, byTopic.set(topic, block));
    return block;
  }
}
