/** Requests of the legacy era: finds the session of each request, or refuses it. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { JsonObject, Logger } from '@mcp-daemon/core';
import { DaemonError, encode, LEGACY_VERSIONS, META, MODERN_VERSIONS } from '@mcp-daemon/core';

import type { ByteBudget } from '../wire/byte-budget.js';
import type { Caller } from '../wire/caller.js';
import type { EventStreams } from '../wire/event-stream.js';
import { eventOf } from '../wire/event-stream.js';
import { fail, SHUTTING_DOWN } from '../wire/failure.js';
import type { Accepted } from '../wire/media.js';
import { acceptedBy } from '../wire/media.js';
import { isHandshake, isLegacyVersion } from '../wire/message.js';
import { bytesOf } from '../wire/message-body.js';
import type { Refusal } from '../wire/respond.js';
import { refuse, sendAnswer, sendStatus } from '../wire/respond.js';
import type { HttpSession } from './http-session.js';
import type { Answered } from './reply.js';
import type { Sessions } from './sessions.js';

/** Serves requests that belong to a session. */
export interface LegacyHandler {
  /** Serves a POST: `initialize`, or a message of a session. */
  post(message: unknown, req: IncomingMessage, res: ServerResponse, caller: Caller): void;
  /** Serves a GET: a stream of the session. */
  get(req: IncomingMessage, res: ServerResponse, caller: Caller): void;
  /** Serves a DELETE: ends the session. */
  delete(req: IncomingMessage, res: ServerResponse, caller: Caller): void;
}

/** How to call without a session, in one line. */
const [MODERN] = MODERN_VERSIONS;
const WITHOUT_SESSION =
  'Send "initialize" first and repeat its Mcp-Session-Id; or send a request without a session: the headers ' +
  `MCP-Protocol-Version: ${MODERN}, Mcp-Method and, for a call, Mcp-Name, and in the body "params": {"_meta": ` +
  `{"${META.protocolVersion}": "${MODERN}", "${META.clientCapabilities}": {}}}.`;
const NO_ID: Refusal = { status: 400, message: 'Invalid Request: "initialize" must have an id.' };

const sessionIdOf = (req: IncomingMessage): string | undefined => {
  const id = req.headers['mcp-session-id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
};

const NO_SESSION: Refusal = { status: 404, message: 'The session does not exist. Send "initialize" to begin a session.' };
const NO_STORE: Refusal = {
  status: 503,
  message: 'The session cannot be looked up at the moment; retry later.',
  headers: { 'retry-after': '5' },
};

const isUnavailable = (error: unknown): boolean =>
  error instanceof DaemonError && (error.code === 'store_busy' || error.code === 'store_failed');

/** What {@link createLegacyHandler} takes. */
export interface LegacyHandlerOptions {
  sessions: Sessions;
  streams: EventStreams;
  budget: Pick<ByteBudget, 'hold'>;
  logger: Pick<Logger, 'error'> | undefined;
}

/** Creates the handler of the legacy era. */
export function createLegacyHandler({ sessions, streams, budget, logger }: LegacyHandlerOptions): LegacyHandler {
  function failed(res: ServerResponse, error: unknown): void {
    if (!isUnavailable(error)) return fail(res, error, logger);
    logger?.error({ error: String(error) }, 'a session could not be looked up in the store');
    refuse(res, NO_STORE);
  }

  /** Refuses a version that has no sessions. */
  function hasRightVersion(req: IncomingMessage, res: ServerResponse): boolean {
    const version = req.headers['mcp-protocol-version'];
    if (typeof version !== 'string' || isLegacyVersion(version)) return true;
    const message = `Unsupported protocol version: a session uses one of ${LEGACY_VERSIONS.join(', ')}.`;
    refuse(res, { status: 400, message });
    return false;
  }

  /** Serves a request by the session with this id, which may have to be taken up first. If there is none, the request is refused. */
  function withSession(
    id: string,
    req: IncomingMessage,
    res: ServerResponse,
    caller: Caller,
    serve: (session: HttpSession) => void,
  ): void {
    if (!hasRightVersion(req, res)) return;
    const session = sessions.find(id, caller);
    if (session !== undefined) {
      serve(session);
      return;
    }
    sessions
      .take(id, caller)
      .then((taken) => (taken === undefined ? refuse(res, NO_SESSION) : serve(taken)))
      .catch((error: unknown) => failed(res, error));
  }

  /** Begins a session. It is added to the table only if `initialize` succeeds and the client is still connected. */
  function begin(message: JsonObject, req: IncomingMessage, res: ServerResponse, caller: Caller, accepted: Accepted): void {
    // Without an id it is a notification, which has no answer: the client could not learn the id of its session.
    if (!('id' in message)) {
      refuse(res, NO_ID);
      return;
    }
    const session = sessions.create(caller);
    const finish = (answered: Answered): void => {
      const answer = Array.isArray(answered) ? undefined : answered;
      if (answer === undefined || 'error' in answer || res.destroyed) {
        session.core.close();
        if (answer === undefined)
          refuse(res, SHUTTING_DOWN); // the session was closed in the meantime
        else sendAnswer(res, 400, answer, { caller, budget });
        return;
      }
      const send = (): void => {
        const named = ['mcp-session-id', session.id];
        if (accepted.json) sendAnswer(res, 200, answer, { caller, budget, more: named });
        else {
          streams.open(res, caller, eventOf(encode(answer)), named);
          streams.end(res);
        }
      };
      const added = sessions.add(session);
      if (added instanceof Promise) added.then(send).catch((error: unknown) => failed(res, error));
      else send();
    };
    const answered = session.core.receive(message, undefined, bytesOf(req));
    if (answered instanceof Promise) void answered.then(finish);
    else finish(answered);
  }

  /** The id of the session of a GET or DELETE, which must name one. Otherwise the request is refused and the result is undefined. */
  function idOrRefuse(req: IncomingMessage, res: ServerResponse): string | undefined {
    const id = sessionIdOf(req);
    if (id !== undefined) return id;
    const message = 'Without Mcp-Session-Id only POST is supported. The stream of live events is at /events.';
    refuse(res, { status: 405, message, headers: { allow: 'POST' } });
    return undefined;
  }

  return {
    post(message, req, res, caller) {
      const accepted = acceptedBy(req);
      if (!accepted.json && !accepted.events) {
        refuse(res, { status: 406, message: 'Accept must include application/json or text/event-stream.' });
        return;
      }
      const id = sessionIdOf(req);
      // Also with the id of a session that has ended: some clients repeat it when they begin another.
      if (isHandshake(message) && (id === undefined || sessions.find(id, caller) === undefined))
        begin(message, req, res, caller, accepted);
      else if (id !== undefined)
        withSession(id, req, res, caller, (session) => session.post(message, { req, res, caller, accepted }));
      else {
        refuse(res, { status: 400, message: `The header Mcp-Session-Id is missing. ${WITHOUT_SESSION}` });
      }
    },
    get(req, res, caller) {
      if (!acceptedBy(req).events) {
        refuse(res, { status: 406, message: 'Accept must include text/event-stream.' });
        return;
      }
      const id = idOrRefuse(req, res);
      if (id !== undefined) withSession(id, req, res, caller, (session) => session.get(req, res, caller));
    },
    delete(req, res, caller) {
      const id = idOrRefuse(req, res);
      if (id === undefined || !hasRightVersion(req, res)) return;
      sessions
        .end(id, caller)
        .then((ended) => (ended ? sendStatus(res, 204) : refuse(res, NO_SESSION)))
        .catch((error: unknown) => failed(res, error));
    },
  };
}
