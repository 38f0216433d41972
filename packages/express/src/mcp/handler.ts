/**
 * An MCP endpoint as a plain `(req, res)` handler. It translates and stops: what a message means is core's business.
 *
 *     who may speak  ->  who calls  ->  the body  ->  its era  ->  a session, or a request that stands alone
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Awaitable, Daemon, Logger, SessionIdentity } from '@mcp-daemon/core';

import { createMessageReader } from '../wire/body.js';
import type { Caller } from '../wire/caller.js';
import { callerOf } from '../wire/caller.js';
import { EventStreams } from '../wire/event-stream.js';
import { fail, SHUTTING_DOWN } from '../wire/failure.js';
import { createGuard } from '../wire/guard.js';
import { acceptedBy } from '../wire/media.js';
import { isModern } from '../wire/message.js';
import { positive } from '../wire/options.js';
import type { Permission } from '../wire/permission.js';
import { forbidden } from '../wire/permission.js';
import { closeWithConnection } from '../wire/pipeline.js';
import type { Refusal } from '../wire/respond.js';
import { refuse } from '../wire/respond.js';
import { createLegacyDoor } from './legacy.js';
import { createModernDoor } from './modern.js';
import { createSessions } from './sessions.js';

/** What {@link createMcpHandler} takes. */
export interface McpHandlerOptions<I extends SessionIdentity = SessionIdentity> {
  /**
   * Finds out who calls, at every request, or says why the request is refused. Default: everybody is `anonymous`, and only this
   * machine is served.
   */
  authenticate?: (req: IncomingMessage) => Awaitable<I | Refusal>;
  /**
   * Whether who calls may use a method of MCP; asked of every request and notification. Refused is the whole body, with 403.
   * Default: any. `mayCall` answers for the roles of `createLocalAuth`.
   */
  authorize?: (identity: I, method: string) => boolean;
  /** Hosts that this server answers for besides `localhost`. Default: any, where callers have an identity; else none. */
  allowedHosts?: readonly string[];
  /** Origins of web pages that may use this server, besides those from `localhost`. Default: none. */
  allowedOrigins?: readonly string[];
  /** Greatest size of one body. Default 10 MB. */
  maxBodyBytes?: number;
  /** What bodies may take that are on their way in pieces, all together; one that would be more is refused with 503. Default 200 MB. */
  maxPartialBytes?: number;
  /** How long a session lives without a request, a call under way or an open stream. Default 30 minutes. */
  sessionIdleMs?: number;
  /** Sessions at once; where one more begins, the one that was idle longest ends. Default 10,000. */
  maxSessions?: number;
  /**
   * The same, for one user in one partition: where they begin one more, the one of theirs that was idle longest ends. Default 1,000;
   * without `authenticate` everybody is one user.
   */
  maxSessionsPerUser?: number;
  /** Streams of `subscriptions/listen` at once; one more is refused with 503. Default 10,000. */
  maxStreams?: number;
  /** The same, for one user in one partition. Default 1,000. */
  maxStreamsPerUser?: number;
  /**
   * Requests without a session that one user in one partition has under way; one more is refused with 429. Those of a session are
   * bounded by the daemon's `limits.maxInFlight`. Default 1,000.
   */
  maxInFlightPerUser?: number;
  /** How often an open stream that is quiet is sent a comment. Default 15 seconds. */
  keepAliveMs?: number;
  /** Where the handler speaks to its operator. Default: nowhere. */
  logger?: Pick<Logger, 'error'>;
}

