/**
 * The engine of mcp-daemon. Everything public is listed here, name by name.
 */
export { createDaemon, DEFAULT_PARTITION } from './daemon.js';
export type { Daemon, DaemonOptions, DaemonStats, SessionIdentity } from './daemon.js';
export { Session } from './session.js';
export type { Peer } from './session.js';
export { createTransportPair } from './transport.js';
export type { PairedTransport } from './transport.js';
export type { Exchange } from './exchange.js';
export { encode } from './encode.js';

export { defineCatalog, definePrompt, defineResource, defineTool } from './define.js';
export type {
  AnySchema,
  Arguments,
  CompletionFunction,
  PromptOptions,
  ResourceOptions,
  Structured,
  ToolOptions,
} from './define.js';
export { compileSchema } from './schema/validator.js';
export type { Check, CheckResult } from './schema/validator.js';
export type { StandardSchema } from './schema/standard.js';
export type { JsonSchema, TypeOf } from './schema/types.js';
export { FunctionContext } from './context.js';
export { elicit, inputRequired, listRoots, sample } from './input.js';
export type { InputRequired } from './input.js';

export { RECORD_POLICIES, RETURN_TYPES } from './definition.js';
export type {
  Binding,
  CatalogDefinition,
  FunctionDefinition,
  FunctionKind,
  LinkBinding,
  PromptDefinition,
  RecordPolicy,
  ResourceDefinition,
  ResourceTemplateDefinition,
  ReturnType,
  ToolDefinition,
} from './definition.js';

export { parseConfig } from './config/config.js';
export type { ParseOptions } from './config/config.js';
export { checkConfig } from './config/check.js';
export type { ConfigSupport } from './config/check.js';
export { normalizeConfig } from './config/normalize.js';
export type { Config, ServerIdentity } from './config/normalize.js';
export type { ConfigDocument } from './config/document.js';

export { createMemoryStore } from './memory.js';
export { fromCursor, pageLimit, toCursor } from './paging.js';
export { CALL_STATUSES } from './ports.js';
export type {
  Awaitable,
  CallFault,
  CallQuery,
  CallRecord,
  CallStatus,
  CallStore,
  LoadedModule,
  Logger,
  McpType,
  ModuleSource,
  Page,
  Retention,
  Store,
} from './ports.js';
export type { Limits } from './limits.js';
export type { RecorderStats } from './recorder.js';
export type {
  CallEnd,
  CallEvent,
  CatalogEvent,
  DaemonEvent,
  EventBus,
  EventListener,
  Following,
  HistoryGap,
  KeptEvent,
} from './events.js';

export { ConfigError, DaemonError } from './errors.js';
export type { ErrorCode, Mistake } from './errors.js';
export { LEGACY_VERSIONS, LOG_LEVELS, META, MODERN_VERSIONS } from './protocol.js';
export type {
  CallToolResult,
  ContentBlock,
  Implementation,
  JsonObject,
  JsonRpcMessage,
  JsonRpcNotification,
  JsonRpcRequest,
  JsonRpcResponse,
  LogLevel,
  ProtocolVersion,
  RequestId,
  Transport,
} from './protocol.js';
