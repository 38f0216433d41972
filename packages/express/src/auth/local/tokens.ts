/** Access tokens: JWTs that are signed with one secret and one algorithm. */
import { createHmac, createSecretKey } from 'node:crypto';

import { DEFAULT_PARTITION, scopesIn } from '@mcp-daemon/core';

import type { TokenProblem } from '../bearer.js';
import type { Grants } from '../identity.js';
import { MAX_NAME } from '../identity.js';
import { loadOptional } from '../optional-package.js';
import { timeProblem } from '../token-times.js';

/** The only accepted algorithm: a token must not choose how it is verified. */
const ALGORITHM = 'HS256';
const MAX_CHARACTERS = 8_192;

/** What {@link createTokens} takes. */
export interface TokensOptions {
  secret: string;
  issuer: string;
  /** Seconds for which a token is valid. */
  seconds: number;
}

/** The content of a verified token. */
export interface Claims extends Grants {
  readonly subject: string;
  /** In seconds since 1970. */
  readonly expires: number;
  /** See {@link Tokens.passwordMark}. Undefined for tokens from other programs with the same secret. */
  readonly mark: string | undefined;
  /** The scopes that the token has at most, from its claim `scope`. Undefined: all that its user has. */
  readonly scopes: readonly string[] | undefined;
}

/** Issues and verifies tokens. */
export interface Tokens {
  /** Seconds for which a token is valid. */
  readonly seconds: number;
  /**
   * Issues a token.
   *
   * @param mark see {@link Tokens.passwordMark}
   * @param scopes the scopes that the token has at most. Default: all that its user has
   */
  issue(subject: string, grants: Grants, mark?: string, scopes?: readonly string[]): Promise<string>;
  /** Verifies a token. It returns the problem, and never rejects, whatever the token is. */
  verify(token: string): Promise<Claims | TokenProblem>;
  /**
   * A mark that changes with the password of a user and reveals nothing about it. It is part of each token, so that a new password makes
   * the older tokens invalid.
   */
  passwordMark(username: string, passwordHash: string): string;
}

const isList = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Creates the issuer. @throws DaemonError `usage` if the package jose is not installed */
export async function createTokens({ secret, issuer, seconds }: TokensOptions): Promise<Tokens> {
  const { SignJWT, jwtVerify } = await loadOptional('jose', 'local authentication', () => import('jose'));
  const key = createSecretKey(Buffer.from(secret));

  return {
    seconds,
    /** Issues a token. @param mark see {@link Tokens.passwordMark} */
    issue(subject, { roles, partitions }, mark, scopes) {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        ...(mark === undefined ? {} : { pwm: mark }),
        ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
      };
      return new SignJWT({ roles, partitions, ...claims })
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
          clockTolerance: Number.MAX_SAFE_INTEGER, // the times are checked below, with one tolerance for all of them
        });
        const { sub = '', iat = NaN, nbf, exp = NaN, roles, partitions = [DEFAULT_PARTITION], pwm, scope } = payload;
        const problem = timeProblem({ iat, nbf, exp });
        if (problem !== undefined) return problem;
        if (sub === '' || sub.length > MAX_NAME || !isList(roles) || !isList(partitions)) return 'The token is not valid.';
        if (pwm !== undefined && typeof pwm !== 'string') return 'The token is not valid.';
        if (scope !== undefined && typeof scope !== 'string') return 'The token is not valid.';
        const scopes = scope === undefined ? undefined : scopesIn(scope);
        return { subject: sub, roles, partitions, expires: exp, mark: pwm, scopes };
      } catch {
        return 'The token is not valid.';
      }
    },
    passwordMark: (username, passwordHash) =>
      createHmac('sha256', key).update(`password\0${username}\0${passwordHash}`).digest('base64url').slice(0, 22),
  };
}
