/** The users of the authorization server, as the way of authentication knows them. */
import type { HeldScopes } from '@mcp-daemon/core';

import type { Problem } from '../../wire/problem.js';
import type { Grants } from '../identity.js';

/** A user, as long as nothing about them changes. */
export interface Account {
  /** What the user may do. The same object until it changes. */
  readonly grants: Grants;
  /** The scopes of the user; undefined: all. */
  readonly scopes: HeldScopes;
  /** Changes with the password. It has no dot. */
  readonly mark: string;
}

/** Finds users and checks their passwords. */
export interface Accounts {
  /** The user of that name as of now; undefined: there is none. */
  find(username: string): Account | undefined;
  /** Reloads users that may have changed. @returns undefined if there is nothing to wait for */
  refresh(): Promise<void> | undefined;
  /** Checks a password. @returns the refusal; undefined: it is right. @param address of the client, for the limits on attempts */
  check(username: string, password: string, address: string): Promise<Problem | undefined>;
}

/**
 * The id under which the library knows a user: it contains the mark, so a new password ends sessions, codes and refresh tokens, which
 * all name the user by this id.
 */
export const accountIdOf = (username: string, { mark }: Pick<Account, 'mark'>): string => `${mark}.${username}`;

/** The username in an id. */
export const usernameOf = (accountId: string): string => accountId.slice(accountId.indexOf('.') + 1);

/** The user of an id; undefined: there is none any more, or they have another password now. */
export function findAccount(accounts: Pick<Accounts, 'find'>, accountId: string): Account | undefined {
  const username = usernameOf(accountId);
  const account = accounts.find(username);
  return account !== undefined && accountIdOf(username, account) === accountId ? account : undefined;
}
