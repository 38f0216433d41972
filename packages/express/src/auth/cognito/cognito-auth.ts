/** Authentication by a user pool of Amazon Cognito: its users, its passwords, its tokens. */
import type { IncomingMessage } from 'node:http';

import type { Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { createChallenges } from '../challenge.js';
import { createGate } from '../gate.js';
import type { Login } from '../login.js';
import type { AuthProvider } from '../provider.js';
import { createAuthRoutes } from '../routes.js';
import { isLoopbackHost } from '../secrets.js';
import { createCognitoLogin } from './login.js';
import { createCognitoTokens } from './tokens.js';

/** What {@link createCognitoAuth} takes. */
export interface CognitoAuthOptions {
  /** The id of the user pool, such as `eu-central-1_AbCdEf123`; its region is the one in it. */
  userPoolId: string;
  /** The id of the app client: tokens of others do not count. */
  clientId: string;
  /** The secret of the app client. Default: it has none. */
  clientSecret?: string | undefined;
  /** Where the pool's public keys are. Default: where Cognito has them. */
  jwksUrl?: string | undefined;
  /** Where Cognito's API is. Default: that of the region. */
  endpoint?: string | undefined;
  /**
   * A claim that names partitions besides the groups, separated by spaces or commas, such as `custom:partitions`. Users must not be
   * able to write the attribute themselves. Default: none.
   */
  partitionsClaim?: string | undefined;
  /** The origin by which clients know this server, such as `https://mcp.example.com`. Default: what they say in `Host`. */
  publicUrl?: string | undefined;
  /** Where a request comes from, for what is throttled by address. Default: the address at the other end of the connection. */
  addressOf?: (req: IncomingMessage) => string;
  /** Where it speaks to its operator. Default: nowhere. */
  logger?: Pick<Logger, 'error'> | undefined;
}

/** Authentication by Cognito. None of its functions needs `this`. */
export interface CognitoAuth extends AuthProvider {
  /** Gives tokens for a password. */
  readonly login: Login;
}

const POOL = /^((?:eusc-[a-z]{2}|[a-z]{2})-(?:gov-)?[a-z]+-\d)_[a-zA-Z0-9]+$/;

const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** @throws DaemonError `usage` where it is no address, or one to which secrets and keys must not travel in the open */
function checkUrl(name: string, text: string | undefined): void {
  if (text === undefined) return;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
  if (!safe || url?.username !== '') throw new DaemonError('usage', `${name} must be an https:// address`);
}

/**
 * Creates authentication by Cognito. Nothing is asked of Cognito before the first token or the first login.
 *
 * @throws DaemonError `usage` where an option is no good
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

  const challenges = createChallenges(publicUrl, `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`);
  const partitionsClaim = given(options.partitionsClaim);
  const find = await createCognitoTokens({ userPoolId, clientId, jwksUrl, partitionsClaim, logger });
  const login = createCognitoLogin({ region, clientId, clientSecret, endpoint, find, logger });
  const { authenticate, bearerOf } = createGate(challenges, find);
  return { authenticate, login, handle: createAuthRoutes({ login, bearerOf, challenges, addressOf, logger }) };
}
