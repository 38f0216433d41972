/** What every request passes before anybody serves it: it gets an id and a line in the access log, and pages learn what they may. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Logger } from '@mcp-daemon/core';
import cors from 'cors';

import type { ServedRequest } from '../operation/metrics/requests.js';
import { pathOfUrl, routeOf } from '../paths.js';
import { createOriginCheck } from '../wire/guard.js';
import { closeWithConnection } from '../wire/pipeline.js';
import { beginRequest } from '../wire/request-info.js';
import type { AddressOf } from './address.js';

/** Where the access log goes. */
export type AccessLog = Pick<Logger, 'info'> & Partial<Pick<Logger, 'debug'>>;

/** What {@link createAdmission} takes. */
export interface AdmissionOptions {
  /** Origins of web pages besides those of loopback. */
  allowedOrigins: readonly string[];
  addressOf: AddressOf;
  /** Given a line for each request, for probes that went well with `debug`; undefined: there is no access log. */
  accessLog: AccessLog | undefined;
  /** Told of each request when it is over. */
  observe: (request: ServedRequest) => void;
}

/**
 * Lets one request in.
 *
 * @param ours what its path is called, where its answer is ours to write, and no framework's
 * @returns false: it is answered already
 */
export type Admission = (req: IncomingMessage, res: ServerResponse, ours?: string) => boolean;

const CLIENT_LEFT = 499;
const LONGEST_PATH = 200;
/** For how many seconds a browser remembers what pages may. */
const PREFLIGHT_MAX_AGE_S = 600;

/** What is asked every few seconds for as long as the server runs. */
const PROBES: ReadonlySet<string> = new Set(['health', 'ready', 'metrics']);

/** Headers that a page may read besides the plain ones. */
const EXPOSED = ['Mcp-Session-Id', 'MCP-Protocol-Version', 'WWW-Authenticate', 'Retry-After', 'X-Request-Id'];

/** Creates the admission of a server. */
export function createAdmission({ allowedOrigins, addressOf, accessLog, observe }: AdmissionOptions): Admission {
  const isKnownOrigin = createOriginCheck(allowedOrigins);
  const share = cors({
    origin: (origin, done) => done(null, origin !== undefined && isKnownOrigin(origin)),
    methods: ['GET', 'POST', 'DELETE'],
    exposedHeaders: EXPOSED,
    maxAge: PREFLIGHT_MAX_AGE_S,
  });

  return (req, res, ours) => {
    closeWithConnection(req, res);
    const info = beginRequest(req);
    // Mounted in an app of somebody's, the path that the client asked for is another one than ours.
    const path = pathOfUrl((req as IncomingMessage & { originalUrl?: string }).originalUrl ?? req.url);
    const route = ours ?? routeOf(pathOfUrl(req.url));
    const address = accessLog === undefined ? '' : addressOf(req); // once the client has left nobody knows it
    // A preflight is answered by the framework's own means, wherever it goes.
    if (ours === undefined || req.headers.origin !== undefined) {
      res.setHeader('x-request-id', info.id);
      info.told = true;
    }
    res.on('close', () => {
      const ms = performance.now() - info.startedAt;
      const status = res.headersSent ? res.statusCode : CLIENT_LEFT;
      const { method = '' } = req;
      observe({ route, method, status, seconds: ms / 1_000 });
      if (accessLog === undefined) return;
      const level = PROBES.has(route) && status < 400 ? 'debug' : 'info';
      const { id: request_id, subject, partition } = info;
      // One literal: objects that are spread together cost more than the rest of the line. What is undefined is not written.
      accessLog[level]?.(
        {
          request_id,
          method,
          path: path.slice(0, LONGEST_PATH),
          status,
          ms: Math.round(ms * 10) / 10,
          subject,
          partition,
          address,
        },
        'request',
      );
    });
    if (req.headers.origin === undefined) return true;
    let goesOn = false;
    share(req, res, () => (goesOn = true));
    return goesOn;
  };
}
