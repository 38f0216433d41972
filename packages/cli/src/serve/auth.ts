/**
 * Creates the authentication of the HTTP server from the settings.
 */
import { resolve } from 'node:path';

import type { Logger, StateStore } from '@mcp-daemon/core';
import type { AddressOf, AuthProvider } from '@mcp-daemon/express';
import { checkSecrets, createOpenAuth, DEFAULT_ADMIN_PASSWORD, DEFAULT_JWT_SECRET } from '@mcp-daemon/express';
import { createCognitoAuth } from '@mcp-daemon/express/cognito';
import { createLocalAuth } from '@mcp-daemon/express/local';

import { UsageError } from '../errors.js';
import { isFile, userFile } from '../settings/paths.js';
import type { Settings } from '../settings/settings.js';
import { parseList } from '../settings/settings.js';

/** What {@link createAuth} takes. */
export interface AuthOptions {
  settings: Settings;
  /** The address that the server listens on. */
  host: string;
  addressOf: AddressOf;
  /** The state that all processes of the server share. */
  state: () => Promise<StateStore>;
  logger: Logger;
}

const DEFAULT_ADMIN = 'admin';

/** The variables of secrets that have their public default. */
function defaultSecrets({ authProvider, jwtSecretKey, adminPassword, builtInAdmin }: Settings): string[] {
  if (authProvider !== 'local') return [];
  return [
    ...((jwtSecretKey ?? DEFAULT_JWT_SECRET) === DEFAULT_JWT_SECRET ? ['JWT_SECRET_KEY'] : []),
    ...(builtInAdmin && (adminPassword ?? DEFAULT_ADMIN_PASSWORD) === DEFAULT_ADMIN_PASSWORD ? ['ADMIN_PASSWORD'] : []),
  ];
}

/** Whether a secret has its public default, so that anyone who can connect can log in. */
export const usesDefaultSecrets = (settings: Settings): boolean => defaultSecrets(settings).length > 0;

/** Logs who can connect and log in, where it may surprise the operator. Call it once the server listens. */
export function logAuthWarnings(settings: Settings, logger: Logger): void {
  const defaults = defaultSecrets(settings);
  if (defaults.length > 0) {
    const [are, object] = defaults.length === 1 ? ['is a public default', 'it'] : ['are public defaults', 'both'];
    const message = `${defaults.join(' and ')} ${are}, so only this machine can connect. Set ${object} to serve others.`;
    logger.warn({ defaults }, message);
  }
  if (parseList(settings.allowedOrigins)?.includes('*') === true)
    logger.warn({}, 'ALLOWED_ORIGINS=*: every web page may use this server with a token that it has');
  const file = resolve(userFile(settings));
  const { authProvider, adminUsername = DEFAULT_ADMIN } = settings;
  if (authProvider === 'local' && !isFile(file)) {
    const who = settings.builtInAdmin ? `only ${adminUsername}` : 'nobody';
    logger.info({ file }, `no users file ${file}: ${who} can log in. "mcp-daemon users add" creates the file`);
  }
}

const isBehindProxy = ({ trustProxy }: Settings): boolean => trustProxy !== undefined && trustProxy !== '0';

/** Authentication by a users file. */
function localAuth({ settings, host, addressOf, state, logger }: AuthOptions): Promise<AuthProvider> {
  const { adminUsername = DEFAULT_ADMIN, adminStaticToken, accessTokenExp, publicUrl } = settings;
  const { jwtSecretKey: jwtSecret = DEFAULT_JWT_SECRET } = settings;
  const adminPassword = settings.builtInAdmin ? (settings.adminPassword ?? DEFAULT_ADMIN_PASSWORD) : undefined;
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
    ...(settings.oauth ? { oauth: { state } } : {}),
  });
}

/** Authentication by an Amazon Cognito user pool. */
function cognitoAuth({ settings, addressOf, logger }: AuthOptions): Promise<AuthProvider> {
  const { cognitoUserPoolId: userPoolId, cognitoAppClientId: clientId } = settings;
  const missing = [
    ...(userPoolId === undefined ? ['COGNITO_USER_POOL_ID'] : []),
    ...(clientId === undefined ? ['COGNITO_APP_CLIENT_ID'] : []),
  ];
  if (userPoolId === undefined || clientId === undefined)
    throw new UsageError(
      `AUTH_PROVIDER=cognito also needs ${missing.join(' and ')}: set ${missing.length === 1 ? 'it' : 'both'}`,
    );
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
 * Creates the authentication that AUTH_PROVIDER names.
 *
 * @throws UsageError or DaemonError `usage` if a setting is missing or wrong, ConfigError if the users file has errors
 */
export async function createAuth(options: AuthOptions): Promise<AuthProvider> {
  const { settings } = options;
  switch (settings.authProvider) {
    case 'none':
      if (isBehindProxy(settings))
        throw new UsageError('cannot serve behind a proxy (TRUST_PROXY is set) without authentication: set AUTH_PROVIDER');
      return createOpenAuth({
        allowedHosts: parseList(settings.allowedHosts),
        allowedOrigins: parseList(settings.allowedOrigins) ?? [],
        publicUrl: settings.publicUrl,
      });
    case 'cognito':
      return cognitoAuth(options);
    default:
      return localAuth(options);
  }
}
