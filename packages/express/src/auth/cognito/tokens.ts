/**
 * Tokens of a user pool: verified, and what their groups let their bearer do.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
 */
import type { Logger } from '@mcp-daemon/core';
import { DEFAULT_PARTITION } from '@mcp-daemon/core';

import type { Refusal } from '../../wire/respond.js';
import { later } from '../attempts.js';
import type { Bearer, TokenProblem } from '../bearer.js';
import { digestOf } from '../bearer.js';
import type { FindBearer } from '../gate.js';
import type { Grants } from '../identity.js';
import { nameProblem, ROLES } from '../identity.js';
import { isPartition } from '../partition.js';
import { createVerifiedTokens } from '../verified.js';
import { createJwks, RETRY_SECONDS } from './jwks.js';

/** What Cognito signs with. */
const ALGORITHM = 'RS256';
/** Tokens of somebody in many groups are large; a header has no room for more. */
const MAX_CHARACTERS = 16_384;
/** Seconds by which the clock of another machine may be ahead of ours. */
const AHEAD = 60;
/** What the group of a partition begins with. */
const PARTITION_GROUP = 'partition:';

/** What {@link createCognitoTokens} takes. */
export interface CognitoTokensOptions {
  userPoolId: string;
  clientId: string;
  jwksUrl: string | undefined;
  /** A claim that names partitions besides the groups. */
  partitionsClaim: string | undefined;
  logger: Pick<Logger, 'error'> | undefined;
}

type Payload = Readonly<Record<string, unknown>>;

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

/** What the groups of a token grant. */
export function grantsOf(payload: Payload, partitionsClaim?: string): Grants {
  const groups = texts(payload['cognito:groups']);
  const roles = ROLES.filter((role) => groups.includes(role));
  const claim = partitionsClaim === undefined ? undefined : payload[partitionsClaim];
  const named = [
    ...groups.filter((group) => group.startsWith(PARTITION_GROUP)).map((group) => group.slice(PARTITION_GROUP.length)),
    ...(typeof claim === 'string' ? claim.split(/[\s,]+/) : texts(claim)),
  ];
  // Where a claim is meant to say it, a token that does not say it grants nothing for that.
  if (named.length === 0 && partitionsClaim === undefined) return { roles, partitions: [DEFAULT_PARTITION] };
  return { roles, partitions: [...new Set(named.filter(isPartition))] };
}

/** Who bears a token whose signature, issuer, client, use and times are good. */
function bearerOf(payload: Payload, partitionsClaim: string | undefined): Bearer | TokenProblem {
  const { iat, exp } = payload;
  const subject = payload['token_use'] === 'id' ? payload['cognito:username'] : payload['username'];
  if (typeof exp !== 'number' || typeof iat !== 'number') return 'The token is not valid.';
  if (iat > Date.now() / 1000 + AHEAD) return 'The token is not valid yet.';
  // A token of a program instead of a user has no username.
  if (typeof subject !== 'string' || nameProblem(subject) !== undefined) return 'The token is not valid.';
  return { subject, ...grantsOf(payload, partitionsClaim), expires: exp };
}

/** Creates what finds out who bears a token of a user pool. Nothing is fetched before the first token is seen. */
export async function createCognitoTokens(options: CognitoTokensOptions): Promise<FindBearer> {
  const { userPoolId, clientId, jwksUrl, partitionsClaim, logger } = options;
  // Loaded here, because who embeds us without a user pool need not wait for it.
  const [{ CognitoJwtVerifier }, errors] = await Promise.all([import('aws-jwt-verify'), import('aws-jwt-verify/error')]);
  const verifier = CognitoJwtVerifier.create(
    {
      userPoolId,
      clientId,
      tokenUse: null, // either; a token that is neither is refused
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
        return later(503, 'Tokens cannot be verified now: the keys of the user pool cannot be fetched.', RETRY_SECONDS);
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
