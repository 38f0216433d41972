/**
 * A GraphQL endpoint as a plain `(req, res)` handler. It only translates between HTTP and the API, which knows no HTTP:
 *
 *     Host and Origin  ->  the page for browsers, or authentication  ->  body  ->  JSON, or a stream of results
 *
 * @see https://graphql.github.io/graphql-over-http/draft/
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Awaitable, Logger } from '@mcp-daemon/core';

import type { AuthIdentity, Role } from '../auth/identity.js';
import { ROLES } from '../auth/identity.js';
import type { ByteBudget } from '../wire/byte-budget.js';
import { createByteBudget } from '../wire/byte-budget.js';
import { callerOf } from '../wire/caller.js';
import { EventStreams } from '../wire/event-stream.js';
import { SHUTTING_DOWN } from '../wire/failure.js';
import type { GuardOptions } from '../wire/guard.js';
import { createGuard } from '../wire/guard.js';
import type { Charge } from '../wire/message-body.js';
import { positive } from '../wire/options.js';
import { closeWithConnection } from '../wire/pipeline.js';
import type { Refusal } from '../wire/respond.js';
import type { Turns } from '../wire/turns.js';
import { createTurns } from '../wire/turns.js';
import { wantedBy } from './accept.js';
import type { GraphqlApi } from './api.js';
import { createGraphqlBodyReader } from './body.js';
import type { Engine } from './engine.js';
import { createEngine } from './engine.js';
import { failGraphql, refuseGraphql } from './refusals.js';
import { createResultStreams, isRepeated, stopRepeating } from './results.js';
import { createRunningOperations, OperationEnded } from './running.js';

/** Limits of a GraphQL endpoint. */
export interface GraphqlLimits {
  /** How long one operation may take, in milliseconds; for a subscription, until it has begun. Default 30 seconds. */
  timeoutMs?: number;
  /** How many operations one user may have running in one partition; one more is refused with 429. Default 100. */
  maxRunningPerUser?: number;
  /** How many streams of results may be open; one more is refused with 503. Default 1,000. */
  maxStreams?: number;
  /** How many of these one user may have open in one partition. Default 32. */
  maxStreamsPerUser?: number;
  /** How many bytes of a stream a client may leave unread. One that leaves more is disconnected. Default 500 KB. */
  maxUnreadBytes?: number;
  /** How long one stream lasts, in milliseconds. Then its client has to connect and authenticate again. Default 1 hour. */
  maxStreamMs?: number;
  /** How often a comment is sent on open streams, in milliseconds. Default 15 seconds. */
  keepAliveMs?: number;
}

/** Serves the page for browsers. @returns false where there is none; the request is untouched then */
export type ServePage = (req: IncomingMessage, res: ServerResponse) => boolean;

/** What {@link createGraphqlHandler} takes. */
export interface GraphqlHandlerOptions extends GraphqlLimits, Partial<GuardOptions> {
  /** Authenticates every request, or returns a refusal. */
  authenticate: (req: IncomingMessage) => Awaitable<AuthIdentity | Refusal>;
  /**
   * The caller of a request for a stream that has a ticket in its URL, or a refusal; undefined: it has none. Default: tickets are ignored.
   */
  callerOfTicket?: (req: IncomingMessage) => Promise<AuthIdentity | Refusal> | undefined;
  /** The page for browsers. Default: none. */
  page?: ServePage | undefined;
  /** Largest size of one body. Default 4 MB. */
  maxBodyBytes?: number;
  /** The memory for what clients make the server keep. Default: a budget of its own. */
  budget?: ByteBudget;
  /** Shares the event loop among users. Default: turns of its own. */
  turns?: Turns;
  /** Charges a caller for each 64 KB of a body as for one more request. Default: bodies cost nothing. */
  charge?: Charge;
  /** Gets errors. Default: nothing is logged. */
  logger?: Pick<Logger, 'error'>;
}

