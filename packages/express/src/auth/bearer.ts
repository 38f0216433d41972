/** Bearer tokens, and the users they belong to. */
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { HeldScopes } from '@mcp-daemon/core';

import type { Revocable } from '../wire/caller.js';
import type { Grants } from './identity.js';

/** The user of a token, and what the token grants. */
export interface Bearer extends Grants, Revocable {
  readonly subject: string;
  /** The scopes of the token. Undefined: all. */
  readonly scopes: HeldScopes;
  /** The expiry of the token, in seconds since 1970. Undefined: it does not expire. */
  readonly expires?: number;
  /** The client that the token was issued to, where OAuth has issued it. */
  readonly clientId?: string;
  /** The URL of the MCP endpoint that the token is for. Undefined: it is for all of this server. */
  readonly audience?: string;
}

/** The reason why a token is refused, as a message for the client. */
export type TokenProblem =
  'The token has expired.' | 'The token is not valid yet.' | 'The token is not valid.' | 'The token is for another resource.';

/** The SHA-256 of a secret. Digests have equal lengths, so they can be compared in constant time. */
export const digestOf = (secret: string): Buffer => hash('sha256', secret, 'buffer');

/** The token in `Authorization`. Undefined: there is no such header; null: it is not `Bearer <token>`. */
export function tokenOf({ headers: { authorization } }: IncomingMessage): string | null | undefined {
  if (authorization === undefined) return undefined;
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1] ?? null;
}
