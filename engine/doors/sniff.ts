// The door `weir/sniff`: finds watched instructions in Solana transactions. `Sniffer` is one call on
// wire bytes; `sniffLine` gives what `weir sniff` prints; the four stages are the same work cut for
// threads of its own, joined by message rings: prefilter, extract, secure, handoff. Keys are 32
// bytes, amounts raw integers; what is not known is absent, never 0.
export { Sniffer, snifferCounter, type SnifferOptions } from "../sniff/sniffer.ts";
export { matchField } from "../sniff/match-table.ts";
export { verdict, type Verdict, verdictName, verdictReason } from "../sniff/verdict.ts";
export { sniffLine, type SniffInput, type SniffLine } from "../sniff/sniff-line.ts";
export { type WatchedProgram, watchedPrograms, WatchList } from "../sniff/watch-list.ts";
export { Prefilter, type PrefilterOptions, type PrefilterVerdict } from "../sniff/prefilter.ts";
export { PrefilterStage, type StageParts } from "../sniff/prefilter-stage.ts";
export { type ExtractOptions, ExtractStage } from "../sniff/extract-stage.ts";
export { LookupTables } from "../sniff/lookup-tables.ts";
export type { AccountTables } from "../sniff/table-extractor.ts";
export { volumeDefaults, type VolumeOptions, VolumePriority } from "../sniff/volume-priority.ts";
export { type SecureOptions, SecureStage } from "../sniff/secure-stage.ts";
export {
  createVerifyMemory,
  startVerifiers,
  VerifyPool,
  type VerifyThreadData,
} from "../sniff/verify-pool.ts";
export {
  createHandoffMemory,
  type HandoffDiagnostics,
  readCorrelationSamples,
  readHandoffDiagnostics,
} from "../handoff/handoff-diagnostics.ts";
export {
  type CorrelationSample,
  dropRate,
  latencyConfidencePearson,
  meanLatencyUs,
} from "../handoff/latency-correlation.ts";
export {
  type DropPolicy,
  handoffDefaults,
  type HandoffOptions,
} from "../handoff/handoff-options.ts";
export {
  type HandoffParts,
  handoffResult,
  type HandoffResult,
  HandoffStage,
} from "../handoff/handoff-stage.ts";
export type { HandoffBatch } from "../handoff/lane.ts";
export type { HandoffSenders, SyncBatchSender } from "../handoff/sender.ts";
export { type Candidate, decodeCandidate } from "../../schemas/market/candidate.ts";
export {
  type InstructionForm,
  type InstructionRule,
  instructionRules,
  programIds,
  type ProgramName,
} from "../../schemas/market/programs.ts";
export {
  candidateMessageAt,
  itemAt,
  receivedAt,
  stageMessage,
  traceIdAt,
} from "../../schemas/market/stage-message.ts";
export {
  transactionCode,
  type TransactionCode,
  transactionReasons,
} from "../../schemas/market/transaction-layout.ts";
export {
  TransactionItem,
  transactionItemCode,
  type TransactionItemCode,
  transactionItemFlag,
  transactionItemHeaderBytes,
} from "../../schemas/market/transaction-item.ts";
export { decodeBase58, encodeBase58 } from "../../schemas/market/base58.ts";
