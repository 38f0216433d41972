/**
 * The HTTP+SSE transport of 2024-11-05, for clients that support nothing newer. The client opens a stream, whose first event names
 * the path to send messages to; all answers are events of the stream. Callers have to be authenticated before.
 *
 * @see https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Daemon, Logger, SessionIdentity } from '@mcp-daemon/core';

import { PATHS } from '../paths.js';
import type { ByteBudget } from '../wire/byte-budget.js';
import { createByteBudget } from '../wire/byte-budget.js';
import type { Caller } from '../wire/caller.js';
import { callerOf } from '../wire/caller.js';
import { EventStreams } from '../wire/event-stream.js';
import { fail, SHUTTING_DOWN } from '../wire/failure.js';
import { createGuard } from '../wire/guard.js';
import { acceptedBy } from '../wire/media.js';
import type { Charge } from '../wire/message-body.js';
import { createMessageReader } from '../wire/message-body.js';
import type { ListSessions } from '../wire/open-session.js';
import { openSession } from '../wire/open-session.js';
import { positive } from '../wire/options.js';
import { forbidden } from '../wire/permission.js';
import { closeWithConnection } from '../wire/pipeline.js';
import type { Refusal } from '../wire/respond.js';
import { refuse } from '../wire/respond.js';
import type { Turns } from '../wire/turns.js';
import { createTurns } from '../wire/turns.js';
import { UserCounts } from '../wire/user-counts.js';
import { SseSession } from './session.js';

/** What {@link createHttpSseHandler} takes. */
export interface HttpSseHandlerOptions<I extends SessionIdentity = SessionIdentity> {
  /**
   * Whether the caller may use an MCP method; called for every request and notification. A body with a forbidden method is refused
   * as a whole, with 403. Default: every method is allowed.
   */
  authorize?: (identity: I, method: string) => boolean;
  /** Host names in the `Host` header that are accepted besides loopback. Default: all. */
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
  /** How many sessions may be open; one more is refused with 503. Default 1,000. */
  maxSessions?: number;
  /** How many sessions one user may have open in one partition. Default 100. */
  maxSessionsPerUser?: number;
  /**
   * How long a session lives without a message from its client and without a running call. Default 24 hours; one minute for a session
   * that has never received a message.
   */
  sessionIdleMs?: number;
  /** How much a client may leave unread. One that leaves more is disconnected, which ends its session. Default 10 MB. */
  maxUnreadBytes?: number;
  /** How often a comment is sent on a stream, so that proxies keep it open. Default 15 seconds. */
  keepAliveMs?: number;
  /** The path that a proxy strips; the event `endpoint` has it. Default: none. */
  prefix?: string;
  /** Gets errors. Default: nothing is logged. */
  logger?: Pick<Logger, 'error'>;
}

/**
 * The two endpoints of the transport.
 *
 * @deprecated The transport is deprecated; serve newer clients with `createMcpHandler`.
 */
