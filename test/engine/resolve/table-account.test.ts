import { generateKeyPairSigner, getAddressDecoder } from "@solana/kit";
import { expect, it } from "vitest";

import { tableKeysOf } from "../../../engine/resolve/table-account.ts";
import { lookupTableData, lookupTableProgram } from "../../oracles/lookup-table.ts";
import { runSeed, seeded } from "../../random.ts";

const random = seeded(runSeed("table account"));
const key = () => getAddressDecoder().decode(random.bytes(32));
const owner = lookupTableProgram;

const addressesOf = (keys: Uint8Array | null): readonly string[] | null =>
  keys === null
    ? null
    : Array.from({ length: keys.length / 32 }, (_, i) =>
        getAddressDecoder().decode(keys.subarray(i * 32, i * 32 + 32)),
      );

// Account Cg21j6b5vAQ9xph1CJZdofhdFRoRAqXhP7K6rcx1tbnN of mainnet, as it is published in several
// clients' caches.
const recorded =
  "AQAAAP//////////1WI3DwAAAAAAAU8/WFFOvhIexdxEQUAkvKL32XrI5XkvcrKtZlnrQyYoAAAAAAAAAAAAAAAAAAAAAAAAAAAA" +
  "AAAAAAAAAAAAAAAAAAMGRm/lIRcy/+ytunLDm+e8jOW7xfcSayxDmzpAAAAABt324ddloZPZy+FGzut5rBy0he1fWzeROoz1hX7/" +
  "AKkG3fbh7nWP3hhCXbzkbM3athr8TYO5DSf+vfko2KGL/AVKU1D4XciC1hSlVnJ4iilt3x6rq9CmBniISTL07vagBqfVFxksXFEh" +
  "jMlMPUrxf1ja7gibof1E49vZigAAAAAGp9UXGMd0yShWY5hpHV62i164o5tLbVxzVVshAAAAAIyXJY9OJInxuz0QKRSODYMLWhOZ" +
  "2v8QhASOe9jb6fhZC3BlsePRfEU4nVJ/awTDzVi4bHMaoP21SbbRvAP4KUY=";

it("reads the addresses of a recorded account", () => {
  const data = new Uint8Array(Buffer.from(recorded, "base64"));
  expect(addressesOf(tableKeysOf({ owner, data }))).toEqual([
    "11111111111111111111111111111111",
    "ComputeBudget111111111111111111111111111111",
    "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
    "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
    "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo",
    "SysvarRent111111111111111111111111111111111",
    "SysvarC1ock11111111111111111111111111111111",
    "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
    "metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s",
  ]);
});

it("reads what another implementation writes: any number of addresses, frozen, deactivated", async () => {
  const authority = (await generateKeyPairSigner()).address;
  for (const count of [0, 1, 20, 255, 256]) {
    const addresses = Array.from({ length: count }, key);
    for (const more of [{}, { authority }, { authority, deactivationSlot: 7n }]) {
      const data = lookupTableData({ addresses, ...more });
      expect(addressesOf(tableKeysOf({ owner, data }))).toEqual(addresses);
    }
  }
});

it("takes nothing else for a table", () => {
  const data = lookupTableData({ addresses: [key(), key()] });
  const refused = (one: Uint8Array, by: string = owner): void =>
    expect(tableKeysOf({ owner: by, data: one })).toBe(null);
  refused(data, "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
  for (let length = 0; length < data.length; length += 1) {
    if (length >= 56 && (length - 56) % 32 === 0) continue;
    refused(data.subarray(0, length));
  }
  // Not made yet, and of a kind that there is not.
  for (const type of [0, 2, 257]) {
    const other = data.slice();
    new DataView(other.buffer).setUint32(0, type, true);
    refused(other);
  }
  refused(lookupTableData({ addresses: Array.from({ length: 257 }, key) }));
});
