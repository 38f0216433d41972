/** The era with sessions: which session a request belongs to, and what it is refused for. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { encode, LEGACY_VERSIONS } from '@mcp-daemon/core';

import type { Caller } from '../wire/caller.js';
import type { EventStreams } from '../wire/event-stream.js';
import { eventOf } from '../wire/event-stream.js';
import type { Accepted } from '../wire/media.js';
import { acceptedBy } from '../wire/media.js';
import { isHandshake, isLegacyVersion } from '../wire/message.js';
import { endResponse, refuse, sendJson } from '../wire/respond.js';
import type { HttpSession } from './http-session.js';
import type { Answered } from './reply.js';
import type { Sessions } from './sessions.js';

/** Serves sessions. */
export interface LegacyDoor {
  post(message: unknown, req: IncomingMessage, res: ServerResponse, caller: Caller): void;
  get(req: IncomingMessage, res: ServerResponse, caller: Caller): void;
  delete(req: IncomingMessage, res: ServerResponse, caller: Caller): void;
}

const sessionIdOf = (req: IncomingMessage): string | undefined => {
  const id = req.headers['mcp-session-id'];
  return typeof id === 'string' ? id : undefined;
};

/** Creates the door of the legacy era. */
export function createLegacyDoor(sessions: Sessions, streams: EventStreams): LegacyDoor {
  /** The session that a request names; where there is none the request is refused. */
  function sessionOf(id: string, req: IncomingMessage, res: ServerResponse, caller: Caller): HttpSession | undefined {
    const version = req.headers['mcp-protocol-version'];
    if (typeof version === 'string' && !isLegacyVersion(version)) {
      const message = `Unsupported protocol version: a session speaks one of ${LEGACY_VERSIONS.join(', ')}.`;
      refuse(res, { status: 400, message });
      return undefined;
    }
    const session = sessions.find(id, caller);
    if (session === undefined) refuse(res, { status: 404, message: 'There is no such session. Send "initialize" to begin one.' });
    return session;
  }

  /** A session is the client's once it was told of it, and only if the handshake went well. */
  function begin(message: unknown, res: ServerResponse, caller: Caller, accepted: Accepted): void {
    const session = sessions.create(caller);
    const finish = (answered: Answered): void => {
      const answer = Array.isArray(answered) ? undefined : answered;
      if (answer === undefined || 'error' in answer || res.destroyed) {
        session.core.close();
        if (answer !== undefined) sendJson(res, 400, encode(answer));
        return;
      }
      sessions.add(session);
      const named = ['mcp-session-id', session.id];
      if (accepted.json) sendJson(res, 200, encode(answer), named);
      else {
        streams.open(res, eventOf(encode(answer)), named);
        endResponse(res);
      }
    };
    const answered = session.core.receive(message);
    if (answered instanceof Promise) void answered.then(finish);
    else finish(answered);
  }

  /** GET and DELETE are about a session; without one there is nothing here to get. */
  function named(req: IncomingMessage, res: ServerResponse, caller: Caller): HttpSession | undefined {
    const id = sessionIdOf(req);
    if (id !== undefined) return sessionOf(id, req, res, caller);
    const message = 'Without an Mcp-Session-Id only POST is served here.';
    refuse(res, { status: 405, message, headers: { allow: 'POST' } });
    return undefined;
  }

  return {
    post(message, req, res, caller) {
      const accepted = acceptedBy(req);
      if (!accepted.json && !accepted.events) {
        refuse(res, { status: 406, message: 'Accept must allow application/json or text/event-stream.' });
        return;
      }
      const id = sessionIdOf(req);
      if (id !== undefined) sessionOf(id, req, res, caller)?.post(message, req, res, accepted);
      else if (isHandshake(message)) begin(message, res, caller, accepted);
      else {
        const why =
          'Send "initialize" first and its Mcp-Session-Id with every request, or the metadata of a request without a session.';
        refuse(res, { status: 400, message: `The header Mcp-Session-Id is missing. ${why}` });
      }
    },
    get(req, res, caller) {
      if (acceptedBy(req).events) named(req, res, caller)?.get(req, res);
      else refuse(res, { status: 406, message: 'Accept must allow text/event-stream.' });
    },
    delete(req, res, caller) {
      named(req, res, caller)?.delete(res);
    },
  };
}
