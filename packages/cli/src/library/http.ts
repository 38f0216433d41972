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
  AuthIdentity,
  AuthProvider,
  CognitoAuth,
  CognitoAuthOptions,
  DaemonRouter,
  EventsHandler,
  EventsHandlerOptions,
  EventsIdentity,
  HttpOptions,
  HttpServer,
  HttpSseHandler,
  HttpSseHandlerOptions,
  LocalAuth,
  LocalAuthOptions,
  McpHandler,
  McpHandlerOptions,
  Metrics,
  MetricsOptions,
  OpenAuthOptions,
  Probes,
  ProbesOptions,
  Refusal,
  Role,
  RouterOptions,
  UserFile,
} from '@mcp-daemon/express';
