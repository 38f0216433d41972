/**
 * The engine of mcp-daemon. Everything public is listed here, name by name.
 */
export { createDaemon, DEFAULT_PARTITION } from './daemon.js';
export type { Daemon, DaemonOptions, DaemonStats, SessionIdentity } from './daemon-api.js';
export type { DeclaredCapabilities } from './session/declaration.js';
export { Session } from './session/session.js';
export type { KeptSession, KeptSessions, TakingCaller } from './session/kept-sessions.js';
export type { SessionOwner } from './session/session-id.js';
export type { Peer } from './session/peer.js';
export { createTransportPair } from './session/transport.js';
export type { PairedTransport } from './session/transport.js';
export type { AnnouncedLists, Caller, Connection, Exchange, LegacySession } from './protocol/exchange.js';
export { encode } from './protocol/encode.js';
export { INSTANCES } from './protocol/server-info.js';
export { parameterHeaders } from './protocol/mirrored-headers.js';
export { TASKS_EXTENSION } from './protocol/tasks-extension.js';
export { MAX_MESSAGE_VALUES, MAX_NESTING, refuseInexactId, SMALL_MESSAGE_BYTES, weighMessage } from './protocol/scan.js';
export { abortReason } from './protocol/ended-by.js';
export type { EndedBy } from './protocol/ended-by.js';

export { defineCatalog, definePrompt, defineResource, defineTool } from './define.js';
export type {
  AnySchema,
  Arguments,
  CompletionFunction,
  FunctionOptions,
  PromptOptions,
  ResourceOptions,
  Structured,
  ToolOptions,
} from './define.js';
export { compileSchema } from './schema/compile/compile-schema.js';
export type { Check, CheckResult } from './schema/compile/compile-schema.js';
export { schemaReferences } from './schema/follow.js';
export { headerMistake } from './schema/header-check.js';
export type { SchemaReferences } from './schema/follow.js';
export type { StandardIssue, StandardResult, StandardSchema } from './schema/standard.js';
export type { JsonSchema, TypeOf } from './schema/types.js';
export { FunctionContext } from './call/context.js';
export type { ContextSource, NotificationCounters } from './call/context.js';
export type { RunEndedBy } from './call/scope.js';
export type { RequestContext } from './protocol/exchange.js';
export { ReturnValueError } from './call/return-value-error.js';
export { mergeExports } from './runner/exports.js';
export type { ModuleMembers } from './runner/exports.js';
export { ForeignValue } from './call/foreign-value.js';
export { isolationOf } from './runner/isolation.js';
export { elicit, inputRequired, listRoots, sample } from './input/requests.js';
export type { InputRequired } from './input/requests.js';

export { APPROVAL_POLICIES } from './ports/approval.js';
export type { Approval, ApprovalPolicy, ArgumentCondition } from './ports/approval.js';
export { DEFAULT_QUEUE, QUOTA_MAXIMA } from './ports/quota.js';
export type { ProcessLimits } from './ports/process-limits.js';
export type { CatalogQuotas, Quota, QuotaScope } from './ports/quota.js';
export type { QuotaStats } from './call/quotas.js';
export { TASK_ENDS } from './ports/task-stats.js';
export type { TaskEndKind, TaskStats } from './ports/task-stats.js';
export type { BundleEntry, BundleSource, FetchedBundle, KeptBundle } from './ports/bundles.js';
export type { CodeLocation, CodeLocator } from './ports/code.js';
export type { FileSource } from './ports/files.js';
export { MAX_SKILL_BYTES, MAX_SKILL_FILES } from './ports/skills.js';
export type { BundleFolders, BundleLocator, Skill, SkillBundle, SkillFile, SkillListener, SkillSource } from './ports/skills.js';
export { fileMediaType } from './base/file-media-type.js';
export { createSeal, sealingKey } from './base/seal.js';
export type { Seal } from './base/seal.js';
export { ISOLATIONS, MAX_TASK_TTL_MS, RETURN_TYPES, RUNTIMES, TASK_SUPPORTS } from './ports/definition.js';
export { RECORD_POLICIES } from './ports/record-policy.js';
export type { RecordBodies, RecordPolicy } from './ports/record-policy.js';
export type {
  Binding,
  CatalogDefinition,
  Completion,
  FileBinding,
  FunctionBase,
  FunctionDefinition,
  FunctionKind,
  InlineBinding,
  Isolation,
  LinkBinding,
  LinkUse,
  PassedAnswer,
  PromptArgument,
  PromptDefinition,
  ResourceDefinition,
  ResourceTemplateDefinition,
  ReturnType,
  Runtime,
  SkillReference,
  TaskSupport,
  ToolDefinition,
} from './ports/definition.js';