/** An endpoint. */
export interface McpHandler<I extends SessionIdentity = SessionIdentity> {
  /**
   * Serves one request. It needs no `this`, and takes no notice of a third argument that is a function, so it can be mounted as
   * it is: `app.use('/mcp', handler.handle)`.
   *
   * @param identity who calls, where somebody has found out before; `authenticate` is not asked then
   */
  readonly handle: (
    req: IncomingMessage,
    res: ServerResponse,
    identity?: I | ((error?: unknown) => void),
  ) => void | Promise<void>;
  /** Sessions that are open. */
  readonly sessions: number;
  /** Responses that are open streams. */
  readonly streams: number;
  /**
   * Ends the endpoint: new requests are refused, calls under way are given `drainMs` (default 5 seconds) and are then cancelled,
   * sessions and streams end. The daemon stays open. A second call waits for the first.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

const isRefusal = (answer: SessionIdentity | Refusal): answer is Refusal => 'status' in answer;

/** Who calls, and what they may. */
interface Guest {
  readonly caller: Caller;
  readonly may: Permission;
}

const ANYBODY: Guest = { caller: callerOf({}), may: () => true };

/**
 * Serves a daemon at one HTTP endpoint, to clients of both eras.
 *
 * @throws DaemonError `usage` where an option is no good
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
 *
 * @example
 * const mcp = createMcpHandler(daemon);
 * createServer((req, res) => void mcp.handle(req, res)).listen(8000, '127.0.0.1');
 */
export function createMcpHandler<I extends SessionIdentity = SessionIdentity>(
  daemon: Daemon,
  options: McpHandlerOptions<I> = {},
): McpHandler<I> {
  const { authenticate, authorize, allowedHosts, allowedOrigins = [], logger } = options;
  const maxBodyBytes = positive('maxBodyBytes', options.maxBodyBytes ?? 10_000_000);
  const maxPartialBytes = positive('maxPartialBytes', options.maxPartialBytes ?? 200_000_000);
  const idleMs = positive('sessionIdleMs', options.sessionIdleMs ?? 30 * 60_000);
  const maxSessions = positive('maxSessions', options.maxSessions ?? 10_000);
  const maxSessionsPerUser = positive('maxSessionsPerUser', options.maxSessionsPerUser ?? 1_000);
  const maxStreams = positive('maxStreams', options.maxStreams ?? 10_000);
  const maxStreamsPerUser = positive('maxStreamsPerUser', options.maxStreamsPerUser ?? 1_000);
  const maxInFlightPerUser = positive('maxInFlightPerUser', options.maxInFlightPerUser ?? 1_000);
  const streams = new EventStreams(positive('keepAliveMs', options.keepAliveMs ?? 15_000));

  const guard = createGuard({ allowedHosts, allowedOrigins });
  const readMessage = createMessageReader(maxBodyBytes, maxPartialBytes);
  const sessions = createSessions({ daemon, streams, idleMs, maxSessions, maxSessionsPerUser });
  const legacy = createLegacyDoor(sessions, streams);
  const modern = createModernDoor({ daemon, streams, maxStreams, maxStreamsPerUser, maxInFlightPerUser });
  let closing: Promise<void> | undefined;

  const guestOf = (identity: I): Guest => ({
    caller: callerOf(identity),
    may: authorize === undefined ? ANYBODY.may : (method) => authorize(identity, method),
  });

  function post(req: IncomingMessage, res: ServerResponse, { caller, may }: Guest): void {
    readMessage(req, res, (message) => {
      try {
        // The end may have begun while the body came.
        const refused = closing === undefined ? forbidden(message, may) : SHUTTING_DOWN;
        if (refused !== undefined) {
          refuse(res, refused);
          return;
        }
        const { 'mcp-protocol-version': version, 'mcp-session-id': sessionId } = req.headers;
        if (!isModern(message, version?.toString(), sessionId?.toString())) {
          legacy.post(message, req, res, caller);
          return;
        }
        const accepted = acceptedBy(req);
        if (accepted.json && accepted.events) modern.post(message, req, res, caller);
        else refuse(res, { status: 406, message: 'Accept must allow both application/json and text/event-stream.' });
      } catch (error) {
        fail(res, error, logger);
      }
    });
  }

  function serve(req: IncomingMessage, res: ServerResponse, guest: Guest): void {
    if (closing !== undefined) refuse(res, SHUTTING_DOWN);
    else if (req.method === 'POST') post(req, res, guest);
    else if (req.method === 'GET') legacy.get(req, res, guest.caller);
    else if (req.method === 'DELETE') legacy.delete(req, res, guest.caller);
    else refuse(res, { status: 405, message: 'Use POST, GET or DELETE.', headers: { allow: 'POST, GET, DELETE' } });
  }

  function authenticated(req: IncomingMessage, res: ServerResponse, answer: I | Refusal): void {
    if (isRefusal(answer)) refuse(res, answer);
    else serve(req, res, guestOf(answer));
  }

  function handle(req: IncomingMessage, res: ServerResponse, identity?: I | ((error?: unknown) => void)): void | Promise<void> {
    closeWithConnection(req, res);
    try {
      const given = typeof identity === 'function' ? undefined : identity;
      const refusal = guard(req, given !== undefined || authenticate !== undefined);
      if (refusal !== undefined) refuse(res, refusal);
      else if (given !== undefined) serve(req, res, guestOf(given));
      else if (authenticate === undefined) serve(req, res, ANYBODY);
      else {
        const answer = authenticate(req);
        if (!(answer instanceof Promise)) authenticated(req, res, answer);
        else return answer.then((found) => authenticated(req, res, found)).catch((error: unknown) => fail(res, error, logger));
      }
    } catch (error) {
      fail(res, error, logger);
    }
  }

  return {
    handle,
    get sessions() {
      return sessions.size;
    },
    get streams() {
      return streams.size;
    },
    close: ({ drainMs = 5_000 } = {}) =>
      (closing ??= Promise.all([sessions.close(drainMs), modern.close(drainMs)]).then(() => undefined)),
  };
}
