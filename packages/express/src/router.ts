/**
 * Everything that is served over HTTP, as an Express router: MCP, live events, login, probes, metrics and API documents.
 *
 *     request setup  ->  MCP: the plain handler, which authenticates by itself
 *                    ->  other paths: authentication, then the handler of the path
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Daemon } from '@mcp-daemon/core';
import { DEFAULT_PARTITION } from '@mcp-daemon/core';
import type { ErrorRequestHandler } from 'express';
import { Router } from 'express';
import type { HelmetOptions } from 'helmet';
import helmet from 'helmet';

import { createAccessSweep } from './access/access-sweep.js';
import { createAddressOf } from './access/address.js';
import type { AuthenticatedHandler, Handler } from './access/authenticated.js';
import { adminsOnly, authenticated, recordingCaller } from './access/authenticated.js';
import { createCatalogScopes } from './access/catalog-scopes.js';
import { inKnownPartition } from './access/known-partition.js';
import { limitRate } from './access/rate-limit.js';
import { createRequestSetup } from './access/request-setup.js';
import { normalizeTarget } from './access/target.js';
import type { AuthIdentity } from './auth/identity.js';
import { mayCall } from './auth/identity.js';
import { createOpenAuth } from './auth/open.js';
import { networkOf } from './auth/throttle.js';
import { createConsole } from './console/console.js';
import { createDocuments } from './documents/documents.js';
import { createGraphiqlPage } from './documents/graphiql.js';
import { createServerCards } from './documents/server-card.js';
import { createEventsHandler } from './events/handler.js';
import { createEventRoutes } from './events/routes.js';
import { createGraphqlHandler } from './graphql/handler.js';
import { createHttpSseHandler } from './http-sse/handler.js';
import { createMcpHandler } from './mcp/handler.js';
import { createMountLogins } from './mounts/login-handler.js';
import { createCacheRoutes } from './operation/cache.js';
import { createMetrics } from './operation/metrics.js';
import { createProbes } from './operation/probes.js';
import { isAt, OTHER_ROUTE, pathOfUrl, PATHS, patternsOf, routeOf } from './paths.js';
import type { DaemonRouter, RouterOptions } from './router-options.js';
import { createByteBudget } from './wire/byte-budget.js';
import { fail } from './wire/failure.js';
import { createHostCheck, UNKNOWN_HOST } from './wire/guard.js';
import type { Middleware } from './wire/middleware.js';
import type { ListSessions } from './wire/open-session.js';
import { sendProblem } from './wire/problem.js';
import { parsePublicUrl } from './wire/public-url.js';
import { endResponse } from './wire/respond.js';
import { createTurns } from './wire/turns.js';

/** The targets that Express parses by itself. Others it gives to `url.parse()`, which Node has deprecated. */
const PARSEABLE = /^\/[^\s#\u00a0\ufeff]*$/;

/** Helmet without the headers that are for the server that terminates TLS. */
const HEADERS: HelmetOptions = {
  contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  strictTransportSecurity: false,
  // Without TLS, browsers log warnings about these two headers.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
};

/**
 * Creates the router of a daemon.
 *
 * @throws DaemonError `usage` if an option is invalid
 *
 * @example
 * app.use('/ai', createRouter(daemon, { auth }));
 */
export function createRouter(daemon: Daemon, options: RouterOptions = {}): DaemonRouter {
  const { allowedHosts, allowedOrigins = [], rateLimit = 6_000, trustProxy, logger } = options;
  const prefix = options.publicUrl === undefined ? '' : parsePublicUrl(options.publicUrl).prefix;
  const { httpSse = true, accessLog = false, version, cache } = options;
  const hosts = allowedHosts === undefined ? {} : { allowedHosts };
  const { auth = createOpenAuth({ ...hosts, allowedOrigins }) } = options;

  const addressOf = createAddressOf(trustProxy);
  const limit = limitRate(auth.authenticate, { perMinute: rateLimit, addressOf });
  const authenticate = recordingCaller(limit.authenticate);
  const { charge } = limit;
  const budget = createByteBudget({ maxBytes: options.maxHeldBytes, maxBytesPerUser: options.maxHeldBytesPerUser });
  /** One for all endpoints: a user has the same share of the event loop, whatever they send. */
  const turns = createTurns();
  const { scopeChallenge } = auth;
  const mcp = createMcpHandler<AuthIdentity>(daemon, {
    ...options,
    ...{ authenticate, authorize: mayCall, budget, turns, charge, scopeChallenge },
  });
  const events = createEventsHandler(daemon, { ...options.events, budget });
  // A session of HTTP+SSE lasts as long as its stream, so it has its own limits.
  const { maxSessions: _, maxSessionsPerUser: _perUser, sessionIdleMs: _idle, ...shared } = options;
  const sse = httpSse
    ? createHttpSseHandler<AuthIdentity>(daemon, { ...shared, prefix, authorize: mayCall, budget, turns, charge })
    : undefined;
  const sessions: ListSessions = (partition) => [...mcp.listSessions(partition), ...(sse?.listSessions(partition) ?? [])];
  const { refresh } = auth;
  const hasLogin = 'login' in auth;
  const security = auth.loopbackOnly === true ? 'none' : hasLogin ? 'login' : 'token';
  const page = createGraphiqlPage({ assetsDir: options.documents?.assetsDir, security });
  const known = inKnownPartition({ catalogs: daemon.catalogs, logger });
  const { watch, createTicket, callerOfTicket } = createEventRoutes(events, {
    ...{ authenticate, inKnownPartition: known },
    ...(refresh === undefined ? {} : { refresh }),
  });
  const scopesOf = createCatalogScopes(daemon.catalogs);
  const loadGraphql = options.graphql;
  const graphql =
    loadGraphql === undefined
      ? undefined
      : createGraphqlHandler(() => loadGraphql({ sessions }), {
          ...options.graphqlLimits,
          ...{ authenticate, callerOfTicket, page, allowedOrigins, budget, turns, charge },
          ...hosts,
          ...(options.maxBodyBytes === undefined ? {} : { maxBodyBytes: options.maxBodyBytes }),
          ...(logger === undefined ? {} : { logger }),
        });
  const failing = options.failingBundles === undefined ? {} : { failingBundles: options.failingBundles };
  const metrics = createMetrics(daemon, {
    sessions: { streamable_http: () => mcp.sessions, http_sse: () => sse?.sessions ?? 0 },
    streams: {
      ...{ events: () => events.streams, mcp: () => mcp.streams },
      ...(graphql === undefined ? {} : { graphql: () => graphql.streams }),
    },
    ...(version === undefined ? {} : { version }),
    ...(cache === undefined ? {} : { catalogs: () => cache.stats() }),
    ...failing,
  });
  const stopSweep = createAccessSweep({
    refresh,
    logger,
    isNeeded: () => mcp.isBusy || events.streams > 0 || (sse?.sessions ?? 0) > 0 || graphql?.isBusy === true,
    endRevoked() {
      mcp.endRevoked();
      sse?.endRevoked();
      events.endRevoked();
      graphql?.endRevoked();
    },
  });
  const probes = createProbes(daemon, {
    isReady: () => closing === undefined,
    ...failing,
    ...(logger === undefined ? {} : { logger }),
  });
  const setUp = createRequestSetup({
    allowedOrigins,
    addressOf,
    accessLog: accessLog ? logger : undefined,
    observe: metrics.observeRequest,
  });
  const { serverCards = auth.loopbackOnly === true ? [DEFAULT_PARTITION] : [] } = options;
  let closing: Promise<void> | undefined;

  const forUsers = authenticated(authenticate);
  const metricsForAdmins = forUsers(
    adminsOnly(['GET', 'HEAD'], 'Metrics need the role admin.', async (_req, res) => {
      const { contentType, text } = await metrics.render();
      res.writeHead(200, ['content-type', contentType, 'cache-control', 'no-store']);
      endResponse(res, text);
    }),
  );

  const failed: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
    // Express cannot decode every path.
    const malformed = typeof error === 'object' && error !== null && 'status' in error && error.status === 400;
    if (malformed) sendProblem(res, { status: 400, message: 'The request is malformed.' });
    else fail(res, error, logger, sendProblem);
  };

  const documents = createDocuments({
    version,
    ...options.documents,
    security,
    without: [
      ...(httpSse ? [] : (['httpSse'] as const)),
      ...(hasLogin || auth.loopbackOnly === true ? [] : (['me'] as const)),
      ...(auth.hasMetadata === true ? [] : (['metadata'] as const)),
      ...(auth.hasOAuth === true ? [] : (['oauth'] as const)),
      ...(options.mountLogins === undefined ? (['mounts'] as const) : []),
      ...(cache === undefined ? (['cache'] as const) : []),
      ...(serverCards.length === 0 ? (['cards'] as const) : []),
      ...(graphql === undefined ? (['graphql'] as const) : []),
      ...(options.console === undefined ? (['console'] as const) : []),
    ],
  });

  const router = Router({ caseSensitive: true, strict: true });
  router.use((req, res, next) => {
    normalizeTarget(req);
    if (setUp(req, res)) next();
  });
  router.all(patternsOf('mcp'), (req, res) => mcp.handle(req, res));
  if (graphql !== undefined)
    router.all([...patternsOf('graphql'), ...patternsOf('coreGraphql')], (req, res) => graphql.handle(req, res));
  // The endpoints above share the event loop by user. What follows is for everybody, so it is shared by address.
  router.use((req, res, next) =>
    turns.run({ partition: '', subject: networkOf(addressOf(req)) }, () => (res.destroyed ? undefined : next())),
  );
  const secure = helmet(HEADERS);
  // Other paths get no headers from us: the app that has mounted this router sets its own.
  router.use((req, res, next) => (routeOf(pathOfUrl(req.url)) === OTHER_ROUTE ? next() : secure(req, res, next)));
  // Before the check of the host name: an orchestrator asks by address.
  router.all(PATHS.health.path, probes.health);
  router.all(PATHS.ready.path, probes.ready);
  if (allowedHosts !== undefined) {
    const isKnownHost = createHostCheck(allowedHosts);
    router.use((req, res, next) => (isKnownHost(req.headers.host ?? '') ? next() : sendProblem(res, UNKNOWN_HOST)));
  }
  if (sse !== undefined) {
    router.all([...patternsOf('sse'), PATHS.jsonrpcSse.path], forUsers(known(sse.open)));
    router.all([...patternsOf('messages'), PATHS.jsonrpcMessages.path], forUsers(sse.message));
  }
  router.all(patternsOf('events'), watch);
  router.all(patternsOf('ticket'), createTicket);
  router.all(PATHS.metrics.path, metricsForAdmins);
  if (cache !== undefined) {
    const routes = createCacheRoutes({ cache, logger });
    const admins = (method: string, serve: AuthenticatedHandler): Handler =>
      forUsers(adminsOnly([method], 'The cache needs the role admin.', serve));
    router.all(
      PATHS.caches.path,
      admins('DELETE', (_req, res) => routes.purgeAll(res)),
    );
    router.all(
      patternsOf('cache'),
      admins('DELETE', (_req, res, { partition }) => routes.purge(res, partition)),
    );
    router.all(
      patternsOf('cacheStatus'),
      admins('GET', (_req, res, { partition }) => routes.status(res, partition)),
    );
    router.all(
      patternsOf('cacheRefresh'),
      admins('POST', (_req, res, { partition }) => routes.refresh(res, partition)),
    );
  }
  const { publicUrl, mountLogins: logins } = options;
  if (logins !== undefined) {
    const serveLogins = createMountLogins({ logins, auth, addressOf, publicUrl });
    router.use((req, res, next) => (isAt('mounts', pathOfUrl(req.url)) ? serveLogins(req, res) : next()));
  }
  const token = auth.loopbackOnly === true ? 'none' : auth.hasMetadata === true ? 'oauth' : 'user';
  const cards = createServerCards({ daemon, partitions: serverCards, publicUrl, token });
  for (const [paths, serve] of cards) router.all(paths, serve);
  router.use(documents); // openapi, docs, redoc
  if (options.console !== undefined) router.use(createConsole({ ...options.console, security }));
  // `auth.handle` serves /me without `authenticate`, so the rate limit is applied here: it bounds how fast tokens can be guessed.
  router.all(PATHS.me.path, async (req, res, next) => {
    const known = await authenticate(req);
    if ('status' in known && known.status === 429) sendProblem(res, known);
    else next();
  });
  // login, token, me, metadata, oauth
  router.use((req, res, next) => {
    auth.handle(req, res, scopesOf).then((served) => (served ? undefined : next()), next);
  });
  router.use(failed);

  return Object.assign(router as Router & Middleware, {
    serveDirect(req: IncomingMessage, res: ServerResponse): boolean {
      normalizeTarget(req);
      const route = routeOf(pathOfUrl(req.url));
      const serve = route === PATHS.mcp.route ? mcp.handle : route === PATHS.graphql.route ? graphql?.handle : undefined;
      if (serve === undefined && PARSEABLE.test(req.url ?? '')) return false;
      if (!setUp(req, res, route)) return true;
      if (serve !== undefined) void serve(req, res);
      else sendProblem(res, { status: 404, message: 'Nothing is served at this path.' });
      return true;
    },
    close({ drainMs = 5_000 } = {}): Promise<void> {
      closing ??= Promise.all([mcp.close({ drainMs }), sse?.close({ drainMs }), graphql?.close({ drainMs })]).then(() => {
        stopSweep();
        metrics.close();
      });
      events.close();
      return closing;
    },
  });
}
