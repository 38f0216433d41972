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
  createCognitoAuth,
  createEventsHandler,
  createHttpSseHandler,
  createLocalAuth,
  createMcpHandler,
  createMetrics,
  createOpenAuth,
  createProbes,
  createRouter,
  createUserFile,
  mayCall,
  ROLES,
  serveHttp,
} from '@mcp-daemon/express';
export type {
  AddressOf,
  ApiOptions,
  AuthIdentity,
  AuthProvider,
  CognitoAuth,
  CognitoAuthOptions,
  DaemonRouter,
  DocumentsOptions,
  EventsHandler,
  EventsHandlerOptions,
  EventsIdentity,
  Feature,
  Grants,
  GuardOptions,
  HttpOptions,
  HttpServer,
  HttpSseHandler,
  HttpSseHandlerOptions,
  LocalAuth,
  LocalAuthOptions,
  LoggedIn,
  Login,
  McpHandler,
  McpHandlerOptions,
  Metrics,
  MetricsOptions,
  MetricSources,
  Middleware,
  NewUser,
  OpenAuthOptions,
  Probes,
  ProbesOptions,
  Problem,
  Refusal,
  Role,
  RouterOptions,
  SecretsInUse,
  ServedRequest,
  UserFile,
  UserInfo,
} from '@mcp-daemon/express';
