/** Finds out who calls, once for every request, and hands them to whoever serves them. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Awaitable } from '@mcp-daemon/core';

import type { AuthIdentity } from '../auth/identity.js';
import type { AuthProvider } from '../auth/provider.js';
import { sendProblem } from '../wire/problem.js';
import { noteCaller } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';

/** Serves one request. */
export type Handler = (req: IncomingMessage, res: ServerResponse) => Awaitable<void>;

/** Serves one request of somebody's. */
export type AuthenticatedHandler = (req: IncomingMessage, res: ServerResponse, identity: AuthIdentity) => Awaitable<void>;

/** Asks who calls, and notes the answer for the access log. */
export function noting(authenticate: AuthProvider['authenticate']): AuthProvider['authenticate'] {
  const note = (req: IncomingMessage, known: AuthIdentity | Refusal): AuthIdentity | Refusal => {
    if (!('status' in known)) noteCaller(req, known);
    return known;
  };
  return (req) => {
    const answer = authenticate(req);
    return answer instanceof Promise ? answer.then((known) => note(req, known)) : note(req, answer);
  };
}

/** Makes what serves those alone of whom is known who they are. */
export const authenticated =
  (authenticate: AuthProvider['authenticate']) =>
  (serve: AuthenticatedHandler): Handler =>
  async (req, res) => {
    const known = await authenticate(req);
    if ('status' in known) sendProblem(res, known);
    else await serve(req, res, known);
  };
