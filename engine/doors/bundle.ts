// The door `weir/bundle`: transaction records of 32 bytes gathered into bundles of up to 16, and the
// senders: to Solana nodes, and to Jito's block engine. Prices are in 1/10,000, times monotonic ns,
// tips lamports. Senders get signed bytes, never keys; their default is a dry run, which checks
// everything and sends nothing, and they answer with values: no failure is thrown.
export {
  type AddOutcome,
  addOutcome,
  BundleBuilder,
  type BundleBuilderOptions,
  type BundleSink,
  type FlushReason,
} from "../bundle/bundle-builder.ts";
export {
  bundleAt,
  bundleBytes,
  bundleRecordsMax,
  bundleTimeoutNs,
  transactionAt,
  transactionRecordBytes,
  transactionSide,
} from "../bundle/bundle-layout.ts";
export { BundleStage, type BundleStageOptions } from "../bundle/bundle-stage.ts";
export { RingBundleSink } from "../bundle/ring-sink.ts";
export { type BundleGroup, jitoTransactionsMax, splitBundle } from "../bundle/split-bundle.ts";
export {
  checkRecord,
  copyRecord,
  readRecord,
  type RecordCode,
  recordCode,
  type TransactionFields,
  writeRecord,
} from "../bundle/transaction-record.ts";
export { type BackoffLimits, backoffDefaults } from "../send/backoff.ts";
export {
  type BundleEnd,
  type BundleOutcome,
  type FollowOptions,
  JitoSender,
  type JitoSenderOptions,
  type Receipt,
} from "../send/jito-sender.ts";
export {
  jitoTipAccounts,
  type TipInstruction,
  tipInstruction,
  tipLamportsMin,
  type TipOptions,
} from "../send/jito-tip.ts";
export { JsonRpc, type JsonRpcOptions, type RpcAnswer, type RpcValue } from "../send/json-rpc.ts";
export type { FailureClass, RpcFailure } from "../send/rpc-failure.ts";
export { RpcSender, type RpcSenderOptions, type SendOutcome } from "../send/rpc-sender.ts";
export { readSecret, Secret, SecretError } from "../send/secret.ts";
export {
  type Blockhash,
  type Commitment,
  type RpcAccount,
  type SignatureStatus,
  type Simulation,
  SolanaRpc,
} from "../send/solana-rpc.ts";
export { type BundleStatus, jitoUrl } from "../send/jito-region.ts";
