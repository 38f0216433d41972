/** The contract of every way of authentication. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Awaitable } from '@mcp-daemon/core';

import type { Refusal } from '../wire/respond.js';
import type { ScopeChallenge } from '../wire/scope-challenge.js';
import type { AuthIdentity } from './identity.js';
import type { Prove } from './prove.js';

/** The scopes that the functions of a partition need. */
export type ScopesOf = (partition: string) => Awaitable<readonly string[]>;

/** Authenticates requests. None of its functions needs `this`. */
export interface AuthProvider {
  /** True where callers need no credentials: a server with this provider has to listen on loopback. */
  readonly loopbackOnly?: boolean;
  /** Whether the provider serves the metadata of RFC 9728, which names an authorization server. Default: no. */
  readonly hasMetadata?: boolean;
  /** Whether the provider is an authorization server itself, with its own pages below `/oauth`. Default: no. */
  readonly hasOAuth?: boolean;
  /** The caller and the partition of a request, or a refusal. Called for every request. */
  readonly authenticate: (req: IncomingMessage) => Awaitable<AuthIdentity | Refusal>;
  /** Checks the password of a user, for pages that act for one user. Default: callers have no passwords. */
  readonly prove?: Prove;
  /**
   * Reloads users and tokens that may have changed. Called about twice a second while streams are open or calls are running, so
   * that `isValid` of identities is up to date. Default: does nothing.
   *
   * @returns undefined if there is nothing to wait for
   */
  readonly refresh?: () => Promise<void> | undefined;
  /**
   * Serves the paths of the provider, such as `/auth/login`, `/me` and the metadata of RFC 9728.
   *
   * @param scopesOf the scopes that the functions of a partition need, for the metadata. Default: they are left out
   * @returns false for every other path; the request is untouched then
   */
  readonly handle: (req: IncomingMessage, res: ServerResponse, scopesOf?: ScopesOf) => Promise<boolean>;
  /** The challenge for a token that lacks scopes. Default: one that names the scopes only. */
  readonly scopeChallenge?: ScopeChallenge;
}
