// Error bodies as nodes of Agave's RPC service and Jito's block engine write them: texts and shapes
// from the cluster's JSON-RPC documentation, its source and public issue threads.
type ErrorBody = { readonly code: number; readonly message: string; readonly data?: unknown };

const simulated = (err: unknown, logs: readonly string[]): unknown => ({
  accounts: null,
  err,
  innerInstructions: null,
  logs,
  returnData: null,
  unitsConsumed: 0,
});

export const errorBodies = {
  blockhashNotFound: {
    code: -32_002,
    message: "Transaction simulation failed: Blockhash not found",
    data: simulated("BlockhashNotFound", []),
  },
  alreadyProcessed: {
    code: -32_002,
    message: "Transaction simulation failed: This transaction has already been processed",
    data: simulated("AlreadyProcessed", []),
  },
  preflightFailed: {
    code: -32_002,
    message:
      "Transaction simulation failed: Error processing Instruction 2: custom program error: 0x1771",
    data: simulated({ InstructionError: [2, { Custom: 6001 }] }, [
      "Program ComputeBudget111111111111111111111111111111 invoke [1]",
      "Program ComputeBudget111111111111111111111111111111 success",
    ]),
  },
  signatureVerification: {
    code: -32_003,
    message: "Transaction signature verification failure",
  },
  blockNotAvailable: { code: -32_004, message: "Block not available for slot 241043141" },
  nodeBehind: {
    code: -32_005,
    message: "Node is behind by 153 slots",
    data: { numSlotsBehind: 153 },
  },
  precompile: {
    code: -32_006,
    message: "Transaction precompile verification failure InvalidAccountIndex",
  },
  signatureLength: { code: -32_013, message: "Transaction signature length mismatch" },
  version: {
    code: -32_015,
    message:
      'Transaction version (0) is not supported by the requesting client. Please try the request again with the following configuration parameter: "maxSupportedTransactionVersion": 0',
  },
  minContextSlot: {
    code: -32_016,
    message: "Minimum context slot has not been reached",
    data: { contextSlot: 241043140 },
  },
  invalidParams: {
    code: -32_602,
    message:
      "failed to deserialize solana_transaction::versioned::VersionedTransaction: io error: failed to fill whole buffer",
  },
  internalError: { code: -32_603, message: "Internal error" },
  methodNotFound: { code: -32_601, message: "Method not found" },
  publicRateLimit: {
    code: 429,
    message:
      "Too many requests for a specific RPC call, contact your app developer or support@rpcpool.com.",
  },
  providerUsage: { code: -32_429, message: "max usage reached" },
  jitoRateLimit: {
    code: -32_097,
    message: "Network congested. Endpoint is globally rate limited.",
  },
  jitoNoTip: {
    code: -32_602,
    message: "Bundles must write lock at least one tip account",
  },
} as const satisfies { readonly [name: string]: ErrorBody };

export type { ErrorBody };
