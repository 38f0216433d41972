/** Verifies the access tokens that the authorization server issues (RFC 9068), and finds their users. */
import { createSecretKey } from 'node:crypto';

import type { Awaitable } from '@mcp-daemon/core';
import { scopesIn } from '@mcp-daemon/core';

import type { Refusal } from '../../wire/respond.js';
import { retryLater } from '../attempts.js';
import type { Bearer, TokenProblem } from '../bearer.js';
import { digestOf } from '../bearer.js';
import { loadOptional } from '../optional-package.js';
import { hasExpired, timeProblem } from '../token-times.js';
import type { VerifiedTokens } from '../verified.js';
import { createVerifiedTokens } from '../verified.js';
import type { Accounts } from './accounts.js';
import { isStoreProblem } from './entries.js';
import type { ClientGrants } from './grants.js';

/** The only accepted algorithm. */
export const ALGORITHM = 'HS256';
/** The type of these tokens, which no other token of this server has. */
const TYPE = 'at+jwt';
/** How the text of such a token begins: its header. */
const HEADER = `${Buffer.from(JSON.stringify({ alg: ALGORITHM, typ: TYPE })).toString('base64url')}.`;
const MAX_CHARACTERS = 8_192;

/** The claims that {@link createAccessTokens} needs besides those of RFC 9068. */
export interface OwnClaims {
  /** The id of the grant that the token belongs to. */
  readonly gid: string;
  /** The mark of the user's password; see `accounts.ts`. */
  readonly pwm: string;
}

/** A token, its user, and the grant that it belongs to. */
interface Verified extends Bearer {
  readonly gid: string;
}

/** Finds the users of access tokens. */
export interface AccessTokens {
  /** Whether a token is one of these, by its header. */
  owns(token: string): boolean;
  /** The user of a token. The caller has to check its `audience`. */
  find(token: string): Awaitable<Bearer | TokenProblem | Refusal>;
  /** Removes the tokens of users that have changed from the cache. */
  forgetChanged(): void;
}

/** What {@link createAccessTokens} takes. */
export interface AccessTokensOptions {
  key: Buffer;
  accounts: Pick<Accounts, 'find'>;
  grants: Pick<ClientGrants, 'exists' | 'isKnownToExist'>;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const NOT_VALID: TokenProblem = 'The token is not valid.';

/** Creates the verifier. @throws DaemonError `usage` if the package jose is not installed */
export async function createAccessTokens({ key, accounts, grants }: AccessTokensOptions): Promise<AccessTokens> {
  const { jwtVerify } = await loadOptional('jose', 'local authentication', () => import('jose'));
  const secret = createSecretKey(key);
  const verified: VerifiedTokens<Verified> = createVerifiedTokens<Verified>();

  /** The token if its grant exists. */
  function granted(found: Verified): Awaitable<Verified | TokenProblem | Refusal> {
    const answer = (exists: boolean): Verified | TokenProblem => (exists ? found : NOT_VALID);
    const exists = grants.exists(found.subject, found.gid);
    if (!(exists instanceof Promise)) return answer(exists);
    return exists.then(answer, (error: unknown) => {
      if (!isStoreProblem(error)) throw error;
      return retryLater(503, 'Tokens cannot be verified at the moment; retry later.', 1);
    });
  }

  async function verify(token: string, digest: string): Promise<Verified | TokenProblem | Refusal> {
    const checked = await jwtVerify(token, secret, {
      algorithms: [ALGORITHM],
      typ: TYPE,
      requiredClaims: ['sub', 'iat', 'exp', 'aud', 'client_id', 'gid', 'pwm'],
      clockTolerance: Number.MAX_SAFE_INTEGER, // the times are checked below, with one tolerance for all tokens
    }).catch(() => undefined);
    if (checked === undefined) return NOT_VALID;
    const { sub, iat = NaN, exp = NaN, aud, client_id: clientId, gid, pwm, scope = '' } = checked.payload;
    if (!isText(sub) || !isText(aud) || !isText(clientId) || !isText(gid) || !isText(pwm)) return NOT_VALID;
    const problem = timeProblem({ iat, exp });
    if (problem !== undefined) return problem;
    const account = accounts.find(sub);
    if (account?.mark !== pwm) return NOT_VALID;
    const bearer: Verified = {
      subject: sub,
      ...account.grants,
      scopes: new Set(scopesIn(typeof scope === 'string' ? scope : '').filter((one) => account.scopes?.has(one) !== false)),
      clientId,
      audience: aud,
      gid,
      expires: exp,
      isValid: () => accounts.find(sub)?.grants === account.grants && !hasExpired(exp) && grants.isKnownToExist(sub, gid),
    };
    verified.add(digest, bearer, exp);
    return granted(bearer);
  }

  return {
    owns: (token) => token.startsWith(HEADER),
    find(token) {
      if (token.length > MAX_CHARACTERS) return NOT_VALID;
      const digest = digestOf(token).toString('base64');
      const known = verified.find(digest);
      if (known === undefined) return verify(token, digest);
      return typeof known === 'string' ? known : granted(known);
    },
    forgetChanged: () => verified.forgetUnless((bearer) => bearer.isValid?.() !== false),
  };
}
