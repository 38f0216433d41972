/** Access tokens: JWTs, signed with one secret by one algorithm. */
import { createHmac, createSecretKey } from 'node:crypto';

import { DEFAULT_PARTITION } from '@mcp-daemon/core';

import type { TokenProblem } from '../bearer.js';
import type { Grants } from '../identity.js';
import { MAX_NAME } from '../identity.js';

/** There is no other: a token does not choose how it is verified. */
const ALGORITHM = 'HS256';
const MAX_CHARACTERS = 8_192;
/** Seconds by which the clock of another machine may be ahead of ours. */
const AHEAD = 60;

/** What {@link createTokens} takes. */
export interface TokensOptions {
  secret: string;
  issuer: string;
  /** Seconds that a token is good for. */
  seconds: number;
}

/** What a token says. */
export interface Claims extends Grants {
  readonly subject: string;
  /** In seconds since 1970. */
  readonly expires: number;
  /** See {@link Tokens.passwordMark}; tokens made elsewhere need none. */
  readonly mark: string | undefined;
}

/** Issues and verifies. */
export interface Tokens {
  /** Seconds that a token is good for. */
  readonly seconds: number;
  issue(subject: string, grants: Grants, mark?: string): Promise<string>;
  /** Never throws for what a token is. */
  verify(token: string): Promise<Claims | TokenProblem>;
  /** Tells one password of a user from the next without telling anything of them: tokens of the old one no longer count. */
  passwordMark(username: string, passwordHash: string): string;
}

const isList = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Creates what issues and verifies tokens. */
export async function createTokens({ secret, issuer, seconds }: TokensOptions): Promise<Tokens> {
  // Loaded here, because who embeds us without tokens need not wait for it.
  const { SignJWT, errors, jwtVerify } = await import('jose');
  const key = createSecretKey(Buffer.from(secret));

  function problemOf(error: unknown): TokenProblem {
    if (error instanceof errors.JWTExpired) return 'The token has expired.';
    const early = error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf' && error.reason === 'check_failed';
    return early ? 'The token is not valid yet.' : 'The token is not valid.';
  }

  return {
    seconds,
    issue(subject, { roles, partitions }, mark) {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ roles, partitions, ...(mark === undefined ? {} : { pwm: mark }) })
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
        .setIssuer(issuer)
        .setSubject(subject)
        .setIssuedAt(now)
        .setExpirationTime(now + seconds)
        .sign(key);
    },
    async verify(token) {
      if (token.length > MAX_CHARACTERS) return 'The token is not valid.';
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [ALGORITHM],
          issuer,
          requiredClaims: ['sub', 'iat', 'exp'],
          currentDate: new Date(Date.now()),
        });
        const { sub = '', iat = 0, exp = 0, roles, partitions = [DEFAULT_PARTITION], pwm } = payload;
        if (iat > Date.now() / 1000 + AHEAD) return 'The token is not valid yet.';
        if (sub === '' || sub.length > MAX_NAME || !isList(roles) || !isList(partitions)) return 'The token is not valid.';
        if (pwm !== undefined && typeof pwm !== 'string') return 'The token is not valid.';
        return { subject: sub, roles, partitions, expires: exp, mark: pwm };
      } catch (error) {
        return problemOf(error);
      }
    },
    passwordMark: (username, passwordHash) =>
      createHmac('sha256', key).update(`password\0${username}\0${passwordHash}`).digest('base64url').slice(0, 22),
  };
}
