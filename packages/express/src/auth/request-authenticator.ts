/**
 * Finds out who sends a request:
 *
 *     bearer token  ->  the token's user  ->  the partition of the request  ->  is that partition granted?
 */
import type { IncomingMessage } from 'node:http';

import type { Awaitable } from '@mcp-daemon/core';

import type { Refusal } from '../wire/respond.js';
import type { Bearer, TokenProblem } from './bearer.js';
import { tokenOf } from './bearer.js';
import type { Challenges } from './challenge.js';
import type { AuthIdentity } from './identity.js';
import { hasAccess, hasRole } from './identity.js';
import { partitionOf, pathOf } from './partition.js';
import { resourceOfPath } from './resource.js';

/**
 * Verifies a token: returns the user it belongs to, what is wrong with it, or a refusal (503) where it cannot be verified at the
 * moment.
 */
export type FindBearer = (token: string) => Awaitable<Bearer | TokenProblem | Refusal>;

/** Authenticates requests by their bearer tokens. */
export interface RequestAuthenticator {
  /** The user of the request's token, whatever the partition; or a refusal with status 401. */
  bearerOf(req: IncomingMessage): Awaitable<Bearer | Refusal>;
  /** The caller in the partition of the request; or a refusal with status 400, 401 or 403. */
  authenticate(req: IncomingMessage): Awaitable<AuthIdentity | Refusal>;
}

/** A token grants what its user has, and no more than when it was issued. */
const NO_ROLE =
  'The token has none of the roles admin, user and viewer that its user has now. If these were changed, log in again for a new token.';

/** Creates an authenticator. `find` verifies the tokens; `challenges` makes the answers with status 401. */
export function createRequestAuthenticator(challenges: Challenges, find: FindBearer): RequestAuthenticator {
  function bearerOf(req: IncomingMessage): Awaitable<Bearer | Refusal> {
    const token = tokenOf(req);
    if (token === undefined) return challenges.unauthorized(req);
    if (token === null) return challenges.unauthorized(req, 'Authorization must be: Bearer, a space, a token.');
    const withChallenge = (found: Bearer | TokenProblem | Refusal): Bearer | Refusal => {
      if (typeof found === 'string') return challenges.unauthorized(req, found);
      if (!('audience' in found) || found.audience === resourceOfPath(challenges.urlOf(req), pathOf(req))) return found;
      return challenges.unauthorized(req, 'The token is for another resource.' satisfies TokenProblem);
    };
    const found = find(token);
    return found instanceof Promise ? found.then(withChallenge) : withChallenge(found);
  }

  function identify(req: IncomingMessage, bearer: Bearer | Refusal): AuthIdentity | Refusal {
    if ('status' in bearer) return bearer;
    const partition = partitionOf(req);
    if (typeof partition !== 'string') return partition;
    const { subject, roles, scopes, isValid, clientId } = bearer;
    if (!hasRole(roles)) return { status: 403, message: NO_ROLE };
    if (!hasAccess(bearer, partition)) return { status: 403, message: 'The token does not grant this partition.' };
    const identity = { partition, subject, roles, scopes, isValid };
    return clientId === undefined ? identity : { ...identity, clientId };
  }

  return {
    bearerOf,
    authenticate(req) {
      const bearer = bearerOf(req);
      return bearer instanceof Promise ? bearer.then((known) => identify(req, known)) : identify(req, bearer);
    },
  };
}
