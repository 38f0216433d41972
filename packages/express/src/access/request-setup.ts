/** The first step of every request: it gets an id, CORS headers, a line in the access log and a place in the metrics. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Logger } from '@mcp-daemon/core';
import cors from 'cors';

import type { ServedRequest } from '../operation/metrics/requests.js';
import { pathOfUrl, PATHS, POLLED_ROUTES, routeOf } from '../paths.js';
import { createOriginCheck } from '../wire/guard.js';
import { closeWithConnection } from '../wire/pipeline.js';
import { beginRequest } from '../wire/request-info.js';
import type { AddressOf } from './address.js';

/** Gets the access log. */
export type AccessLog = Pick<Logger, 'info'> & Partial<Pick<Logger, 'debug'>>;

/** What {@link createRequestSetup} takes. */
export interface RequestSetupOptions {
  /** Allowed origins of web pages, besides those of loopback. */
  allowedOrigins: readonly string[];
  addressOf: AddressOf;
  /** Gets one line for each request, at `debug` for successful probes, else at `info`. Undefined: no access log. */
  accessLog: AccessLog | undefined;
  /** Called when a request has ended. */
  observe: (request: ServedRequest) => void;
}

/**
 * Sets up one request.
 *
 * @param route the route of a request that is answered without Express. Undefined: Express answers it, and the route is looked up
 * @returns false where the request has been answered already, as a CORS preflight is, or where its connection is closed
 */
export type RequestSetup = (req: IncomingMessage, res: ServerResponse, route?: string) => boolean;

/** The status in the log for a client that disconnected before the answer (nginx's code). */
const CLIENT_DISCONNECTED = 499;
const MAX_LOGGED_PATH = 200;
/** Seconds for which a browser may cache the answer to a preflight. */
const PREFLIGHT_MAX_AGE_S = 600;

/** The response headers that a web page may read besides the CORS-safelisted ones. */
const EXPOSED = ['Mcp-Session-Id', 'MCP-Protocol-Version', 'WWW-Authenticate', 'Retry-After', 'X-Request-Id'];

/** Creates the setup of a server's requests. @throws DaemonError `usage` if an allowed origin is malformed */
export function createRequestSetup({ allowedOrigins, addressOf, accessLog, observe }: RequestSetupOptions): RequestSetup {
  const isKnownOrigin = createOriginCheck(allowedOrigins);
  const addCorsHeaders = cors({
    origin: (origin, done) => done(null, origin !== undefined && isKnownOrigin(origin)),
    methods: ['GET', 'POST', 'DELETE'],
    exposedHeaders: EXPOSED,
    maxAge: PREFLIGHT_MAX_AGE_S,
  });

  return (req, res, given) => {
    if (!closeWithConnection(req, res)) return false;
    const info = beginRequest(req);
    // Where an app has mounted the router, the path that the client asked for is in `originalUrl`.
    const path = pathOfUrl((req as IncomingMessage & { originalUrl?: string }).originalUrl ?? req.url);
    const route = given ?? routeOf(pathOfUrl(req.url));
    const address = accessLog === undefined ? '' : addressOf(req); // a closed socket has no address
    // Express and `cors` write their own headers, so the id is set before. The MCP handler writes it with its headers.
    if (given === undefined || req.headers.origin !== undefined) {
      res.setHeader('x-request-id', info.id);
      info.idSent = true;
    }
    res.on('close', () => {
      const ms = performance.now() - info.startedAt;
      const status = res.headersSent ? res.statusCode : CLIENT_DISCONNECTED;
      const { method = '' } = req;
      observe({ route, method, status, seconds: ms / 1_000 });
      if (accessLog === undefined) return;
      const level = POLLED_ROUTES.has(route) && status < 400 ? 'debug' : 'info';
      const { id: request_id, subject, partition, client, rpc, name, callIds, calls = 0 } = info;
      // One object literal: spreading objects would cost more than the rest of the line. Undefined members are not written.
      accessLog[level]?.(
        {
          request_id,
          method,
          path: path.slice(0, MAX_LOGGED_PATH),
          status,
          ms: Math.round(ms * 10) / 10,
          subject,
          partition,
          client,
          rpc,
          name,
          call_id: calls === 1 ? callIds?.[0] : undefined,
          call_ids: calls > 1 ? callIds : undefined,
          calls: calls > 1 ? calls : undefined,
          address,
        },
        'request',
      );
    });
    // Server cards are for web pages of all origins, and set their own headers.
    if (req.headers.origin === undefined || route === PATHS.serverCard.route) return true;
    let goesOn = false;
    addCorsHeaders(req, res, () => (goesOn = true));
    return goesOn;
  };
}