/** A GraphQL endpoint. */
export interface GraphqlHandler {
  /** Serves one request. Needs no `this`. */
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void;
  /** How many responses are open streams. */
  readonly streams: number;
  /** Whether an operation is running or a stream is open. */
  readonly isBusy: boolean;
  /** Ends streams and operations of callers for whom `isValid` is false. */
  readonly endRevoked: () => void;
  /**
   * Closes the endpoint: new requests are refused, streams end, and operations that are running after `drainMs` (default 5 seconds). A
   * second call returns the promise of the first.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

const METHODS = 'GET, POST';
const WRONG_METHOD: Refusal = { status: 405, message: 'Use POST, or GET for queries.', headers: { allow: METHODS } };
const NO_ROLE: Refusal = { status: 403, message: 'Your roles do not allow the GraphQL API.' };
const TICKET_ONLY: Refusal = { status: 400, message: 'A ticket is for a stream: use GET with Accept: text/event-stream.' };

const isRefusal = (answer: AuthIdentity | Refusal): answer is Refusal => 'status' in answer;

/** The highest of a caller's roles. {@link ROLES} begins with the highest. */
const roleOf = ({ roles }: AuthIdentity): Role | undefined => ROLES.find((role) => roles.includes(role));

/**
 * Creates a GraphQL endpoint. Neither the API nor a library of GraphQL is loaded before the first request.
 *
 * @param load loads the API
 * @throws DaemonError `usage` where an option is invalid
 */
export function createGraphqlHandler(load: () => Promise<GraphqlApi>, options: GraphqlHandlerOptions): GraphqlHandler {
  const { authenticate, callerOfTicket, page, allowedHosts, allowedOrigins = [], charge, logger } = options;
  const { budget = createByteBudget(), turns = createTurns() } = options;
  const maxBytes = positive('maxBodyBytes', options.maxBodyBytes ?? 4_000_000);
  const timeoutMs = positive('timeoutMs', options.timeoutMs ?? 30_000);
  const maxPerUser = positive('maxRunningPerUser', options.maxRunningPerUser ?? 100);
  const maxStreams = positive('maxStreams', options.maxStreams ?? 1_000);
  const maxStreamsPerUser = positive('maxStreamsPerUser', options.maxStreamsPerUser ?? 32);
  const maxStreamMs = positive('maxStreamMs', options.maxStreamMs ?? 60 * 60_000);
  const maxUnreadBytes = positive('maxUnreadBytes', options.maxUnreadBytes ?? 500_000);
  const streams = new EventStreams(budget, positive('keepAliveMs', options.keepAliveMs ?? 15_000), maxUnreadBytes);

  const guard = createGuard({ allowedHosts, allowedOrigins });
  const readBody = createGraphqlBodyReader({ maxBytes, budget, turns, charge });
  const running = createRunningOperations({ maxPerUser, timeoutMs });
  const results = createResultStreams({ streams, maxStreams, maxStreamsPerUser, maxStreamMs, logger });
  let engine: Engine | undefined;
  let loading: Promise<Engine> | undefined;
  let closing: Promise<void> | undefined;

  /** Loads everything, once. Where that fails, the next request tries again. */
  function loaded(): Promise<Engine> {
    loading ??= createEngine(load, { results, budget, turns }).then(
      (made) => (engine = made),
      (error: unknown) => {
        loading = undefined;
        throw error;
      },
    );
    return loading;
  }

  /** Runs the operation of a request. @param body the parsed body of a POST */
  async function run(
    req: IncomingMessage,
    res: ServerResponse,
    identity: AuthIdentity,
    role: Role,
    body?: unknown,
  ): Promise<void> {
    if (res.destroyed) return;
    const operation = closing === undefined ? running.begin(callerOf(identity), res) : SHUTTING_DOWN;
    if ('status' in operation) return refuseGraphql(res, operation);
    try {
      const { serve } = engine ?? (await operation.until(loaded()));
      const refusal = await serve({ req, res, running: operation, role, body });
      if (refusal !== undefined) refuseGraphql(res, refusal);
    } catch (error) {
      if (!(error instanceof OperationEnded)) failGraphql(res, error, logger);
      else if (error.refusal !== undefined) refuseGraphql(res, error.refusal);
    }
  }

  function serve(req: IncomingMessage, res: ServerResponse, identity: AuthIdentity): void {
    const role = roleOf(identity);
    if (closing !== undefined) refuseGraphql(res, SHUTTING_DOWN);
    else if (role === undefined) refuseGraphql(res, NO_ROLE);
    else if (req.method === 'GET') void run(req, res, identity, role);
    else if (req.method === 'POST')
      readBody(req, callerOf(identity), (read) => {
        if ('status' in read) refuseGraphql(res, read);
        else void run(req, res, identity, role, read.value);
      });
    else refuseGraphql(res, WRONG_METHOD);
  }

  /** The caller, or why there is none. */
  function identify(req: IncomingMessage, wantsEvents: boolean): Awaitable<AuthIdentity | Refusal> {
    const byTicket = callerOfTicket?.(req);
    if (byTicket === undefined) return authenticate(req);
    // Used up by now, even where it is refused.
    return byTicket.then((known) => (req.method === 'GET' && wantsEvents ? known : TICKET_ONLY));
  }

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const refusal = guard(req, true);
    if (refusal !== undefined) return refuseGraphql(res, refusal);
    const wanted = wantedBy(req);
    if (wanted.page && (req.method === 'GET' || req.method === 'HEAD') && page?.(req, res) === true) return;
    if (wanted.events && isRepeated(req)) return stopRepeating(res);
    const known = await identify(req, wanted.events);
    if (isRefusal(known)) refuseGraphql(res, known);
    else serve(req, res, known);
  }

  return {
    handle(req, res) {
      closeWithConnection(req, res);
      res.on('error', () => undefined); // such as EPIPE, where the client has left; `close` does the rest
      answer(req, res).catch((error: unknown) => failGraphql(res, error, logger));
    },
    get streams() {
      return streams.size;
    },
    get isBusy() {
      return running.isBusy;
    },
    endRevoked: () => running.endRevoked(),
    close: ({ drainMs = 5_000 } = {}) => (closing ??= running.close(drainMs)),
  };
}
