/**
 * mcp-daemon over HTTP, as a library. It is apart from the rest, so that a program that does not serve HTTP loads none of it.
 *
 * @example
 * import { createDaemon, loadConfig } from 'mcp-daemon';
 * import { createLocalAuth, createRouter } from 'mcp-daemon/http';
 *
 * const daemon = createDaemon(await loadConfig('mcp.json'));
 * const auth = await createLocalAuth({ userFile: 'users.json', jwtSecret: process.env.JWT_SECRET_KEY });
 * app.use('/ai', createRouter(daemon, { auth }));
 */
export {
  checkSecrets,
  createAddressOf,
  createByteBudget,
  createEventsHandler,
  createGraphqlHandler,
  createHttpSseHandler,
  createMcpHandler,
  createMetrics,
  createOpenAuth,
  createProbes,
  createRouter,
  mayCall,
  ROLES,
  serveHttp,
} from '@mcp-daemon/express';
export type {
  AddressOf,
  ApiOptions,
  AuthIdentity,
  AuthProvider,
  ByteBudget,
  ByteBudgetOptions,
  Caller,
  Charge,
  ConsoleOptions,
  DaemonRouter,
  DocumentsOptions,
  EventsHandler,
  EventsHandlerOptions,
  EventsIdentity,
  Feature,
  Grants,
  GraphqlApi,
  GraphqlCaller,
  GraphqlFailure,
  GraphqlHandler,
  GraphqlHandlerOptions,
  GraphqlLimits,
  GraphqlOperation,
  GraphqlPrepared,
  GraphqlResult,
  GuardOptions,
  HttpOptions,
  Holding,
  HttpServer,
  BegunMountLogin,
  MountLogin,
  MountLogins,
  Prove,
  Bearer,
  Revocable,
  HttpSseHandler,
  HttpSseHandlerOptions,
  ListSessions,
  LoadGraphqlApi,
  LoggedIn,
  Login,
  McpHandler,
  McpHandlerOptions,
  Metrics,
  MetricsOptions,
  MetricSources,
  Middleware,
  OpenAuthOptions,
  OpenSession,
  Probes,
  ProbesOptions,
  Problem,
  Refusal,
  Role,
  RouterOptions,
  SecretsInUse,
  ServedHere,
  ServedRequest,
  ServePage,
  ScopeChallenge,
  ScopesOf,
  Turns,
  TurnUser,
} from '@mcp-daemon/express';
export { createCognitoAuth } from '@mcp-daemon/express/cognito';
export type { CognitoAuth, CognitoAuthOptions } from '@mcp-daemon/express/cognito';
export { createLocalAuth, createUserFile } from '@mcp-daemon/express/local';
export type {
  ClientDocumentOptions,
  LocalAuth,
  LocalAuthOptions,
  NewUser,
  OAuthOptions,
  UserFile,
  UserGrants,
  UserInfo,
} from '@mcp-daemon/express/local';
export type { HeldScopes, StateStore } from '@mcp-daemon/core';
