/** The scopes of users, and of their tokens. */
import type { HeldScopes } from '@mcp-daemon/core';

import type { Grants } from '../identity.js';

/** What is granted to a user, with scopes. */
export interface UserGrants extends Grants {
  /** Absent: none. A user with the role admin has all, whatever is here. */
  readonly scopes?: readonly string[];
}

/** The scopes of a user. @returns undefined: all */
export const scopesOfUser = ({ roles, scopes = [] }: UserGrants): HeldScopes =>
  roles.includes('admin') ? undefined : new Set(scopes);

/**
 * The scopes of a token: never more than its user has at the moment.
 *
 * @param wanted those that the token has at most; undefined: all that its user has
 */
export function scopesOfToken(wanted: readonly string[] | undefined, user: UserGrants): HeldScopes {
  const held = scopesOfUser(user);
  return wanted === undefined ? held : new Set(wanted.filter((scope) => held?.has(scope) !== false));
}
