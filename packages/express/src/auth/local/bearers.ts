/** Finds the user of a bearer token, and issues tokens for users. */
import { timingSafeEqual } from 'node:crypto';

import type { Awaitable, HeldScopes } from '@mcp-daemon/core';

import { isRevoked } from '../../wire/caller.js';
import type { Bearer, TokenProblem } from '../bearer.js';
import { digestOf } from '../bearer.js';
import type { Account } from '../server/accounts.js';
import { hasExpired } from '../token-times.js';
import { createVerifiedTokens } from '../verified.js';
import { grantsOfToken, passwordDigest, TOKEN_PREFIX } from './token-entry.js';
import type { AccessTokens } from './token-file.js';
import type { Claims, Tokens } from './tokens.js';
import type { UserGrants } from './user-scopes.js';
import { scopesOfToken, scopesOfUser } from './user-scopes.js';
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
  /** Personal access tokens. Default: there are none. */
  accessTokens?: Pick<AccessTokens, 'find'>;
  admin: BootstrapAdmin;
  /** The static token of the admin. Undefined: there is none. */
  staticToken: string | undefined;
}

/** Maps tokens to users. */
export interface Bearers {
  /** The user of a token and what it grants, or what is wrong with the token. */
  find(token: string): Awaitable<Bearer | TokenProblem>;
  /**
   * Issues a token with all roles and partitions that a user has at the moment.
   *
   * @param scopes the scopes that it has at most. Default: all that the user has
   */
  issue(subject: string, scopes?: readonly string[]): Promise<string>;
  /** The scopes of a user at the moment; undefined: all. */
  scopesOf(subject: string): HeldScopes;
  /** What a user may do at the moment; undefined: there is no such user. */
  account(subject: string): Account | undefined;
  /** Removes the tokens of users that have changed from the cache. */
  forgetChanged(): void;
  /** How many verified tokens are in the cache. */
  readonly remembered: number;
}

/** Creates the mapping. */
export function createBearers({ tokens, users, accessTokens, admin, staticToken }: BearersOptions): Bearers {
  const staticDigest = staticToken === undefined ? undefined : digestOf(staticToken);
  const staticBearer: Bearer = { subject: admin.username, roles: ['admin'], partitions: [], scopes: undefined };

  /** The current grants of the bootstrap admin and, below, of any user: the same object until they change. */
  const bootstrap: UserGrants | undefined = admin.passwordDigest === undefined ? undefined : { roles: ['admin'], partitions: [] };
  const currentGrants = (subject: string): UserGrants | undefined =>
    users.find(subject) ?? (subject === admin.username ? bootstrap : undefined);

  const verified = createVerifiedTokens<Bearer>();

  const adminHash = admin.passwordDigest?.toString('base64') ?? '';
  const markOf = (subject: string): string => tokens.passwordMark(subject, users.find(subject)?.passwordHash ?? adminHash);

  /** A token grants the roles and partitions in it that its user still has. */
  function bearerOf(claims: Claims, digest: string): Bearer | TokenProblem {
    const { subject, mark, expires } = claims;
    const grants = currentGrants(subject);
    if (grants === undefined || (mark !== undefined && mark !== markOf(subject))) return 'The token is not valid.';
    const isAdmin = grants.roles.includes('admin');
    const bearer: Bearer = {
      isValid: () => currentGrants(subject) === grants && !hasExpired(expires),
      subject,
      roles: claims.roles.filter((role) => grants.roles.includes(role)),
      partitions: isAdmin ? claims.partitions : claims.partitions.filter((partition) => grants.partitions.includes(partition)),
      scopes: scopesOfToken(claims.scopes, grants),
      expires,
    };
    verified.add(digest, bearer, expires);
    return bearer;
  }

  /** A personal access token grants what it may grant at most, of what its user still has. */
  function bearerOfAccessToken(digest: Buffer, key: string): Bearer | TokenProblem {
    const hex = digest.toString('hex');
    const entry = accessTokens?.find(hex);
    const grants = entry === undefined ? undefined : currentGrants(entry.username);
    if (entry === undefined || grants === undefined) return 'The token is not valid.';
    const { username, password } = entry;
    const hash = users.find(username)?.passwordHash;
    if (password !== (hash === undefined ? null : passwordDigest(hash))) return 'The token is not valid.';
    const expires = Date.parse(entry.expires) / 1_000;
    if (hasExpired(expires)) return 'The token has expired.';
    const isValid = (): boolean =>
      accessTokens?.find(hex) === entry && currentGrants(username) === grants && !hasExpired(expires);
    const scopes = scopesOfToken(entry.scopes, grants);
    const bearer: Bearer = { subject: username, ...grantsOfToken(entry, grants), scopes, expires, isValid };
    verified.add(key, bearer, expires);
    return bearer;
  }

  return {
    find(token) {
      const digest = digestOf(token);
      if (staticDigest !== undefined && timingSafeEqual(digest, staticDigest)) return staticBearer;
      const key = digest.toString('base64');
      const known = verified.find(key);
      if (known !== undefined) return known;
      if (token.startsWith(TOKEN_PREFIX)) return bearerOfAccessToken(digest, key);
      return tokens.verify(token).then((claims) => (typeof claims === 'string' ? claims : bearerOf(claims, key)));
    },
    issue: (subject, scopes) =>
      tokens.issue(subject, currentGrants(subject) ?? { roles: [], partitions: [] }, markOf(subject), scopes),
    scopesOf: (subject) => scopesOfUser(currentGrants(subject) ?? { roles: [], partitions: [] }),
    account(subject) {
      const grants = currentGrants(subject);
      return grants === undefined ? undefined : { grants, scopes: scopesOfUser(grants), mark: markOf(subject) };
    },
    forgetChanged() {
      verified.forgetUnless((bearer) => !isRevoked(bearer));
    },
    get remembered() {
      return verified.size;
    },
  };
}
