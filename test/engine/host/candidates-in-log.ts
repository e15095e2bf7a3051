// What a running engine has put out on weir-candidates, for tests.
import type { openLog } from "../../../engine/log/open-log.ts";
import { type Candidate, decodeCandidate } from "../../../schemas/market/candidate.ts";
import { FrameReader } from "../../../schemas/market/frame.ts";

const recordsMax = 10_000;

/** All candidates so far, partition after partition. */
export const candidatesIn = async (
  log: Awaited<ReturnType<typeof openLog>>,
): Promise<readonly Candidate[]> => {
  const found: Candidate[] = [];
  const frame = new FrameReader();
  for (const [partition, { end }] of (await log.offsets("weir-candidates")).entries()) {
    if (end === 0) continue;
    const place = { topic: "weir-candidates", partition, offset: 0 } as const;
    for (const { value } of await log.read(place, recordsMax)) {
      const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
      frame.open(view, 0, value.length);
      while (frame.next()) {
        const candidate = decodeCandidate(view, frame.itemStart, frame.itemEnd);
        if (candidate !== null) found.push(candidate);
      }
    }
  }
  return found;
};
