/** Authentication without anybody else: users in a file, tokens of our own. */
import type { IncomingMessage } from 'node:http';

import type { Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { digestOf } from '../bearer.js';
import { createChallenges } from '../challenge.js';
import { createGate } from '../gate.js';
import type { Login } from '../login.js';
import type { AuthProvider } from '../provider.js';
import { createAuthRoutes } from '../routes.js';
import { createBearers } from './bearers.js';
import { createLogin } from './login.js';
import { createTokens } from './tokens.js';
import type { UserFile } from './users.js';
import { openUsers } from './users.js';

/** What {@link createLocalAuth} takes. */
export interface LocalAuthOptions {
  /** The users file; see {@link UserFile}. It need not exist. */
  userFile: string;
  /** What tokens are signed with. Processes that share it take each other's tokens. */
  jwtSecret: string;
  /** The bootstrap admin, who need not be in the file; one in the file of that name is meant before. Default: `admin`. */
  adminUsername?: string;
  /** Default: none, and nobody logs in as the bootstrap admin. */
  adminPassword?: string | undefined;
  /** A bearer token of the admin that never expires. Default: none. */
  adminStaticToken?: string | undefined;
  /** How long a token is good for. Default: 15. */
  accessTokenMinutes?: number;
  /** The `iss` of tokens. Default: `mcp-daemon`. */
  issuer?: string;
  /** The origin by which clients know this server, such as `https://mcp.example.com`. Default: what they say in `Host`. */
  publicUrl?: string;
  /** Where a request comes from, for what is throttled by address. Default: the address at the other end of the connection. */
  addressOf?: (req: IncomingMessage) => string;
  /** Where it speaks to its operator. Default: nowhere. */
  logger?: Pick<Logger, 'error'>;
}

/** Local authentication. None of its functions needs `this`. */
export interface LocalAuth extends AuthProvider {
  /** Gives a token for a password. */
  readonly login: Login;
  /** The users file, to be changed. What is changed here counts at once; what others change, within a second or so. */
  readonly users: UserFile;
}

const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** @throws DaemonError `usage` */
function check({ jwtSecret, adminStaticToken, accessTokenMinutes = 15 }: LocalAuthOptions): void {
  if (typeof jwtSecret !== 'string' || jwtSecret === '')
    throw new DaemonError('usage', 'the secret that signs tokens is empty: set JWT_SECRET_KEY');
  if (!(accessTokenMinutes > 0 && accessTokenMinutes <= 525_600))
    throw new DaemonError('usage', 'ACCESS_TOKEN_EXP must be a number of minutes, above 0 and at most a year');
  if (given(adminStaticToken) !== undefined && !/^[\w.~+/-]+=*$/.test(adminStaticToken ?? ''))
    throw new DaemonError(
      'usage',
      'ADMIN_STATIC_TOKEN has characters that a bearer token cannot have: use letters, digits and ._~+/-',
    );
}

/**
 * Creates local authentication.
 *
 * @throws ConfigError where the users file has mistakes
 * @throws DaemonError `usage` where an option is no good
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

  const challenges = createChallenges(publicUrl);
  const admin = { username: adminUsername, passwordDigest: password === undefined ? undefined : digestOf(password) };
  const tokens = await createTokens({ secret: jwtSecret, issuer, seconds });
  const users = await openUsers(userFile, () => bearers.forgetChanged(), logger);
  const bearers = createBearers({ tokens, users, admin, staticToken: given(options.adminStaticToken) });
  const login = createLogin({ users, admin, bearers, seconds });

  const { authenticate, bearerOf } = createGate(challenges, (token) => {
    const looking = users.refresh();
    return looking === undefined ? bearers.find(token) : looking.then(() => bearers.find(token));
  });

  return {
    authenticate,
    login,
    handle: createAuthRoutes({ login, bearerOf, challenges, addressOf, logger }),
    users: users.file,
  };
}
