/** Authentication without an external service: users in a file, and tokens that this server signs. */
import type { IncomingMessage } from 'node:http';

import type { Logger, StateStore } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { digestOf } from '../bearer.js';
import { createChallenges } from '../challenge.js';
import type { Login } from '../login.js';
import { createProof } from '../prove.js';
import type { AuthProvider } from '../provider.js';
import type { FindBearer } from '../request-authenticator.js';
import { createRequestAuthenticator } from '../request-authenticator.js';
import { createAuthRoutes } from '../routes.js';
import type { Accounts } from '../server/accounts.js';
import type { AuthorizationServer } from '../server/authorization-server.js';
import { createAuthorizationServer } from '../server/authorization-server.js';
import type { ClientDocumentOptions } from '../server/client-document.js';
import { createBearers } from './bearers.js';
import { createLogin } from './login.js';
import { tokensFileOf } from './token-entry.js';
import { openAccessTokens } from './token-file.js';
import { createTokens } from './tokens.js';
import type { UserFile } from './users.js';
import { openUsers } from './users.js';
import { bothOf, refreshBoth } from './watched-file.js';

/** What {@link createLocalAuth} takes. */
export interface LocalAuthOptions {
  /** The users file; see {@link UserFile}. It need not exist. */
  userFile: string;
  /** The secret that signs tokens. Processes with the same secret accept each other's tokens. */
  jwtSecret: string;
  /** Name of the bootstrap admin. The file need not have this user; if it does, the user in the file takes precedence. Default: `admin`. */
  adminUsername?: string;
  /** The password of the bootstrap admin. Default: none, the bootstrap admin cannot log in. */
  adminPassword?: string | undefined;
  /** A bearer token of the admin that never expires. Default: none. */
  adminStaticToken?: string | undefined;
  /** How long a token is valid, in minutes. Default: 15. */
  accessTokenMinutes?: number;
  /** The issuer (`iss`) of the tokens. Default: `mcp-daemon`. */
  issuer?: string;
  /** The origin under which clients reach this server, such as `https://mcp.example.com`. Default: from the `Host` header. */
  publicUrl?: string;
  /** The address of the client, for the limits on login attempts. Default: the address at the other end of the connection. */
  addressOf?: (req: IncomingMessage) => string;
  /**
   * Lets MCP clients log in by themselves, with OAuth: `() => daemon.state()` says where it is kept what users have allowed them. Needs
   * the package `oidc-provider`, which is loaded when the first client logs in. Default: clients cannot log in by themselves.
   */
  oauth?: OAuthOptions | undefined;
  /** Gets errors and, if it has `info`, why a client that logs in by itself was refused. Default: nothing is logged. */
  logger?: Pick<Logger, 'error'> & Partial<Pick<Logger, 'info'>>;
}

/** How MCP clients log in by themselves. */
export interface OAuthOptions {
  /** The state that all processes of the server share, such as `() => daemon.state()`. */
  state: () => Promise<StateStore>;
  /** For tests: which addresses are asked for what clients say about themselves. Default: those of the public internet. */
  clientDocuments?: ClientDocumentOptions;
}

/** Local authentication. None of its functions needs `this`. */
export interface LocalAuth extends AuthProvider {
  /** Returns a token for a username and a password. */
  readonly login: Login;
  /** Changes the users file. Changes made here take effect at once, changes by other programs within about a second. */
  readonly users: UserFile;
}

const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** @throws DaemonError `usage` if an option is invalid */
function check({ jwtSecret, adminStaticToken, accessTokenMinutes = 15 }: LocalAuthOptions): void {
  if (typeof jwtSecret !== 'string' || jwtSecret === '')
    throw new DaemonError('usage', 'the secret for signing tokens is empty: set JWT_SECRET_KEY');
  if (!(accessTokenMinutes > 0 && accessTokenMinutes <= 525_600))
    throw new DaemonError('usage', 'ACCESS_TOKEN_EXP must be a number of minutes, above 0 and at most a year');
  if (given(adminStaticToken) !== undefined && !/^[\w.~+/-]+=*$/.test(adminStaticToken ?? ''))
    throw new DaemonError(
      'usage',
      'ADMIN_STATIC_TOKEN has characters that are not allowed in a bearer token: use letters, digits and ._~+/-',
    );
}

/**
 * Creates local authentication.
 *
 * @throws ConfigError if the users file has mistakes
 * @throws DaemonError `usage` if an option is invalid or the package jose is not installed
 *
 * @example
 * const auth = await createLocalAuth({ userFile: 'users.json', jwtSecret });
 * const mcp = createMcpHandler(daemon, { authenticate: auth.authenticate });
 */
export async function createLocalAuth(options: LocalAuthOptions): Promise<LocalAuth> {
  check(options);
  const { userFile, jwtSecret, adminUsername = 'admin', issuer = 'mcp-daemon', publicUrl, logger } = options;
  const { addressOf = (req) => req.socket.remoteAddress ?? '' } = options;
  const password = given(options.adminPassword);
  const seconds = Math.round((options.accessTokenMinutes ?? 15) * 60);

  const admin = { username: adminUsername, passwordDigest: password === undefined ? undefined : digestOf(password) };
  const tokens = await createTokens({ secret: jwtSecret, issuer, seconds });
  const changed = (): void => {
    bearers.forgetChanged();
    oauth?.tokens.forgetChanged();
  };
  const users = await openUsers(userFile, changed, logger);
  const accessTokens = await openAccessTokens(tokensFileOf(userFile), changed, logger);
  const refresh = (): Promise<void> | undefined => refreshBoth(users, accessTokens);
  const bearers = createBearers({ tokens, users, accessTokens, admin, staticToken: given(options.adminStaticToken) });
  const login = createLogin({ users, admin, bearers, seconds });

  const accounts: Accounts = {
    refresh,
    find: bearers.account,
    async check(username, password, address) {
      const answer = await login(username, password, address);
      return 'status' in answer ? answer : undefined;
    },
  };
  let oauth: AuthorizationServer | undefined;
  if (options.oauth !== undefined)
    oauth = await createAuthorizationServer({
      ...{ ...options.oauth, secret: jwtSecret, accounts, accessTokenSeconds: seconds, addressOf, logger },
    });
  const challenges = createChallenges(publicUrl, oauth?.isOffered);

  const find = (token: string): ReturnType<FindBearer> =>
    oauth?.tokens.owns(token) === true ? oauth.tokens.find(token) : bearers.find(token);
  const { authenticate, bearerOf } = createRequestAuthenticator(challenges, (token) => {
    const refreshing = refresh();
    return refreshing === undefined ? find(token) : refreshing.then(() => find(token));
  });

  return {
    ...(oauth === undefined ? {} : { hasMetadata: true, hasOAuth: true }),
    authenticate,
    refresh: () => bothOf(refresh(), oauth?.refresh()),
    login,
    prove: createProof(login, find),
    handle: createAuthRoutes({ login, bearerOf, challenges, oauth, addressOf, logger }),
    users: users.file,
    scopeChallenge: challenges.scopeChallenge,
  };
}
