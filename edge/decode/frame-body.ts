// Binary bodies of the market endpoints: a frame (schemas/market/frame.ts), as in their topics.
import {
  FrameReader,
  frameFault,
  frameFaultNames,
  frameLimits,
} from "../../schemas/market/frame.ts";
import { type Refusal, refuse } from "../errors.ts";

/** The items as views into the body, or why the framing cannot be followed to its end. */
export const frameItems = (body: Uint8Array, itemsMax: number): readonly Uint8Array[] | Refusal => {
  // A body may fill several records: its own bound is that of all bodies.
  const reader = new FrameReader({ ...frameLimits, bytesMax: body.byteLength, itemsMax });
  const items: Uint8Array[] = [];
  reader.open(new DataView(body.buffer, body.byteOffset, body.byteLength), 0, body.byteLength);
  while (reader.next()) items.push(body.subarray(reader.itemStart, reader.itemEnd));
  if (reader.fault === frameFault.none) return items;
  const what = frameFaultNames[reader.fault] ?? "malformed frame";
  const isSize = reader.fault === frameFault.tooManyItems;
  const limits = `itemBytesMax=${frameLimits.itemBytesMax} REQUEST_ITEMS_MAX=${itemsMax}`;
  return refuse(
    isSize ? "body-too-large" : "malformed",
    `body: ${what} at byte ${reader.faultAt}, item ${items.length} (${limits})`,
    { field: "body" },
  );
};
