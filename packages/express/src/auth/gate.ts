/**
 * From a request to who sends it:
 *
 *     bearer token  ->  who bears it  ->  the partition of the request  ->  is it granted?
 */
import type { IncomingMessage } from 'node:http';

import type { Awaitable } from '@mcp-daemon/core';

import type { Refusal } from '../wire/respond.js';
import type { Bearer, TokenProblem } from './bearer.js';
import { tokenOf } from './bearer.js';
import type { Challenges } from './challenge.js';
import type { AuthIdentity } from './identity.js';
import { hasRole, reaches } from './identity.js';
import { partitionOf } from './partition.js';

/** Who bears a token, why it does not count, or why that cannot be told now. */
export type FindBearer = (token: string) => Awaitable<Bearer | TokenProblem | Refusal>;

/** Lets requests in. */
export interface Gate {
  /** Who bears the token of a request, for whatever partition it is. */
  bearerOf(req: IncomingMessage): Awaitable<Bearer | Refusal>;
  authenticate(req: IncomingMessage): Awaitable<AuthIdentity | Refusal>;
}

/** Creates a gate. */
export function createGate(challenges: Challenges, find: FindBearer): Gate {
  function bearerOf(req: IncomingMessage): Awaitable<Bearer | Refusal> {
    const token = tokenOf(req);
    if (token === undefined) return challenges.unauthorized(req);
    if (token === null) return challenges.unauthorized(req, 'Authorization must be: Bearer, a space, a token.');
    const told = (found: Bearer | TokenProblem | Refusal): Bearer | Refusal =>
      typeof found === 'string' ? challenges.unauthorized(req, found) : found;
    const found = find(token);
    return found instanceof Promise ? found.then(told) : told(found);
  }

  function identify(req: IncomingMessage, bearer: Bearer | Refusal): AuthIdentity | Refusal {
    if ('status' in bearer) return bearer;
    const partition = partitionOf(req);
    if (typeof partition !== 'string') return partition;
    const { subject, roles } = bearer;
    if (!hasRole(roles)) return { status: 403, message: 'The token has none of the roles admin, user and viewer.' };
    if (!reaches(bearer, partition)) return { status: 403, message: 'The token does not grant this partition.' };
    return { partition, subject, roles };
  }

  return {
    bearerOf,
    authenticate(req) {
      const bearer = bearerOf(req);
      return bearer instanceof Promise ? bearer.then((known) => identify(req, known)) : identify(req, bearer);
    },
  };
}
