/**
 * Verifies the tokens of a user pool and reads the grants in their groups.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
 */
import type { HeldScopes, Logger } from '@mcp-daemon/core';
import { DEFAULT_PARTITION, LOGIN_SCOPES, scopeProblem, scopesIn } from '@mcp-daemon/core';

import type { Refusal } from '../../wire/respond.js';
import { retryLater } from '../attempts.js';
import type { Bearer, TokenProblem } from '../bearer.js';
import { digestOf } from '../bearer.js';
import type { Grants } from '../identity.js';
import { nameProblem, ROLES } from '../identity.js';
import { loadOptional } from '../optional-package.js';
import { isPartition } from '../partition.js';
import type { FindBearer } from '../request-authenticator.js';
import { CLOCK_TOLERANCE_S, hasExpired, timeProblem } from '../token-times.js';
import { createVerifiedTokens } from '../verified.js';
import { createJwks, RETRY_SECONDS } from './jwks.js';

/** The algorithm that Cognito signs with. */
const ALGORITHM = 'RS256';
/** Tokens of users in many groups are large, but a header cannot be larger than this. */
const MAX_CHARACTERS = 16_384;
/** A group `partition:alpha` grants the partition `alpha`. */
const PARTITION_GROUP = 'partition:';
/** A group `scope:files:read` grants the scope `files:read`. */
const SCOPE_GROUP = 'scope:';

/** What {@link createCognitoTokens} takes. */
export interface CognitoTokensOptions {
  userPoolId: string;
  clientId: string;
  jwksUrl: string | undefined;
  /** A claim that names granted partitions in addition to the groups. */
  partitionsClaim: string | undefined;
  logger: Pick<Logger, 'error'> | undefined;
}

type Payload = Readonly<Record<string, unknown>>;

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

/** The grants of a token: from its groups and, if there is one, from the claim for partitions. */
export function grantsOf(payload: Payload, partitionsClaim?: string): Grants {
  const groups = texts(payload['cognito:groups']);
  const roles = ROLES.filter((role) => groups.includes(role));
  const claim = partitionsClaim === undefined ? undefined : payload[partitionsClaim];
  const named = [
    ...groups.filter((group) => group.startsWith(PARTITION_GROUP)).map((group) => group.slice(PARTITION_GROUP.length)),
    ...(typeof claim === 'string' ? claim.split(/[\s,]+/) : texts(claim)),
  ];
  // Without any named partition the default one is granted; but not where a claim is configured, because then the claim decides.
  if (named.length === 0 && partitionsClaim === undefined) return { roles, partitions: [DEFAULT_PARTITION] };
  return { roles, partitions: [...new Set(named.filter(isPartition))] };
}

/**
 * The scopes of a token: those of its groups, and those of resource servers in its claim `scope`.
 *
 * @returns undefined: all, for an admin whose token names no scopes of resource servers
 */
export function scopesOf(payload: Payload): HeldScopes {
  const { scope } = payload;
  const groups = texts(payload['cognito:groups']);
  const claimed = typeof scope === 'string' ? scopesIn(scope).filter((one) => !LOGIN_SCOPES.has(one)) : [];
  if (groups.includes('admin') && claimed.length === 0) return undefined;
  const granted = groups.filter((group) => group.startsWith(SCOPE_GROUP)).map((group) => group.slice(SCOPE_GROUP.length));
  return new Set([...claimed, ...granted.filter((one) => scopeProblem(one) === undefined)]);
}

/** The user of a token whose signature, issuer, client, use and times have been verified. */
function bearerOf(payload: Payload, partitionsClaim: string | undefined): Bearer | TokenProblem {
  const { iat, nbf, exp } = payload;
  const subject = payload['token_use'] === 'id' ? payload['cognito:username'] : payload['username'];
  if (typeof exp !== 'number' || typeof iat !== 'number' || (nbf !== undefined && typeof nbf !== 'number'))
    return 'The token is not valid.';
  const problem = timeProblem({ iat, nbf, exp });
  if (problem !== undefined) return problem;
  // A token of the client credentials flow belongs to a program and has no username.
  if (typeof subject !== 'string' || nameProblem(subject) !== undefined) return 'The token is not valid.';
  const scopes = scopesOf(payload);
  return { subject, ...grantsOf(payload, partitionsClaim), scopes, expires: exp, isValid: () => !hasExpired(exp) };
}

/**
 * Creates a function that verifies tokens of a user pool. The keys are fetched with the first token.
 *
 * @throws DaemonError `usage` if the package aws-jwt-verify is not installed
 */
export async function createCognitoTokens(options: CognitoTokensOptions): Promise<FindBearer> {
  const { userPoolId, clientId, jwksUrl, partitionsClaim, logger } = options;
  const [{ CognitoJwtVerifier }, errors] = await loadOptional('aws-jwt-verify', 'authentication by Cognito', () =>
    Promise.all([import('aws-jwt-verify'), import('aws-jwt-verify/error')]),
  );
  const verifier = CognitoJwtVerifier.create(
    {
      userPoolId,
      clientId,
      graceSeconds: CLOCK_TOLERANCE_S,
      tokenUse: null, // ID tokens and access tokens; all others are refused
      customJwtCheck({ header }) {
        if (header.alg !== ALGORITHM) throw new errors.JwtInvalidSignatureAlgorithmError('not RS256', header.alg, ALGORITHM);
      },
    },
    { jwksCache: await createJwks({ jwksUrl, logger }) },
  );
  const verified = createVerifiedTokens<Bearer>();

  async function verify(token: string, digest: string): Promise<Bearer | TokenProblem | Refusal> {
    try {
      const bearer = bearerOf(await verifier.verify(token), partitionsClaim);
      if (typeof bearer !== 'string') verified.add(digest, bearer, bearer.expires ?? 0);
      return bearer;
    } catch (error) {
      if (error instanceof errors.FetchError)
        return retryLater(
          503,
          'Tokens cannot be verified at the moment because the keys of the user pool cannot be fetched; retry later.',
          RETRY_SECONDS,
        );
      if (error instanceof errors.JwtExpiredError) return 'The token has expired.';
      if (error instanceof errors.JwtNotBeforeError) return 'The token is not valid yet.';
      if (!(error instanceof errors.JwtBaseError))
        logger?.error({ error: error instanceof Error ? error.name : 'unknown' }, 'a token could not be verified');
      return 'The token is not valid.';
    }
  }

  return (token) => {
    if (token.length > MAX_CHARACTERS) return 'The token is not valid.';
    const digest = digestOf(token).toString('base64');
    return verified.find(digest) ?? verify(token, digest);
  };
}
