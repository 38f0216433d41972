/**
 * The HTTP+SSE transport of 2024-11-05, for clients that know no other: a stream that names a path to send messages to, and is what
 * all answers leave on. It knows no token: who calls has been found out before.
 *
 * @see https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Daemon, Logger, SessionIdentity } from '@mcp-daemon/core';

import { createMessageReader } from '../wire/body.js';
import type { Caller } from '../wire/caller.js';
import { callerOf } from '../wire/caller.js';
import { EventStreams } from '../wire/event-stream.js';
import { fail, SHUTTING_DOWN } from '../wire/failure.js';
import { createGuard } from '../wire/guard.js';
import { acceptedBy } from '../wire/media.js';
import { positive } from '../wire/options.js';
import { forbidden } from '../wire/permission.js';
import { closeWithConnection } from '../wire/pipeline.js';
import type { Refusal } from '../wire/respond.js';
import { refuse } from '../wire/respond.js';
import { UserCounts } from '../wire/user-counts.js';
import { SseSession } from './session.js';

/** What {@link createHttpSseHandler} takes. */
export interface HttpSseHandlerOptions<I extends SessionIdentity = SessionIdentity> {
  /**
   * Whether who calls may use a method of MCP; asked of every request and notification. Refused is the whole body, with 403.
   * Default: any.
   */
  authorize?: (identity: I, method: string) => boolean;
  /** Hosts that this server answers for besides `localhost`. Default: any. */
  allowedHosts?: readonly string[];
  /** Origins of web pages that may use this server, besides those from `localhost`. Default: none. */
  allowedOrigins?: readonly string[];
  /** Greatest size of one body. Default 10 MB. */
  maxBodyBytes?: number;
  /** What bodies may take that are on their way in pieces, all together; one that would be more is refused with 503. Default 200 MB. */
  maxPartialBytes?: number;
  /** Sessions at once; one more is refused with 503. Default 1,000. */
  maxSessions?: number;
  /** The same, for one user in one partition. Default 100. */
  maxSessionsPerUser?: number;
  /**
   * How long a session lives without a message from its client and without a call under way. Default 24 hours; one that never spoke,
   * a minute.
   */
  sessionIdleMs?: number;
  /** What a client may leave unread; one that leaves more is cut off, which ends its session. Default 10 MB. */
  maxUnreadBytes?: number;
  /** How often a stream is sent a comment. Default 15 seconds. */
  keepAliveMs?: number;
  /** Where the handler speaks to its operator. Default: nowhere. */
  logger?: Pick<Logger, 'error'>;
}

/**
 * The two endpoints of the transport.
 *
 * @deprecated The transport itself is: newer clients use `createMcpHandler`.
 */
