/** From a bearer token to what its bearer may reach, and back. */
import { timingSafeEqual } from 'node:crypto';

import type { Awaitable } from '@mcp-daemon/core';

import type { Bearer, TokenProblem } from '../bearer.js';
import { digestOf } from '../bearer.js';
import type { Grants } from '../identity.js';
import { createVerifiedTokens } from '../verified.js';
import type { Claims, Tokens } from './tokens.js';
import type { Users } from './users.js';

/** The administrator whom the settings name: a user like others as long as the file has none of that name. */
export interface BootstrapAdmin {
  readonly username: string;
  /** Undefined: the name cannot log in. */
  readonly passwordDigest: Buffer | undefined;
}

/** What {@link createBearers} takes. */
export interface BearersOptions {
  tokens: Tokens;
  users: Pick<Users, 'find'>;
  admin: BootstrapAdmin;
  /** Undefined: there is none. */
  staticToken: string | undefined;
}

/** Finds out who bears a token. */
export interface Bearers {
  find(token: string): Awaitable<Bearer | TokenProblem>;
  /** A token for all that a user has now. */
  issue(subject: string): Promise<string>;
  /** Forgets all that was verified for users who are no longer what they were. */
  forgetChanged(): void;
  /** Tokens that are remembered. */
  readonly remembered: number;
}

/** Creates what finds out who bears a token. */
export function createBearers({ tokens, users, admin, staticToken }: BearersOptions): Bearers {
  const staticDigest = staticToken === undefined ? undefined : digestOf(staticToken);
  const staticBearer: Bearer = { subject: admin.username, roles: ['admin'], partitions: [] };

  /** What somebody is now; the same object for as long as it is the same. */
  const bootstrap: Grants | undefined = admin.passwordDigest === undefined ? undefined : { roles: ['admin'], partitions: [] };
  const standingOf = (subject: string): Grants | undefined =>
    users.find(subject) ?? (subject === admin.username ? bootstrap : undefined);

  const verified = createVerifiedTokens<{ bearer: Bearer; standing: Grants }>();

  const ofAdmin = admin.passwordDigest?.toString('base64') ?? '';
  const markOf = (subject: string): string => tokens.passwordMark(subject, users.find(subject)?.passwordHash ?? ofAdmin);

  /** A token grants what it says, as long as its user still has it. */
  function bearerOf(claims: Claims, digest: string): Bearer | TokenProblem {
    const { subject, mark, expires } = claims;
    const standing = standingOf(subject);
    if (standing === undefined || (mark !== undefined && mark !== markOf(subject))) return 'The token is not valid.';
    const isAdmin = standing.roles.includes('admin');
    const bearer: Bearer = {
      subject,
      roles: claims.roles.filter((role) => standing.roles.includes(role)),
      partitions: isAdmin ? claims.partitions : claims.partitions.filter((partition) => standing.partitions.includes(partition)),
      expires,
    };
    verified.add(digest, { bearer, standing }, expires);
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
    issue: (subject) => tokens.issue(subject, standingOf(subject) ?? { roles: [], partitions: [] }, markOf(subject)),
    forgetChanged() {
      verified.forgetUnless(({ bearer, standing }) => standingOf(bearer.subject) === standing);
    },
    get remembered() {
      return verified.size;
    },
  };
}
