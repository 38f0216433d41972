/** mcp-daemon over HTTP. Users are in separate entries: `@mcp-daemon/express/local` and `@mcp-daemon/express/cognito`. */
export { createRouter } from './router.js';
export type { DaemonRouter, RouterOptions } from './router-options.js';
export type { Middleware } from './wire/middleware.js';
export { serveHttp } from './serve-http.js';
export type { HttpOptions, HttpServer } from './serve-http.js';
export { createAddressOf } from './access/address.js';
export type { AddressOf } from './access/address.js';
export { createMcpHandler } from './mcp/handler.js';
export type { McpHandler, McpHandlerOptions } from './mcp/handler.js';
export type { Charge } from './wire/message-body.js';
export { createByteBudget } from './wire/byte-budget.js';
export type { ByteBudget, ByteBudgetOptions, Holding } from './wire/byte-budget.js';
export type { Turns, TurnUser } from './wire/turns.js';
export type { Caller, Revocable } from './wire/caller.js';
export type { GuardOptions } from './wire/guard.js';
export type { Problem } from './wire/problem.js';
export type { Refusal } from './wire/respond.js';

export { mayCall, ROLES } from './auth/identity.js';
export type { AuthIdentity, Grants, Role } from './auth/identity.js';
export type { LoggedIn, Login } from './auth/login.js';
export { createOpenAuth } from './auth/open.js';
export type { OpenAuthOptions } from './auth/open.js';
export type { AuthProvider, ScopesOf } from './auth/provider.js';
export type { Prove } from './auth/prove.js';
export type { Bearer } from './auth/bearer.js';
export type { BegunMountLogin, MountLogin, MountLogins } from './mounts/mount-logins.js';
export type { ScopeChallenge } from './wire/scope-challenge.js';
export { checkSecrets, DEFAULT_ADMIN_PASSWORD, DEFAULT_JWT_SECRET, isLoopbackHost } from './auth/secrets.js';
export type { SecretsInUse } from './auth/secrets.js';

export { createEventsHandler } from './events/handler.js';
export type { EventsHandler, EventsHandlerOptions } from './events/handler.js';
export type { EventsIdentity } from './events/viewer.js';

export type {
  GraphqlApi,
  GraphqlCaller,
  GraphqlFailure,
  GraphqlOperation,
  GraphqlPrepared,
  GraphqlResult,
  LoadGraphqlApi,
  ServedHere,
} from './graphql/api.js';
export { createGraphqlHandler } from './graphql/handler.js';
export type { GraphqlHandler, GraphqlHandlerOptions, GraphqlLimits, ServePage } from './graphql/handler.js';

export type { ListSessions, OpenSession } from './wire/open-session.js';

export { createHttpSseHandler } from './http-sse/handler.js';
export type { HttpSseHandler, HttpSseHandlerOptions } from './http-sse/handler.js';

export { createMetrics } from './operation/metrics.js';
export type { Metrics, MetricsOptions } from './operation/metrics.js';
export type { MetricSources } from './operation/metrics/gauges.js';
export type { ServedRequest } from './operation/metrics/requests.js';
export { createProbes } from './operation/probes.js';
export type { Probes, ProbesOptions } from './operation/probes.js';

export { createConsole } from './console/console.js';
export type { ConsoleOptions } from './console/console.js';
export { createDocuments } from './documents/documents.js';
export type { DocumentsOptions } from './documents/documents.js';
export type { Feature } from './documents/operation.js';
export type { ApiOptions } from './documents/openapi.js';
