/**
 * An MCP endpoint as a plain `(req, res)` handler. It only translates between HTTP and core, which handles the messages.
 *
 *     Host and Origin  ->  authentication  ->  body  ->  era  ->  a session, or a request without one
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Awaitable, Daemon, Logger, SessionIdentity } from '@mcp-daemon/core';

import type { ByteBudget } from '../wire/byte-budget.js';
import { createByteBudget } from '../wire/byte-budget.js';
import type { Caller } from '../wire/caller.js';
import { callerOf } from '../wire/caller.js';
import { EventStreams } from '../wire/event-stream.js';
import { fail, SHUTTING_DOWN } from '../wire/failure.js';
import { createGuard } from '../wire/guard.js';
import { acceptedBy } from '../wire/media.js';
import { isModern, joinVersions } from '../wire/message.js';
import type { Charge } from '../wire/message-body.js';
import { createMessageReader } from '../wire/message-body.js';
import type { ListSessions } from '../wire/open-session.js';
import { positive } from '../wire/options.js';
import type { Permission } from '../wire/permission.js';
import { forbidden } from '../wire/permission.js';
import { closeWithConnection } from '../wire/pipeline.js';
import { recordMessage } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';
import { refuse } from '../wire/respond.js';
import type { ScopeChallenge } from '../wire/scope-challenge.js';
import type { Turns } from '../wire/turns.js';
import { createTurns } from '../wire/turns.js';
import { createLegacyHandler } from './legacy.js';
import { createModernHandler } from './modern.js';
import { createSessions } from './sessions.js';

/** What {@link createMcpHandler} takes. */
export interface McpHandlerOptions<I extends SessionIdentity = SessionIdentity> {
  /**
   * Authenticates every request, or returns a refusal. Default: every caller is `anonymous`, and requests from other machines are
   * refused.
   */
  authenticate?: (req: IncomingMessage) => Awaitable<I | Refusal>;
  /**
   * Whether the caller may use an MCP method; called for every request and notification. A body with a forbidden method is refused as a
   * whole, with 403. Default: every method is allowed. `mayCall` decides by the roles of an `AuthIdentity`.
   */
  authorize?: (identity: I, method: string) => boolean;
  /** Host names in the `Host` header that are accepted besides loopback. Default: all with `authenticate`, none without. */
  allowedHosts?: readonly string[];
  /** Origins of web pages that may use this server, besides those of loopback. Default: none. */
  allowedOrigins?: readonly string[];
  /** Largest size of one body. Default 4 MB. */
  maxBodyBytes?: number;
  /** The memory for what clients make the server keep; see {@link ByteBudgetOptions}. Default: a budget of its own. */
  budget?: ByteBudget;
  /** Shares the event loop among users. Default: turns of its own. */
  turns?: Turns;
  /**
   * Charges a caller for what a body costs beyond one request: a batch of n messages counts as n, and each 64 KB as one more. A refusal
   * that it returns is sent, and nothing of the body is run. Default: bodies cost nothing.
   */
  charge?: Charge;
  /** Makes the `WWW-Authenticate` of a 403 for a token that lacks scopes. Default: it names the scopes only. */
  scopeChallenge?: ScopeChallenge | undefined;
  /** How much all sessions keep of their streams for clients that resume them, in characters. Default 64,000,000. */
  maxKept?: number;
  /** How much of that the sessions of one user keep. Default 16,000,000. */
  maxKeptPerUser?: number;
  /** How long a session lives without a request, a running call or an open stream. Default 30 minutes. */
  sessionIdleMs?: number;
  /** How many sessions may be open; when one more begins, the one that was idle longest is closed. Default 10,000. */
  maxSessions?: number;
  /**
   * How many sessions one user may have open in one partition; when one more begins, the user's session that was idle longest is closed.
   * Default 1,000. Without `authenticate` all callers are one user.
   */
  maxSessionsPerUser?: number;
  /** How many streams of `subscriptions/listen` may be open; one more is refused with 503. Default 10,000. */
  maxStreams?: number;
  /** How many of these streams one user may have open in one partition. Default 1,000. */
  maxStreamsPerUser?: number;
  /**
   * How many requests without a session one user may have running in one partition; one more is refused with 429. The requests of a
   * session are limited by the daemon's `limits.maxInFlight`. Default 1,000.
   */
  maxInFlightPerUser?: number;
  /**
   * The answer to a slow request becomes a stream after this time, so that a client that loses its connection can resume it. For clients of
   * version 2025-11-25. Default 50 ms.
   */
  streamAfterMs?: number;
  /** How often a comment is sent on open streams, so that proxies keep them open. Default 15 seconds. */
  keepAliveMs?: number;
  /** Gets errors. Default: nothing is logged. */
  logger?: Pick<Logger, 'error'>;
}

