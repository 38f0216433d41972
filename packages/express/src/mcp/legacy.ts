/** Requests of the legacy era: finds the session of each request, or refuses it. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { JsonObject } from '@mcp-daemon/core';
import { encode, LEGACY_VERSIONS, META, MODERN_VERSIONS } from '@mcp-daemon/core';

import { bytesOf } from '../wire/body.js';
import type { ByteBudget } from '../wire/byte-budget.js';
import type { Caller } from '../wire/caller.js';
import type { EventStreams } from '../wire/event-stream.js';
import { eventOf } from '../wire/event-stream.js';
import { SHUTTING_DOWN } from '../wire/failure.js';
import type { Accepted } from '../wire/media.js';
import { acceptedBy } from '../wire/media.js';
import { isHandshake, isLegacyVersion } from '../wire/message.js';
import type { Refusal } from '../wire/respond.js';
import { refuse, sendAnswer } from '../wire/respond.js';
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

/** Creates the handler of the legacy era. */
export function createLegacyHandler(sessions: Sessions, streams: EventStreams, budget: Pick<ByteBudget, 'hold'>): LegacyHandler {
  /** The session with this id. If there is none, the request is refused and the result is undefined. */
  function sessionOf(id: string, req: IncomingMessage, res: ServerResponse, caller: Caller): HttpSession | undefined {
    const version = req.headers['mcp-protocol-version'];
    if (typeof version === 'string' && !isLegacyVersion(version)) {
      const message = `Unsupported protocol version: a session uses one of ${LEGACY_VERSIONS.join(', ')}.`;
      refuse(res, { status: 400, message });
      return undefined;
    }
    const session = sessions.find(id, caller);
    if (session === undefined)
      refuse(res, { status: 404, message: 'The session does not exist. Send "initialize" to begin a session.' });
    return session;
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
      sessions.add(session);
      const named = ['mcp-session-id', session.id];
      if (accepted.json) sendAnswer(res, 200, answer, { caller, budget, more: named });
      else {
        streams.open(res, caller, eventOf(encode(answer)), named);
        streams.end(res);
      }
    };
    const answered = session.core.receive(message, undefined, bytesOf(req));
    if (answered instanceof Promise) void answered.then(finish);
    else finish(answered);
  }

  /** The session of a GET or DELETE, which must name one. Otherwise the request is refused and the result is undefined. */
  function named(req: IncomingMessage, res: ServerResponse, caller: Caller): HttpSession | undefined {
    const id = sessionIdOf(req);
    if (id !== undefined) return sessionOf(id, req, res, caller);
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
      else if (id !== undefined) sessionOf(id, req, res, caller)?.post(message, { req, res, caller, accepted });
      else {
        refuse(res, { status: 400, message: `The header Mcp-Session-Id is missing. ${WITHOUT_SESSION}` });
      }
    },
    get(req, res, caller) {
      if (acceptedBy(req).events) named(req, res, caller)?.get(req, res, caller);
      else refuse(res, { status: 406, message: 'Accept must include text/event-stream.' });
    },
    delete(req, res, caller) {
      named(req, res, caller)?.delete(res);
    },
  };
}
