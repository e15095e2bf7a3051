// Accounts of address lookup tables as a node shows them, written with the codecs of @solana/kit from
// the program's published state (ProgramState::LookupTable and LookupTableMeta).
import {
  type Address,
  fixEncoderSize,
  getAddressEncoder,
  getArrayEncoder,
  getOptionEncoder,
  getStructEncoder,
  getU16Encoder,
  getU32Encoder,
  getU64Encoder,
  getU8Encoder,
} from "@solana/kit";

export const lookupTableProgram = "AddressLookupTab1e1111111111111111111111111";

export type LookupTable = {
  readonly addresses: readonly Address[];
  readonly authority?: Address;
  readonly deactivationSlot?: bigint;
};

const active = 2n ** 64n - 1n;
const metaBytes = 56;

const meta = fixEncoderSize(
  getStructEncoder([
    ["type", getU32Encoder()],
    ["deactivationSlot", getU64Encoder()],
    ["lastExtendedSlot", getU64Encoder()],
    ["lastExtendedSlotStartIndex", getU8Encoder()],
    ["authority", getOptionEncoder(getAddressEncoder())],
    ["padding", getU16Encoder()],
  ]),
  metaBytes,
);

const addresses = getArrayEncoder(getAddressEncoder(), { size: "remainder" });

/** The account's bytes. */
export const lookupTableData = (table: LookupTable): Uint8Array =>
  Uint8Array.from(
    Buffer.concat([
      Buffer.from(
        meta.encode({
          type: 1,
          deactivationSlot: table.deactivationSlot ?? active,
          lastExtendedSlot: 241_043_000n,
          lastExtendedSlotStartIndex: 0,
          authority: table.authority ?? null,
          padding: 0,
        }),
      ),
      Buffer.from(addresses.encode([...table.addresses])),
    ]),
  );

/** `data` of the account with encoding jsonParsed. */
export const lookupTableParsed = (table: LookupTable): unknown => ({
  parsed: {
    info: {
      addresses: table.addresses,
      ...(table.authority !== undefined && { authority: table.authority }),
      deactivationSlot: String(table.deactivationSlot ?? active),
      lastExtendedSlot: "241043000",
      lastExtendedSlotStartIndex: 0,
    },
    type: "lookupTable",
  },
  program: "address-lookup-table",
  space: metaBytes + table.addresses.length * 32,
});
