/** Finds the user of a bearer token, and issues tokens for users. */
import { timingSafeEqual } from 'node:crypto';

import type { Awaitable } from '@mcp-daemon/core';

import type { Bearer, TokenProblem } from '../bearer.js';
import { digestOf } from '../bearer.js';
import type { Grants } from '../identity.js';
import { createVerifiedTokens } from '../verified.js';
import type { Claims, Tokens } from './tokens.js';
import type { Users } from './users.js';

/** The admin from the settings: a user like any other, unless the users file has a user of that name. */
export interface BootstrapAdmin {
  readonly username: string;
  /** Undefined: the bootstrap admin cannot log in. */
  readonly passwordDigest: Buffer | undefined;
}

/** What {@link createBearers} takes. */
export interface BearersOptions {
  tokens: Tokens;
  users: Pick<Users, 'find'>;
  admin: BootstrapAdmin;
  /** The static token of the admin. Undefined: there is none. */
  staticToken: string | undefined;
}

/** Maps tokens to users. */
export interface Bearers {
  /** The user of a token and what it grants, or what is wrong with the token. */
  find(token: string): Awaitable<Bearer | TokenProblem>;
  /** Issues a token with all roles and partitions that a user has at the moment. */
  issue(subject: string): Promise<string>;
  /** Removes the tokens of users that have changed from the cache. */
  forgetChanged(): void;
  /** How many verified tokens are in the cache. */
  readonly remembered: number;
}

/** Creates the mapping. */
export function createBearers({ tokens, users, admin, staticToken }: BearersOptions): Bearers {
  const staticDigest = staticToken === undefined ? undefined : digestOf(staticToken);
  const staticBearer: Bearer = { subject: admin.username, roles: ['admin'], partitions: [] };

  /** The current grants of the bootstrap admin and, below, of any user: the same object until they change. */
  const bootstrap: Grants | undefined = admin.passwordDigest === undefined ? undefined : { roles: ['admin'], partitions: [] };
  const currentGrants = (subject: string): Grants | undefined =>
    users.find(subject) ?? (subject === admin.username ? bootstrap : undefined);

  const verified = createVerifiedTokens<{ bearer: Bearer; grants: Grants }>();

  const adminHash = admin.passwordDigest?.toString('base64') ?? '';
  const markOf = (subject: string): string => tokens.passwordMark(subject, users.find(subject)?.passwordHash ?? adminHash);

  /** A token grants the roles and partitions in it that its user still has. */
  function bearerOf(claims: Claims, digest: string): Bearer | TokenProblem {
    const { subject, mark, expires } = claims;
    const grants = currentGrants(subject);
    if (grants === undefined || (mark !== undefined && mark !== markOf(subject))) return 'The token is not valid.';
    const isAdmin = grants.roles.includes('admin');
    const bearer: Bearer = {
      subject,
      roles: claims.roles.filter((role) => grants.roles.includes(role)),
      partitions: isAdmin ? claims.partitions : claims.partitions.filter((partition) => grants.partitions.includes(partition)),
      expires,
    };
    verified.add(digest, { bearer, grants }, expires);
    return bearer;
  }

  return {
    find(token) {
      const digest = digestOf(token);
      if (staticDigest !== undefined && timingSafeEqual(digest, staticDigest)) return staticBearer;
      const key = digest.toString('base64');
      const known = verified.find(key);
      if (known !== undefined) return typeof known === 'string' ? known : known.bearer;
      return tokens.verify(token).then((claims) => (typeof claims === 'string' ? claims : bearerOf(claims, key)));
    },
    issue: (subject) => tokens.issue(subject, currentGrants(subject) ?? { roles: [], partitions: [] }, markOf(subject)),
    forgetChanged() {
      verified.forgetUnless(({ bearer, grants }) => currentGrants(bearer.subject) === grants);
    },
    get remembered() {
      return verified.size;
    },
  };
}
