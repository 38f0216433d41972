/** Authenticates requests before their handlers run. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Awaitable } from '@mcp-daemon/core';

import type { AuthIdentity } from '../auth/identity.js';
import type { AuthProvider } from '../auth/provider.js';
import { sendProblem } from '../wire/problem.js';
import { recordCaller } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';

/** Serves one request. */
export type Handler = (req: IncomingMessage, res: ServerResponse) => Awaitable<void>;

/** Serves one request of an authenticated caller. */
export type AuthenticatedHandler = (req: IncomingMessage, res: ServerResponse, identity: AuthIdentity) => Awaitable<void>;

/** Wraps `authenticate` so that the caller is recorded for the access log. */
export function recordingCaller(authenticate: AuthProvider['authenticate']): AuthProvider['authenticate'] {
  const record = (req: IncomingMessage, known: AuthIdentity | Refusal): AuthIdentity | Refusal => {
    if (!('status' in known)) recordCaller(req, known);
    return known;
  };
  return (req) => {
    const answer = authenticate(req);
    return answer instanceof Promise ? answer.then((known) => record(req, known)) : record(req, answer);
  };
}

/**
 * Wraps a handler so that it runs for callers with the role admin only, and with some HTTP methods.
 *
 * @param methods the methods, the usual one first
 * @param refused the message for other callers
 */
export const adminsOnly =
  (methods: readonly string[], refused: string, serve: AuthenticatedHandler): AuthenticatedHandler =>
  (req, res, identity) => {
    if (!methods.includes(req.method ?? ''))
      return sendProblem(res, { status: 405, message: `Use ${methods[0]}.`, headers: { allow: methods.join(', ') } });
    if (!identity.roles.includes('admin')) return sendProblem(res, { status: 403, message: refused });
    return serve(req, res, identity);
  };

/** Wraps a handler so that it runs for authenticated callers only; other requests get the refusal. */
export const authenticated =
  (authenticate: AuthProvider['authenticate']) =>
  (serve: AuthenticatedHandler): Handler =>
  async (req, res) => {
    const known = await authenticate(req);
    if ('status' in known) sendProblem(res, known);
    else await serve(req, res, known);
  };