export interface HttpSseHandler<I extends SessionIdentity = SessionIdentity> {
  /** Serves `GET /{partition}/sse`: begins a session, which ends with its stream. Needs no `this`. */
  readonly open: (req: IncomingMessage, res: ServerResponse, identity: I) => void;
  /** Serves `POST /{partition}/messages?sessionId=`: receives a message or a batch. Needs no `this`. */
  readonly message: (req: IncomingMessage, res: ServerResponse, identity: I) => void;
  /** The open sessions of a partition. */
  readonly listSessions: ListSessions;
  /** How many sessions are open. */
  readonly sessions: number;
  /** Ends the sessions of callers for whom `isValid` is false; see {@link Revocable}. */
  readonly endRevoked: () => void;
  /**
   * Closes the handler: new requests are refused, running calls are cancelled after `drainMs` (default 5 seconds), then the streams
   * end. The daemon stays open. A second call returns the promise of the first.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

/** Seconds after which a client that was refused because of a limit may retry. */
const RETRY_AFTER_S = 5;
/** How long a session may wait for the first message of its client. */
const FIRST_MESSAGE_MS = 60_000;

/** Empty segments are not allowed: the URL of a message would begin with two slashes and so name another server. */
const STREAM_PATH = new RegExp(`^((?:/[^/\\\\]+)*)${PATHS.sse.path}/?$`);

const pathAndQuery = ({ url = '/' }: IncomingMessage): [path: string, query: string] => {
  const [path = '', query = ''] = url.split('?', 2);
  return [path, query];
};

/** The part of the path before `/sse`, which the path for messages shares; undefined: the path does not end with `/sse`. */
function baseOf(req: IncomingMessage): string | undefined {
  const { baseUrl = '' } = req as IncomingMessage & { baseUrl?: string };
  return STREAM_PATH.exec(baseUrl + pathAndQuery(req)[0])?.[1];
}

/**
 * Serves a daemon over HTTP+SSE, to authenticated callers.
 *
 * @deprecated The transport is deprecated; serve newer clients with `createMcpHandler`.
 * @throws DaemonError `usage` if an option is invalid
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
  const {
    authorize = () => true,
    allowedHosts,
    allowedOrigins = [],
    budget = createByteBudget(),
    turns = createTurns(),
    charge,
    prefix = '',
    logger,
  } = options;
  const maxBodyBytes = positive('maxBodyBytes', options.maxBodyBytes ?? 4_000_000);
  const maxSessions = positive('maxSessions', options.maxSessions ?? 1_000);
  const maxSessionsPerUser = positive('maxSessionsPerUser', options.maxSessionsPerUser ?? 100);
  const idleMs = positive('sessionIdleMs', options.sessionIdleMs ?? 24 * 60 * 60_000);
  const maxUnreadBytes = positive('maxUnreadBytes', options.maxUnreadBytes ?? 10_000_000);
  const streams = new EventStreams(budget, positive('keepAliveMs', options.keepAliveMs ?? 15_000), maxUnreadBytes);

  const guard = createGuard({ allowedHosts, allowedOrigins });
  const readMessage = createMessageReader({ maxBytes: maxBodyBytes, budget, turns, charge });
  const table = new Map<string, SseSession>();
  const sessionsByUser = new UserCounts();
  let timer: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;

  function sweep(): void {
    const now = performance.now();
    for (const session of [...table.values()])
      if (session.idleFor(now) >= (session.hasReceived ? idleMs : Math.min(idleMs, FIRST_MESSAGE_MS))) session.core.close();
  }

  function begin(req: IncomingMessage, res: ServerResponse, caller: Caller): void {
    if (res.headersSent || res.destroyed) return;
    const base = baseOf(req);
    if (base === undefined) {
      refuse(res, { status: 404, message: `The path of the stream must end with ${PATHS.sse.path}.` });
      return;
    }
    const onEnd = ({ id }: SseSession): void => {
      table.delete(id);
      uncount();
      if (table.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
    const session = new SseSession({ daemon, streams, caller, res, onEnd });
    const uncount = sessionsByUser.take(caller);
    table.set(session.id, session);
    timer ??= setInterval(sweep, Math.min(30_000, Math.max(10, idleMs / 4))).unref();
    session.begin(`${prefix}${base}${PATHS.messages.path}?sessionId=${session.id}`);
  }

  function refusalOf(req: IncomingMessage, method: string): Refusal | undefined {
    if (req.method !== method) return { status: 405, message: `Use ${method}.`, headers: { allow: method } };
    return guard(req, true) ?? (closing === undefined ? undefined : SHUTTING_DOWN);
  }

  function limitRefusal(caller: Caller): Refusal | undefined {
    const headers = { 'retry-after': String(RETRY_AFTER_S) };
    if (sessionsByUser.total >= maxSessions) return { status: 503, message: 'Too many sessions are open.', headers };
    if (sessionsByUser.of(caller) < maxSessionsPerUser) return undefined;
    return { status: 503, message: `One user may have at most ${maxSessionsPerUser} open sessions.`, headers };
  }

  /** The session that a POST names. Without one, or for another user's session, the request is refused and the result undefined. */
  function sessionOf(req: IncomingMessage, res: ServerResponse, caller: Caller): SseSession | undefined {
    const id = new URLSearchParams(pathAndQuery(req)[1]).get('sessionId');
    const session = id === null ? undefined : table.get(id);
    if (session?.belongsTo(caller) === true) return session;
    if (id === null)
      refuse(res, { status: 400, message: 'The query must have the sessionId from the event "endpoint" of the stream.' });
    else refuse(res, { status: 404, message: 'The session does not exist. Open a stream to begin a session.' });
    return undefined;
  }

  async function close(drainMs: number): Promise<void> {
    const all = [...table.values()];
    await Promise.all(all.map(({ core }) => core.drain(drainMs)));
    await new Promise<void>((resolve) => setImmediate(resolve)); // lets the last answers be sent first
    for (const { core } of all) core.close('server');
  }

  return {
    open(req, res, identity) {
      closeWithConnection(req, res);
      try {
        const caller = callerOf(identity);
        const refusal = refusalOf(req, 'GET') ?? limitRefusal(caller);
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
      readMessage(req, res, caller, (message) => {
        try {
          // The handler or the session may have been closed while the body was read.
          const refused = closing === undefined ? forbidden(message, (method) => authorize(identity, method)) : SHUTTING_DOWN;
          if (refused !== undefined) refuse(res, refused);
          else sessionOf(req, res, caller)?.receive(message, caller, req, res);
        } catch (error) {
          fail(res, error, logger);
        }
      });
    },
    endRevoked() {
      for (const session of [...table.values()]) if (session.isRevoked) session.core.close('client');
    },
    listSessions: (partition) =>
      [...table.values()]
        .filter(({ caller }) => caller.partition === partition)
        .map((session) => openSession(session, 'http+sse')),
    get sessions() {
      return table.size;
    },
    close: ({ drainMs = 5_000 } = {}) => (closing ??= close(drainMs)),
  };
}