export { DOWN_MODES, MOUNT_CREDENTIALS, PIN_MODES } from './ports/mounts.js';
export type { DownMode, MountClient, MountCredentials, MountDefinition, MountSetting, PinMode } from './ports/mounts.js';

export { inspectConfigText, locateMistakes, parseConfig } from './config/config.js';
export type { ConfigReport, ParseOptions } from './config/config.js';
export { placeInBundle } from './config/bundle-place.js';
export type { BundlePlace } from './config/bundle-place.js';
export { checkConfig } from './config/check.js';
export type { ConfigSupport } from './config/check.js';
export { mountOf } from './config/mounts.js';
export type { ReadApproval } from './config/mounts.js';
export { normalizeConfig } from './config/normalize.js';
export type { Config, ServerIdentity } from './config/normalize.js';
export type {
  ConfigCompletionFunction,
  ConfigCompletions,
  ConfigDocument,
  ConfigFunction,
  ConfigLimits,
  ConfigLink,
  ConfigModule,
  ConfigApproval,
  ConfigCondition,
  ConfigMount,
  ConfigMountClient,
  ConfigNotes,
  ConfigPrompt,
  ConfigPromptArgument,
  ConfigQuota,
  ConfigQuotas,
  ConfigSkill,
  ConfigRecord,
  ConfigResource,
  ConfigResourceTemplate,
  ConfigTool,
  LinkType,
} from './config/document.js';

export { compareCatalogs } from './catalog/compare.js';
export type { CatalogChange } from './catalog/compare.js';
export { HostNames } from './catalog/host-names.js';
export { MASKED, maskSetting } from './catalog/mask.js';
export { documentOf, LINK_KEY, rowsOf } from './config/rows.js';
export type { RowsRead } from './config/rows.js';
export {
  revisionDigest,
  revisionText,
  settingIdOf,
  storedDocument,
  storeMistakes,
  withSettings,
} from './config/stored-document.js';
export type { ChooseSettingId, StoredConfig, StoredDocument, StoredLink, StoredModule } from './config/stored-document.js';
export { alignRows } from './stored/align-rows.js';
export type { AlignedRows, RowDifference } from './stored/align-rows.js';
export { conflictOf } from './stored/conflict.js';
export { adoptRows, applyConfig, applyPlan, editConfig, planAdoption } from './stored/apply.js';
export type { AdoptOptions, Applied, ApplyOptions, ChangeOptions } from './stored/apply.js';
export { createCachedStore } from './stored/cached.js';
export type { CachedStore, CachedStoreOptions, CachedStoreStats, PurgeKey } from './stored/cached.js';
export { copyStore } from './stored/copy.js';
export type { CopiedCount, CopiedPartition, CopyOptions, CopyProgress, CopyStep } from './stored/copy-report.js';
export { diffRevisions, exportConfig, findRevision, partitionStatus, rollbackTo, showRevision } from './stored/history.js';
export type { PartitionStatus } from './stored/history.js';
export { storedCatalog } from './stored/stored-catalog.js';
export { planConfig } from './stored/plan.js';
export type { ConfigPlan, PlanOptions, SettingChange } from './stored/plan.js';
export { definitionRows } from './stored/definition-rows.js';
export type { DefinitionRows } from './stored/definition-rows.js';
export { editRows } from './stored/edit-rows.js';
export type { EditedRows, EditRowsOptions } from './stored/edit-rows.js';
export { createRoutedSource } from './stored/routed.js';
export type { RoutedSourceOptions } from './stored/routed.js';
export { changeSetting, listSettings, removeSetting } from './stored/settings.js';
export type { ShownSetting } from './stored/settings.js';
export { createFixedSource } from './catalog/fixed.js';
export type { FixedCatalogSource } from './catalog/fixed.js';
export { createStoredSource } from './stored/source.js';
export type { StoredSource, StoredSourceOptions } from './stored/source.js';
export { createLineReader } from './base/lines.js';
export type { LineReader, LineReaderOptions } from './base/lines.js';
export { createCache } from './base/cache.js';
export type { Cache, CacheOptions, CacheStats } from './base/cache.js';