export interface HttpSseHandler<I extends SessionIdentity = SessionIdentity> {
  /** Serves `GET /{partition}/sse`: begins a session, which lasts as long as its stream. Needs no `this`. */
  readonly open: (req: IncomingMessage, res: ServerResponse, identity: I) => void;
  /** Serves `POST /{partition}/messages?sessionId=`: takes one message, or a batch. Needs no `this`. */
  readonly message: (req: IncomingMessage, res: ServerResponse, identity: I) => void;
  /** Sessions that are open. */
  readonly sessions: number;
  /**
   * Ends the handler: new requests are refused, calls under way are given `drainMs` (default 5 seconds) and are then cancelled,
   * streams end. The daemon stays open. A second call waits for the first.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

/** Seconds after which somebody who found no room may ask again. */
const ROOM_AFTER_S = 5;
/** Milliseconds that a stream is given until its client first speaks. */
const SILENT_MS = 60_000;

/** Segments alone: what begins with two slashes would be another server's. */
const STREAM_PATH = /^((?:\/[^/\\]+)*\/)sse\/?$/;

const pathAndQuery = ({ url = '/' }: IncomingMessage): [path: string, query: string] => {
  const [path = '', query = ''] = url.split('?', 2);
  return [path, query];
};

/** The path that both endpoints of a client share, up to its last slash; undefined: it is no path of a stream. */
function baseOf(req: IncomingMessage): string | undefined {
  const { baseUrl = '' } = req as IncomingMessage & { baseUrl?: string };
  return STREAM_PATH.exec(baseUrl + pathAndQuery(req)[0])?.[1];
}

/**
 * Serves a daemon over HTTP+SSE, to those who are known.
 *
 * @deprecated The transport itself is: newer clients use `createMcpHandler`.
 * @throws DaemonError `usage` where an option is no good
 *
 * @example
 * const sse = createHttpSseHandler(daemon);
 * app.get('/:partition/sse', (req, res) => sse.open(req, res, identityOf(req)));
 * app.post('/:partition/messages', (req, res) => sse.message(req, res, identityOf(req)));
 */
export function createHttpSseHandler<I extends SessionIdentity = SessionIdentity>(
  daemon: Pick<Daemon, 'open'>,
  options: HttpSseHandlerOptions<I> = {},
): HttpSseHandler<I> {
  const { authorize = () => true, allowedHosts, allowedOrigins = [], logger } = options;
  const maxBodyBytes = positive('maxBodyBytes', options.maxBodyBytes ?? 10_000_000);
  const maxPartialBytes = positive('maxPartialBytes', options.maxPartialBytes ?? 200_000_000);
  const maxSessions = positive('maxSessions', options.maxSessions ?? 1_000);
  const maxSessionsPerUser = positive('maxSessionsPerUser', options.maxSessionsPerUser ?? 100);
  const idleMs = positive('sessionIdleMs', options.sessionIdleMs ?? 24 * 60 * 60_000);
  const maxUnreadBytes = positive('maxUnreadBytes', options.maxUnreadBytes ?? 10_000_000);
  const streams = new EventStreams(positive('keepAliveMs', options.keepAliveMs ?? 15_000), maxUnreadBytes);

  const guard = createGuard({ allowedHosts, allowedOrigins });
  const readMessage = createMessageReader(maxBodyBytes, maxPartialBytes);
  const table = new Map<string, SseSession>();
  const shares = new UserCounts();
  let timer: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;

  function sweep(): void {
    const now = Date.now();
    for (const session of [...table.values()])
      if (session.idleFor(now) >= (session.spoken ? idleMs : Math.min(idleMs, SILENT_MS))) session.core.close();
  }

  function begin(req: IncomingMessage, res: ServerResponse, caller: Caller): void {
    if (res.headersSent || res.destroyed) return;
    const base = baseOf(req);
    if (base === undefined) {
      refuse(res, { status: 404, message: 'The path of the stream must end with /sse.' });
      return;
    }
    const onEnd = ({ id }: SseSession): void => {
      table.delete(id);
      give();
      if (table.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
    const session = new SseSession({ daemon, streams, caller, res, onEnd });
    const give = shares.take(caller);
    table.set(session.id, session);
    timer ??= setInterval(sweep, Math.min(30_000, Math.max(10, idleMs / 4))).unref();
    session.begin(`${base}messages?sessionId=${session.id}`);
  }

  function refusalOf(req: IncomingMessage, method: string): Refusal | undefined {
    if (req.method !== method) return { status: 405, message: `Use ${method}.`, headers: { allow: method } };
    return guard(req, true) ?? (closing === undefined ? undefined : SHUTTING_DOWN);
  }

  function crowded(caller: Caller): Refusal | undefined {
    const headers = { 'retry-after': String(ROOM_AFTER_S) };
    if (shares.total >= maxSessions) return { status: 503, message: 'Too many sessions are open.', headers };
    if (shares.of(caller) < maxSessionsPerUser) return undefined;
    return { status: 503, message: `At most ${maxSessionsPerUser} sessions of one user are open at once.`, headers };
  }

  /** The session that a POST names; where there is none, or it is somebody else's, the request is refused. */
  function sessionOf(req: IncomingMessage, res: ServerResponse, caller: Caller): SseSession | undefined {
    const id = new URLSearchParams(pathAndQuery(req)[1]).get('sessionId');
    const session = id === null ? undefined : table.get(id);
    if (session?.belongsTo(caller) === true) return session;
    if (id === null) refuse(res, { status: 400, message: 'The query must have the sessionId that the stream has told.' });
    else refuse(res, { status: 404, message: 'There is no such session. Open a stream to begin one.' });
    return undefined;
  }

  async function close(drainMs: number): Promise<void> {
    const all = [...table.values()];
    await Promise.all(all.map(({ core }) => core.drain(drainMs)));
    await new Promise<void>((resolve) => setImmediate(resolve)); // the last answers leave first
    for (const { core } of all) core.close();
  }

  return {
    open(req, res, identity) {
      closeWithConnection(req, res);
      try {
        const caller = callerOf(identity);
        const refusal = refusalOf(req, 'GET') ?? crowded(caller);
        if (refusal !== undefined) refuse(res, refusal);
        else if (!acceptedBy(req).events) refuse(res, { status: 406, message: 'Accept must allow text/event-stream.' });
        else begin(req, res, caller);
      } catch (error) {
        fail(res, error, logger);
      }
    },
    message(req, res, identity) {
      const refusal = refusalOf(req, 'POST');
      if (refusal !== undefined) {
        refuse(res, refusal);
        return;
      }
      const caller = callerOf(identity);
      if (sessionOf(req, res, caller) === undefined) return;
      readMessage(req, res, (message) => {
        try {
          // The end of the handler may have begun while the body came, or that of the session.
          const refused = closing === undefined ? forbidden(message, (method) => authorize(identity, method)) : SHUTTING_DOWN;
          if (refused !== undefined) refuse(res, refused);
          else sessionOf(req, res, caller)?.receive(message, req, res);
        } catch (error) {
          fail(res, error, logger);
        }
      });
    },
    get sessions() {
      return table.size;
    },
    close: ({ drainMs = 5_000 } = {}) => (closing ??= close(drainMs)),
  };
}
