/**
 * mcp-daemon as a library: create a daemon from a config file or from functions of your own, and serve it.
 *
 * @example
 * import { createDaemon, defineCatalog, defineTool, serveStdio } from 'mcp-daemon';
 *
 * const hello = defineTool({ name: 'hello', run: () => 'Hello!' });
 * const daemon = createDaemon({ catalog: defineCatalog({ functions: [hello] }) });
 * await serveStdio(daemon, { input: process.stdin, output: process.stdout }).closed;
 */
export { loadConfig } from './load-config.js';
export type { LoadedConfig } from './load-config.js';
export {
  CALL_STATUSES,
  checkConfig,
  ConfigError,
  createDaemon,
  createMemoryStore,
  createTransportPair,
  DaemonError,
  DEFAULT_PARTITION,
  defineCatalog,
  definePrompt,
  defineResource,
  defineTool,
  elicit,
  encode,
  FunctionContext,
  inputRequired,
  LEGACY_VERSIONS,
  listRoots,
  LOG_LEVELS,
  MODERN_VERSIONS,
  normalizeConfig,
  parseConfig,
  RECORD_POLICIES,
  RETURN_TYPES,
  sample,
  Session,
} from '@mcp-daemon/core';
export type {
  AnySchema,
  Arguments,
  Awaitable,
  Binding,
  CallFault,
  CallQuery,
  CallRecord,
  CallStatus,
  CallStore,
  CallToolResult,
  CatalogDefinition,
  CompletionFunction,
  Config,
  ConfigDocument,
  ConfigSupport,
  ContentBlock,
  Daemon,
  DaemonEvent,
  DaemonOptions,
  ErrorCode,
  EventBus,
  EventListener,
  Exchange,
  FunctionDefinition,
  FunctionKind,
  Implementation,
  InputRequired,
  JsonObject,
  JsonRpcMessage,
  JsonRpcNotification,
  JsonRpcRequest,
  JsonRpcResponse,
  JsonSchema,
  Limits,
  LinkBinding,
  LoadedModule,
  Logger,
  LogLevel,
  McpType,
  Mistake,
  ModuleSource,
  Page,
  PairedTransport,
  ParseOptions,
  Peer,
  PromptDefinition,
  PromptOptions,
  ProtocolVersion,
  RecorderStats,
  RecordPolicy,
  RequestId,
  ResourceDefinition,
  ResourceOptions,
  ResourceTemplateDefinition,
  Retention,
  ReturnType,
  ServerIdentity,
  SessionIdentity,
  StandardSchema,
  Store,
  Structured,
  ToolDefinition,
  ToolOptions,
  Transport,
  TypeOf,
} from '@mcp-daemon/core';
export { localModules } from '@mcp-daemon/modules';
export type { LocalModules, LocalModulesOptions, ModuleChange } from '@mcp-daemon/modules';
export { openSqliteStore } from '@mcp-daemon/sqlite';
export type { SqliteStoreOptions } from '@mcp-daemon/sqlite';
export { serveStdio } from '@mcp-daemon/stdio';
export type { StdioOptions, StdioServer } from '@mcp-daemon/stdio';
