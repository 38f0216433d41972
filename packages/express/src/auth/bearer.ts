/** Bearer tokens of requests, and what they stand for. */
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { Grants } from './identity.js';

/** Who bears a token. */
export interface Bearer extends Grants {
  readonly subject: string;
  /** In seconds since 1970; undefined: never. */
  readonly expires?: number;
}

/** Why a token does not count, in words for its bearer. */
export type TokenProblem = 'The token has expired.' | 'The token is not valid yet.' | 'The token is not valid.';

/** A digest, for secrets that are to be compared in a time that does not depend on them. */
export const digestOf = (secret: string): Buffer => hash('sha256', secret, 'buffer');

/** The token in `Authorization`: undefined where there is none, null where the header is not `Bearer <token>`. */
export function tokenOf({ headers: { authorization } }: IncomingMessage): string | null | undefined {
  if (authorization === undefined) return undefined;
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1] ?? null;
}
