/** Authentication by a user pool of Amazon Cognito, which has the users and passwords and issues the tokens. */
import type { IncomingMessage } from 'node:http';

import type { Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { createChallenges } from '../challenge.js';
import type { Login } from '../login.js';
import { createProof } from '../prove.js';
import type { AuthProvider } from '../provider.js';
import { createRequestAuthenticator } from '../request-authenticator.js';
import { createAuthRoutes } from '../routes.js';
import { isLoopbackHost } from '../secrets.js';
import { createCognitoLogin } from './login.js';
import { createCognitoPaths } from './paths.js';
import { createCognitoTokens } from './tokens.js';

/** What {@link createCognitoAuth} takes. */
export interface CognitoAuthOptions {
  /** The id of the user pool, such as `eu-central-1_AbCdEf123`. It contains the region. */
  userPoolId: string;
  /** The id of the app client. Tokens of other clients are refused. */
  clientId: string;
  /** The secret of the app client. Default: the client has no secret. */
  clientSecret?: string | undefined;
  /** The URL of the pool's public keys. Default: that of Cognito. */
  jwksUrl?: string | undefined;
  /** The URL of Cognito's API. Default: the URL of the region. */
  endpoint?: string | undefined;
  /**
   * A claim that names granted partitions in addition to the groups, separated by spaces or commas, such as `custom:partitions`. Users
   * must not be able to change the attribute themselves. Default: none.
   */
  partitionsClaim?: string | undefined;
  /** The origin under which clients reach this server, such as `https://mcp.example.com`. Default: from the `Host` header. */
  publicUrl?: string | undefined;
  /** The address of the client, for the limits on login attempts. Default: the address at the other end of the connection. */
  addressOf?: (req: IncomingMessage) => string;
  /** Gets errors. Default: nothing is logged. */
  logger?: Pick<Logger, 'error'> | undefined;
}

/** Authentication by Cognito. None of its functions needs `this`. */
export interface CognitoAuth extends AuthProvider {
  /** Returns tokens for a username and a password. */
  readonly login: Login;
}

const POOL = /^((?:eusc-[a-z]{2}|[a-z]{2})-(?:gov-)?[a-z]+-\d)_[a-zA-Z0-9]+$/;

const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** @throws DaemonError `usage` if the text is not a URL that protects secrets and keys: https, or http on loopback */
function checkUrl(name: string, text: string | undefined): void {
  if (text === undefined) return;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
  if (!safe || url?.username !== '') throw new DaemonError('usage', `${name} must be an https:// URL`);
}

/**
 * Creates authentication by Cognito. No request is sent to Cognito before the first token or the first login.
 *
 * @throws DaemonError `usage` if an option is invalid or the package aws-jwt-verify is not installed
 *
 * @example
 * const auth = await createCognitoAuth({ userPoolId: 'eu-central-1_AbCdEf123', clientId, clientSecret });
 * const mcp = createMcpHandler(daemon, { authenticate: auth.authenticate, authorize: mayCall });
 */
export async function createCognitoAuth(options: CognitoAuthOptions): Promise<CognitoAuth> {
  const { userPoolId, clientId, publicUrl, logger } = options;
  const { addressOf = (req) => req.socket.remoteAddress ?? '' } = options;
  const [clientSecret, jwksUrl, endpoint] = [given(options.clientSecret), given(options.jwksUrl), given(options.endpoint)];
  const region = POOL.exec(userPoolId)?.[1];
  if (region === undefined)
    throw new DaemonError('usage', 'COGNITO_USER_POOL_ID must be the id of a user pool, such as eu-central-1_AbCdEf123');
  if (typeof clientId !== 'string' || !/^[\w+]{1,128}$/.test(clientId))
    throw new DaemonError('usage', 'COGNITO_APP_CLIENT_ID must be the id of an app client of the user pool');
  checkUrl('COGNITO_JWKS_URL', jwksUrl);
  checkUrl('the endpoint of Cognito', endpoint);

  const challenges = createChallenges(publicUrl, () => true);
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`;
  const oauth = createCognitoPaths({ issuer, jwksUrl, clientId, hasSecret: clientSecret !== undefined, logger });
  const partitionsClaim = given(options.partitionsClaim);
  const find = await createCognitoTokens({ userPoolId, clientId, jwksUrl, partitionsClaim, logger });
  const login = createCognitoLogin({ region, clientId, clientSecret, endpoint, find, logger });
  const { authenticate, bearerOf } = createRequestAuthenticator(challenges, find);
  const { scopeChallenge } = challenges;
  const handle = createAuthRoutes({ login, bearerOf, challenges, oauth, addressOf, logger });
  return { hasMetadata: true, authenticate, login, prove: createProof(login, find), handle, scopeChallenge };
}