export { createMemoryStore } from './memory/store.js';
export type { MemoryStoreOptions } from './memory/store.js';
export { createMemoryCatalogStore } from './memory/catalogs.js';
export type { MemoryCatalogStore } from './memory/catalogs.js';
export { createMemoryBlobs } from './memory/blobs.js';
export { createMemoryState } from './memory/state.js';
export { checkState } from './records/state-bounds.js';
export { uuidv7 } from './base/uuid.js';
export { blobKeyProblem } from './base/blob-key.js';
export { bundleNameProblem, newKeptId, timeOfKeptId } from './base/bundle-name.js';
export { exactJson, exactJsonWithout } from './base/exact-numbers.js';
export { parseExactJson } from './config/exact-parse.js';
export { wholeSeconds } from './base/seconds.js';
export { createUnfinished, SAVING_MS } from './base/unfinished.js';
export type { Unfinished } from './base/unfinished.js';
export { compileUriTemplate } from './base/uri-template.js';
export type { NormalUri } from './base/uri.js';
export type { UriMatcher } from './base/uri-template.js';
export { revisionOf } from './catalog/revision.js';
export { missingCapabilities } from './input/requests.js';
export { compareText } from './base/order.js';
export { createBreather } from './base/breather.js';
export type { Breather, BreatherOptions } from './base/breather.js';
export { ownTurn } from './base/own-turn.js';
export { checkMany, fromCursor, isClient, pageLimit, toCursor } from './records/paging.js';
export { collectStatistics, errorRateOf, errorsOf, planStatistics } from './records/statistics.js';
export type { CallCounter, GroupedRecord, StatisticsCollector, StatisticsPlan } from './records/statistics.js';
export { MAX_STATISTICS_DAYS, STATISTICS_GROUPINGS, STATISTICS_ORDERS } from './ports/call-statistics.js';
export type {
  CallCounts,
  CallStatistics,
  StatisticsGroup,
  StatisticsGrouping,
  StatisticsOrder,
  StatisticsQuery,
  TimeSpent,
} from './ports/call-statistics.js';
export { CALL_STATUSES } from './ports/calls.js';
export { differences, ignoredPaths } from './base/difference.js';
export type { Difference, DifferenceOptions, IgnoredPaths } from './base/difference.js';
export { REPLAY_CLIENT, replayOf } from './records/replay-of.js';
export { withBundleVersion } from './replay/bundle-version.js';
export { functionOfRecord, isReadOnly, replayCall } from './replay/replay.js';
export { changedFunctions, trialProblems, tryCalls } from './replay/promote.js';
export type { TriedCall, TriedFunction, Trial, TrialPolicy, TryCallsOptions } from './replay/promote.js';
export { plannedCatalog } from './stored/planned-catalog.js';
export { exportFixtures } from './replay/fixture-export.js';
export type { ExportedFixtures, ExportFixturesOptions } from './replay/fixture-export.js';
export { createFixtures } from './replay/fixture-player.js';
export type { FixturesOptions, LoadedFixtures } from './replay/fixture-player.js';
export { FIXTURE_FORMAT, FIXTURE_METHODS, FIXTURE_VERSION } from './ports/fixtures.js';
export type { FixtureCall, FixtureDocument, FixtureReport, Fixtures, UnknownCall } from './ports/fixtures.js';
export type { Replay, ReplayDaemon, ReplayOptions, ReplaySide } from './replay/replay.js';
export type { Awaitable } from './base/awaitable.js';
export type {
  CallFault,
  CallFilters,
  CallQuery,
  CallRecord,
  CallStatus,
  CallStore,
  GetManyOptions,
  LastPrune,
  StoreStats,
  McpType,
  Retention,
  Store,
} from './ports/calls.js';
export type { Page, PageQuery } from './ports/page.js';
export type { BlobStore } from './ports/blobs.js';
export { MAX_STATE_BYTES, STATE_KEY_LENGTH } from './ports/state.js';
export type { PutState, StateEntry, StateStore } from './ports/state.js';
export type {
  Telemetry,
  TelemetryApi,
  TelemetryAttributes,
  TelemetryHistogram,
  TelemetrySpan,
  TelemetrySpanContext,
  TelemetrySpanOptions,
} from './ports/telemetry.js';
export type {
  CatalogStore,
  Commit,
  HistoryEntry,
  PartitionHead,
  RevisionAction,
  StoredPartition,
} from './ports/catalog-store.js';
export type {
  AuditFields,
  BadRow,
  CatalogRows,
  FunctionRow,
  ModuleClass,
  ModuleRow,
  RowChanges,
  SettingPage,
  SettingRow,
} from './ports/rows.js';
export type { CatalogSource, CatalogSourceStats } from './ports/catalogs.js';
export type { CachedCatalog, CatalogCache, CatalogCacheStats } from './catalog/cached.js';
export type { LoadedModule, ModuleSource } from './ports/modules.js';
export type { LoginStatus, ResolvedFunction, Runner, RunnerCounts, ServerStatus } from './ports/runner.js';
export { createInProcessRunner } from './runner/in-process.js';
export type { InProcessRunnerOptions } from './runner/in-process.js';
export type { Logger } from './ports/logger.js';
export type { Limits } from './protocol/limits.js';
export type { RecorderStats } from './records/recorder.js';
export type { RetentionOptions } from './records/upkeep.js';
export type {
  CallAnnounced,
  CallEnd,
  CallEvent,
  CatalogEvent,
  DaemonEvent,
  EventBus,
  EventListener,
  Following,
  HistoryGap,
  KeptEvent,
  ListKind,
} from './events/bus.js';

