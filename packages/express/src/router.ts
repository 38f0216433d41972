/**
 * The whole door, as a router of Express: MCP, live events, logging in, probes and documents.
 *
 *     admission  ->  MCP: the plain handler, who finds out who calls
 *                ->  anything else: who calls, then the handler of its path
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Daemon, Logger } from '@mcp-daemon/core';
import type { ErrorRequestHandler } from 'express';
import { Router } from 'express';
import type { HelmetOptions } from 'helmet';
import helmet from 'helmet';

import { createAddressOf } from './access/address.js';
import { createAdmission } from './access/admission.js';
import { authenticated, noting } from './access/authenticated.js';
import { limitRate } from './access/rate-limit.js';
import type { AuthIdentity } from './auth/identity.js';
import { mayCall } from './auth/identity.js';
import { createOpenAuth } from './auth/open.js';
import type { AuthProvider } from './auth/provider.js';
import type { DocumentsOptions } from './documents/documents.js';
import { createDocuments } from './documents/documents.js';
import type { EventsHandlerOptions } from './events/handler.js';
import { createEventsHandler } from './events/handler.js';
import { createEventRoutes } from './events/routes.js';
import { createHttpSseHandler } from './http-sse/handler.js';
import type { McpHandlerOptions } from './mcp/handler.js';
import { createMcpHandler } from './mcp/handler.js';
import { createMetrics } from './operation/metrics.js';
import { createProbes } from './operation/probes.js';
import { pathOfUrl, routeOf } from './paths.js';
import { fail } from './wire/failure.js';
import { createHostCheck, UNKNOWN_HOST } from './wire/guard.js';
import type { Middleware } from './wire/middleware.js';
import { sendProblem } from './wire/problem.js';
import { endResponse } from './wire/respond.js';

/** What {@link createRouter} takes. */
export interface RouterOptions extends Omit<McpHandlerOptions, 'authenticate' | 'authorize' | 'logger'> {
  /** Finds out who calls. Default: everybody on this machine may do everything, and nobody else anything. */
  auth?: AuthProvider;
  /** Requests that one user may make in a minute, a tenth of them at once; 0: any number. Default 6,000. */
  rateLimit?: number;
  /** Whose `X-Forwarded-For` is believed: how many proxies there are, or their addresses and networks. Default: nobody's. */
  trustProxy?: number | readonly string[];
  /** Whether the deprecated HTTP+SSE transport is served, too. Default: true. */
  httpSse?: boolean;
  /** Bounds of the streams of live events. */
  events?: EventsHandlerOptions;
  /** What the documents of the API say of the program, and where the files of their pages are. Default: see there. */
  documents?: Pick<DocumentsOptions, 'title' | 'assetsDir'>;
  /** Where the door speaks to its operator. Default: nowhere. */
  logger?: Pick<Logger, 'info' | 'error'> & Partial<Pick<Logger, 'debug'>>;
  /** Whether each request is logged: at `info`, probes and metrics that were answered at `debug`. Default: false. */
  accessLog?: boolean;
  /** The version that metrics and the documents of the API tell. Default: none. */
  version?: string;
}