/** An MCP endpoint. */
export interface McpHandler<I extends SessionIdentity = SessionIdentity> {
  /**
   * Serves one request. It needs no `this` and ignores a function as its third argument, so it can be mounted as it is:
   * `app.use('/mcp', handler.handle)`.
   *
   * @param identity the caller, where the request has been authenticated already; `authenticate` is not called then
   */
  readonly handle: (
    req: IncomingMessage,
    res: ServerResponse,
    identity?: I | ((error?: unknown) => void),
  ) => void | Promise<void>;
  /** How many sessions are open. */
  readonly sessions: number;
  /** The open sessions of a partition. */
  readonly listSessions: ListSessions;
  /** How many responses are open streams. */
  readonly streams: number;
  /** Whether a request is running or a stream or a session is open. */
  readonly isBusy: boolean;
  /** Ends streams and running requests of callers for whom `isValid` is false; see {@link Revocable}. */
  readonly endRevoked: () => void;
  /**
   * Closes the endpoint: new requests are refused, running calls are cancelled after `drainMs` (default 5 seconds), sessions and streams
   * end. The daemon stays open. A second call returns the promise of the first.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

const isRefusal = (answer: SessionIdentity | Refusal): answer is Refusal => 'status' in answer;

/** A caller and their permissions. */
interface AuthorizedCaller {
  readonly caller: Caller;
  readonly may: Permission;
}

const ANONYMOUS: AuthorizedCaller = { caller: callerOf({}), may: () => true };

/**
 * Creates an MCP endpoint for a daemon. It serves clients of all protocol versions.
 *
 * @throws DaemonError `usage` if an option is invalid
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
  const { scopeChallenge: challenge } = options;
  const { authenticate, authorize, allowedHosts, allowedOrigins = [], budget = createByteBudget(), charge, logger } = options;
  const { turns = createTurns() } = options;
  const maxBodyBytes = positive('maxBodyBytes', options.maxBodyBytes ?? 4_000_000);
  const maxKept = positive('maxKept', options.maxKept ?? 64_000_000);
  const maxKeptPerUser = positive('maxKeptPerUser', options.maxKeptPerUser ?? 16_000_000);
  const idleMs = positive('sessionIdleMs', options.sessionIdleMs ?? 30 * 60_000);
  const maxSessions = positive('maxSessions', options.maxSessions ?? 10_000);
  const maxSessionsPerUser = positive('maxSessionsPerUser', options.maxSessionsPerUser ?? 1_000);
  const maxStreams = positive('maxStreams', options.maxStreams ?? 10_000);
  const maxStreamsPerUser = positive('maxStreamsPerUser', options.maxStreamsPerUser ?? 1_000);
  const maxInFlightPerUser = positive('maxInFlightPerUser', options.maxInFlightPerUser ?? 1_000);
  const streamAfterMs = positive('streamAfterMs', options.streamAfterMs ?? 50);
  const streams = new EventStreams(budget, positive('keepAliveMs', options.keepAliveMs ?? 15_000));

  const guard = createGuard({ allowedHosts, allowedOrigins });
  const readMessage = createMessageReader({ maxBytes: maxBodyBytes, budget, turns, charge });
  const sessions = createSessions({
    ...{ daemon, streams, budget, idleMs, maxSessions, maxSessionsPerUser, maxKept, maxKeptPerUser },
    ...{ challenge, turns, streamAfterMs },
  });
  const legacy = createLegacyHandler({ sessions, streams, budget, logger });
  const modern = createModernHandler({
    daemon,
    streams,
    budget,
    turns,
    challenge,
    maxStreams,
    maxStreamsPerUser,
    maxInFlightPerUser,
  });
  let closing: Promise<void> | undefined;

  const authorized = (identity: I): AuthorizedCaller => ({
    caller: callerOf(identity),
    may: authorize === undefined ? ANONYMOUS.may : (method) => authorize(identity, method),
  });

  function post(req: IncomingMessage, res: ServerResponse, { caller, may }: AuthorizedCaller): void {
    readMessage(req, res, caller, (message) => {
      try {
        // The endpoint may have been closed while the body was read.
        const refused = closing === undefined ? forbidden(message, may) : SHUTTING_DOWN;
        if (refused !== undefined) {
          refuse(res, refused);
          return;
        }
        const { 'mcp-protocol-version': version, 'mcp-session-id': sessionId } = req.headers;
        recordMessage(req, message);
        if (!isModern(message, version?.toString(), sessionId?.toString() || undefined)) {
          legacy.post(message, req, res, caller);
          return;
        }
        const accepted = acceptedBy(req);
        if (accepted.json && accepted.events) modern.post(message, req, res, caller);
        else refuse(res, { status: 406, message: 'Accept must include both application/json and text/event-stream.' });
      } catch (error) {
        fail(res, error, logger);
      }
    });
  }

  function serve(req: IncomingMessage, res: ServerResponse, from: AuthorizedCaller): void {
    joinVersions(req);
    if (closing !== undefined) refuse(res, SHUTTING_DOWN);
    else if (req.method === 'POST') post(req, res, from);
    else if (req.method === 'GET') legacy.get(req, res, from.caller);
    else if (req.method === 'DELETE') legacy.delete(req, res, from.caller);
    else refuse(res, { status: 405, message: 'Use POST, GET or DELETE.', headers: { allow: 'POST, GET, DELETE' } });
  }

  function serveOrRefuse(req: IncomingMessage, res: ServerResponse, answer: I | Refusal): void {
    if (isRefusal(answer)) refuse(res, answer);
    else serve(req, res, authorized(answer));
  }

  function handle(req: IncomingMessage, res: ServerResponse, identity?: I | ((error?: unknown) => void)): void | Promise<void> {
    if (!closeWithConnection(req, res)) return;
    try {
      const given = typeof identity === 'function' ? undefined : identity;
      const refusal = guard(req, given !== undefined || authenticate !== undefined);
      if (refusal !== undefined) refuse(res, refusal);
      else if (given !== undefined) serve(req, res, authorized(given));
      else if (authenticate === undefined) serve(req, res, ANONYMOUS);
      else {
        const answer = authenticate(req);
        if (!(answer instanceof Promise)) serveOrRefuse(req, res, answer);
        else return answer.then((found) => serveOrRefuse(req, res, found)).catch((error: unknown) => fail(res, error, logger));
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
    listSessions: (partition) => sessions.list(partition),
    get streams() {
      return streams.size;
    },
    get isBusy() {
      return streams.size > 0 || sessions.size > 0 || modern.isBusy;
    },
    endRevoked() {
      sessions.endRevoked();
      modern.endRevoked();
      streams.endRevoked();
    },
    close: ({ drainMs = 5_000 } = {}) =>
      (closing ??= Promise.all([sessions.close(drainMs), modern.close(drainMs)]).then(() => undefined)),
  };
}
