/**
 * From settings to whoever finds out who calls.
 */
import type { Logger } from '@mcp-daemon/core';
import type { AddressOf, AuthProvider } from '@mcp-daemon/express';
import {
  checkSecrets,
  createCognitoAuth,
  createLocalAuth,
  createOpenAuth,
  DEFAULT_ADMIN_PASSWORD,
  DEFAULT_JWT_SECRET,
} from '@mcp-daemon/express';

import { UsageError } from '../errors.js';
import { isFile, userFile } from '../settings/places.js';
import type { Settings } from '../settings/settings.js';
import { listOf } from '../settings/settings.js';

/** What {@link createAuth} takes. */
export interface AuthOptions {
  settings: Settings;
  /** Where the server listens. */
  host: string;
  addressOf: AddressOf;
  logger: Logger;
}

const DEFAULT_ADMIN = 'admin';

/** The variables whose defaults, which everybody knows, are in use. */
function knownSecrets({ authProvider, jwtSecretKey, adminPassword }: Settings): string[] {
  if (authProvider !== 'local') return [];
  return [
    ...((jwtSecretKey ?? DEFAULT_JWT_SECRET) === DEFAULT_JWT_SECRET ? ['JWT_SECRET_KEY'] : []),
    ...((adminPassword ?? DEFAULT_ADMIN_PASSWORD) === DEFAULT_ADMIN_PASSWORD ? ['ADMIN_PASSWORD'] : []),
  ];
}

/** Whether anybody who gets here can log in. */
export const hasKnownSecrets = (settings: Settings): boolean => knownSecrets(settings).length > 0;

/** Says what an operator may not know of who can log in. To be called once it listens: a start that fails says why, and no more. */
export function tellWhoLogsIn(settings: Settings, host: string, logger: Logger): void {
  const known = knownSecrets(settings);
  if (known.length > 0)
    logger.warn(
      { defaults: known },
      `everybody knows the default of ${known.join(' and ')}: this server listens on ${host} alone`,
    );
  const file = userFile(settings);
  const { authProvider, adminUsername = DEFAULT_ADMIN } = settings;
  if (authProvider === 'local' && !isFile(file))
    logger.info({ file }, `there is no users file: only ${adminUsername} can log in; "mcp-daemon users add" makes one`);
}

const isBehindProxy = ({ trustProxy }: Settings): boolean => trustProxy !== undefined && trustProxy !== '0';

/** Who knows the users of a file. */
function localAuth({ settings, host, addressOf, logger }: AuthOptions): Promise<AuthProvider> {
  const { adminUsername = DEFAULT_ADMIN, adminStaticToken, accessTokenExp, publicUrl } = settings;
  const { jwtSecretKey: jwtSecret = DEFAULT_JWT_SECRET, adminPassword = DEFAULT_ADMIN_PASSWORD } = settings;
  checkSecrets({ host, publicUrl, behindProxy: isBehindProxy(settings), jwtSecret, adminPassword, adminStaticToken });
  return createLocalAuth({
    userFile: userFile(settings),
    jwtSecret,
    adminUsername,
    adminPassword,
    adminStaticToken,
    accessTokenMinutes: accessTokenExp,
    addressOf,
    logger,
    ...(publicUrl === undefined ? {} : { publicUrl }),
  });
}

/** Who knows the users of a pool. */
function cognitoAuth({ settings, addressOf, logger }: AuthOptions): Promise<AuthProvider> {
  const { cognitoUserPoolId: userPoolId, cognitoAppClientId: clientId } = settings;
  const missing = [
    ...(userPoolId === undefined ? ['COGNITO_USER_POOL_ID'] : []),
    ...(clientId === undefined ? ['COGNITO_APP_CLIENT_ID'] : []),
  ];
  if (userPoolId === undefined || clientId === undefined)
    throw new UsageError(`AUTH_PROVIDER=cognito: set ${missing.join(' and ')}`);
  return createCognitoAuth({
    userPoolId,
    clientId,
    clientSecret: settings.cognitoAppSecret,
    jwksUrl: settings.cognitoJwksUrl,
    partitionsClaim: settings.cognitoPartitionsClaim,
    publicUrl: settings.publicUrl,
    addressOf,
    logger,
  });
}

/**
 * Creates it.
 *
 * @throws UsageError or DaemonError `usage` where a setting is missing or no good, ConfigError where the users file has mistakes
 */
export async function createAuth(options: AuthOptions): Promise<AuthProvider> {
  const { settings } = options;
  switch (settings.authProvider) {
    case 'none':
      if (isBehindProxy(settings))
        throw new UsageError('cannot serve behind a proxy, as TRUST_PROXY says, without authentication: set AUTH_PROVIDER');
      return createOpenAuth({
        allowedHosts: listOf(settings.allowedHosts),
        allowedOrigins: listOf(settings.allowedOrigins) ?? [],
        publicUrl: settings.publicUrl,
      });
    case 'cognito':
      return cognitoAuth(options);
    default:
      return localAuth(options);
  }
}