/** A router that has to be closed. */
export interface DaemonRouter extends Middleware {
  /**
   * Serves a request for an MCP endpoint without the framework, which costs more than all the rest of a call; and refuses targets
   * that the framework cannot read.
   *
   * @returns false where the path is another one: nothing has been done then
   */
  serveMcp(req: IncomingMessage, res: ServerResponse): boolean;
  /**
   * Ends it: from now on it is not ready, streams are told to come back, new calls are refused, those under way are given `drainMs`
   * (default 5 seconds). The daemon stays open. A second call waits for the first.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

const MCP = ['/mcp', '/:partition/mcp'];
const SSE = ['/sse', '/:partition/sse'];
const MESSAGES = ['/messages', '/:partition/messages'];
const EVENTS = ['/events', '/:partition/events'];
const TICKETS = ['/events/ticket', '/:partition/events/ticket'];

/** What Express reads by itself; anything else it gives to a parser that Node warns of. */
const READABLE = /^\/[^\s#\u00a0\ufeff]*$/;

/** Whether pages and their like come over TLS is the business of whoever ends it. */
const HEADERS: HelmetOptions = {
  contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  strictTransportSecurity: false,
  // Without TLS browsers complain of these two.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
};

/**
 * Creates the door of a daemon.
 *
 * @throws DaemonError `usage` where an option is no good
 *
 * @example
 * app.use('/ai', createRouter(daemon, { auth }));
 */
export function createRouter(daemon: Daemon, options: RouterOptions = {}): DaemonRouter {
  const { allowedHosts, allowedOrigins = [], rateLimit = 6_000, trustProxy, logger } = options;
  const { httpSse = true, accessLog = false, version } = options;
  const hosts = allowedHosts === undefined ? {} : { allowedHosts };
  const { auth = createOpenAuth({ ...hosts, allowedOrigins }) } = options;

  const addressOf = createAddressOf(trustProxy);
  const authenticate = noting(limitRate(auth.authenticate, { perMinute: rateLimit, addressOf }));
  const mcp = createMcpHandler<AuthIdentity>(daemon, { ...options, authenticate, authorize: mayCall });
  const events = createEventsHandler(daemon, options.events);
  // A session of that transport lasts as long as its stream: it has bounds of its own.
  const { maxSessions: _, maxSessionsPerUser: _share, sessionIdleMs: _idle, ...shared } = options;
  const sse = httpSse ? createHttpSseHandler<AuthIdentity>(daemon, { ...shared, authorize: mayCall }) : undefined;
  const metrics = createMetrics(daemon, {
    sessions: { streamable_http: () => mcp.sessions, http_sse: () => sse?.sessions ?? 0 },
    streams: { events: () => events.streams, mcp: () => mcp.streams },
    ...(version === undefined ? {} : { version }),
  });
  const probes = createProbes(daemon, { isReady: () => closing === undefined, ...(logger === undefined ? {} : { logger }) });
  const admit = createAdmission({
    allowedOrigins,
    addressOf,
    accessLog: accessLog ? logger : undefined,
    observe: metrics.observeRequest,
  });
  let closing: Promise<void> | undefined;

  const forUsers = authenticated(authenticate);
  const { watch, createTicket } = createEventRoutes(events, authenticate);
  const metricsForAdmins = forUsers(async ({ method }, res, { roles }) => {
    if (method !== 'GET' && method !== 'HEAD')
      return sendProblem(res, { status: 405, message: 'Use GET.', headers: { allow: 'GET, HEAD' } });
    if (!roles.includes('admin')) return sendProblem(res, { status: 403, message: 'Metrics are for the role admin.' });
    const { contentType, text } = await metrics.render();
    res.writeHead(200, ['content-type', contentType, 'cache-control', 'no-store']);
    endResponse(res, text);
  });

  const failed: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
    // Express cannot read every path.
    const malformed = typeof error === 'object' && error !== null && 'status' in error && error.status === 400;
    if (malformed) sendProblem(res, { status: 400, message: 'The request is malformed.' });
    else fail(res, error, logger, sendProblem);
  };

  const logsIn = 'login' in auth;
  const documents = createDocuments({
    ...options.documents,
    version,
    security: auth.loopbackOnly === true ? 'none' : logsIn ? 'login' : 'token',
    without: [
      ...(httpSse ? [] : (['httpSse'] as const)),
      ...(logsIn || auth.loopbackOnly === true ? [] : (['me', 'metadata'] as const)),
    ],
  });

  const router = Router({ caseSensitive: true, strict: true });
  router.use((req, res, next) => {
    if (admit(req, res)) next();
  });
  router.all(MCP, (req, res) => mcp.handle(req, res));
  const secure = helmet(HEADERS);
  // What is not ours is handed on as it came: the pages of an app around us have policies of their own.
  router.use((req, res, next) => (routeOf(pathOfUrl(req.url)) === 'other' ? next() : secure(req, res, next)));
  router.all('/health', probes.health); // whoever asks for these knows an address, and no name
  router.all('/ready', probes.ready);
  if (allowedHosts !== undefined) {
    const isKnownHost = createHostCheck(allowedHosts);
    router.use((req, res, next) => (isKnownHost(req.headers.host ?? '') ? next() : sendProblem(res, UNKNOWN_HOST)));
  }
  if (sse !== undefined) {
    router.all(SSE, forUsers(sse.open));
    router.all(MESSAGES, forUsers(sse.message));
  }
  router.all(EVENTS, watch);
  router.all(TICKETS, createTicket);
  router.all('/metrics', metricsForAdmins);
  router.use(documents);
  // It is about no partition, so nothing else counts who asks there: strangers could try tokens as fast as they like.
  router.all('/me', async (req, res, next) => {
    const known = await authenticate(req);
    if ('status' in known && known.status === 429) sendProblem(res, known);
    else next();
  });
  router.use((req, res, next) => {
    auth.handle(req, res).then((served) => (served ? undefined : next()), next);
  });
  router.use(failed);

  return Object.assign(router as Router & Middleware, {
    serveMcp(req: IncomingMessage, res: ServerResponse): boolean {
      const route = routeOf(pathOfUrl(req.url));
      if (route !== 'mcp' && READABLE.test(req.url ?? '')) return false;
      if (!admit(req, res, route)) return true;
      if (route === 'mcp') void mcp.handle(req, res);
      else sendProblem(res, { status: 404, message: 'Nothing is served there.' });
      return true;
    },
    close({ drainMs = 5_000 } = {}): Promise<void> {
      closing ??= Promise.all([mcp.close({ drainMs }), sse?.close({ drainMs })]).then(() => metrics.close());
      events.close();
      return closing;
    },
  });
}