export { ConfigError, DaemonError, INSUFFICIENT_SCOPE_NUMBER, OVERLOADED_NUMBER, UpstreamError } from './protocol/errors.js';
export type { ErrorCode, Mistake } from './protocol/errors.js';
export { hasScopes, LOGIN_SCOPES, scopeProblem, scopesIn } from './protocol/scopes.js';
export type { HeldScopes } from './protocol/scopes.js';
export { LEGACY_VERSIONS, MODERN_VERSIONS, supports } from './protocol/versions.js';
export type { Feature } from './protocol/versions.js';
export { LOG_LEVELS, messageCount, META } from './protocol/messages.js';
export type {
  CallToolResult,
  ClientCapabilities,
  ContentBlock,
  Icon,
  Implementation,
  InputRequest,
  JsonRpcError,
  JsonRpcErrorObject,
  JsonRpcMessage,
  JsonRpcNotification,
  JsonRpcRequest,
  JsonRpcResponse,
  JsonRpcResult,
  LogLevel,
  RequestId,
  Transport,
} from './protocol/messages.js';
export { isObject } from './base/json.js';
export type { JsonObject } from './base/json.js';
export { didYouMean, nearest } from './base/nearest.js';
export { referenceParts } from './base/references.js';
export type { Reference, ReferencePart, ReferenceScheme } from './base/references.js';
export type { Era, ProtocolVersion } from './protocol/versions.js';
