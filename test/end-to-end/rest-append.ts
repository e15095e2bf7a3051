// Appends a record over the embedded log's REST endpoint, as the edge does.
import type { Append } from "./kill-load.ts";

export const restAppend =
  (url: string): Append =>
  async ({ topic, partition, value }) => {
    const response = await fetch(`${url}/v3/clusters/weir/topics/${topic}/records`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        partition_id: partition,
        value: { type: "BINARY", data: Buffer.from(value).toString("base64") },
      }),
      signal: AbortSignal.timeout(60_000),
    });
    const result = (await response.json()) as { error_code?: number; offset?: number };
    if (result.error_code !== 200 || result.offset === undefined) throw new Error("refused");
    return result.offset;
  };
