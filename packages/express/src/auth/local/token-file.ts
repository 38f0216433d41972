/** Creates, lists and revokes personal access tokens, and finds them for a running server. */
import type { Logger } from '@mcp-daemon/core';
import { DaemonError, DEFAULT_PARTITION } from '@mcp-daemon/core';

import type { TokenEntry } from './token-entry.js';
import {
  checkTokenGrants,
  makeToken,
  makeTokenId,
  parseTokens,
  passwordDigest,
  tokenDigest,
  tokenNameProblem,
  tokensFileOf,
} from './token-entry.js';
import { parseUsers, partitionsProblem, rolesProblem, scopesProblem } from './user-entry.js';
import type { UserGrants } from './user-scopes.js';
import { replaceText, textOf } from './user-storage.js';
import { watchFile } from './watched-file.js';

const DAY_MS = 24 * 60 * 60_000;
/** About ten years. */
const MAX_DAYS = 3_650;

/** A personal access token, without its secret. */
export interface TokenInfo {
  readonly id: string;
  readonly username: string;
  readonly name?: string;
  /** ISO 8601, in UTC. */
  readonly created: string;
  readonly expires: string;
  /** What it grants at most. Absent: everything that its user has. */
  readonly roles?: readonly string[];
  readonly partitions?: readonly string[];
  readonly scopes?: readonly string[];
}

/** A token to create. */
export interface NewToken {
  username: string;
  /** How long it is valid, from 1 to 3,650. */
  days: number;
  /** What it is for, such as `laptop`. Default: no name. */
  name?: string;
  /** What it grants at most. Default: everything that its user has. */
  roles?: readonly string[];
  partitions?: readonly string[];
  scopes?: readonly string[];
}

/** Changes a tokens file. */
export interface TokenFile {
  /** The path of the file. */
  readonly path: string;
  /** Lists all tokens, also those that have expired. */
  listTokens(): Promise<TokenInfo[]>;
  /**
   * Creates a token. Only its digest is stored, so it cannot be shown again.
   *
   * @throws DaemonError `usage` if the user does not exist, or has not what the token is to grant, or a value is invalid
   */
  createToken(token: NewToken): Promise<{ token: string; info: TokenInfo }>;
  /** Revokes a token. @throws DaemonError `usage` if there is no token with this id */
  revokeToken(id: string): Promise<TokenInfo>;
}

function checked(what: string, problem: string | undefined): void {
  if (problem !== undefined) throw new DaemonError('usage', `${what} ${problem}`);
}

const infoOf = ({ digest: _digest, password: _password, ...info }: TokenEntry): TokenInfo => info;

/**
 * Opens the tokens file beside a users file for changes. Neither need exist. The file is written atomically, and only its owner may
 * read it.
 *
 * @param adminUsername the built-in admin, for whom tokens can be created without an entry in the users file. Default: `admin`
 */
export function createTokenFile(userFile: string, adminUsername = 'admin'): TokenFile {
  const path = tokensFileOf(userFile);
  const change = (edit: (tokens: TokenEntry[]) => TokenEntry[]): Promise<void> =>
    replaceText(path, (text) => `${JSON.stringify(edit(parseTokens(text, path)), null, 2)}\n`);

  /** The grants of a user, and the digest of their password. */
  async function userOf(username: string): Promise<UserGrants & { password: string | null }> {
    const text = await textOf(userFile);
    const user = (text === undefined ? [] : parseUsers(text, userFile)).find((one) => one.username === username);
    if (user !== undefined)
      return {
        roles: user.roles,
        partitions: user.partitions ?? [DEFAULT_PARTITION],
        ...(user.scopes && { scopes: user.scopes }),
        password: passwordDigest(user.password_hash),
      };
    if (username === adminUsername) return { roles: ['admin'], partitions: [], password: null };
    throw new DaemonError('usage', `${userFile} has no user of that name`);
  }

  return {
    path,
    listTokens: async () => parseTokens(await textOf(path), path).map(infoOf),
    async createToken({ username, days, name, roles, partitions, scopes }) {
      if (!(Number.isInteger(days) && days >= 1 && days <= MAX_DAYS))
        throw new DaemonError('usage', `a token is valid for 1 to ${MAX_DAYS} days`);
      checked('the name of a token', name === undefined ? undefined : tokenNameProblem(name));
      checked('roles', roles === undefined ? undefined : rolesProblem(roles));
      checked('partitions', partitions === undefined ? undefined : partitionsProblem(partitions));
      checked('scopes', scopes === undefined ? undefined : scopesProblem(scopes));
      const user = await userOf(username);
      const most = { ...(roles && { roles }), ...(partitions && { partitions }), ...(scopes && { scopes }) };
      checkTokenGrants(most, user);
      const token = makeToken();
      const now = Date.now();
      const entry: TokenEntry = {
        id: makeTokenId(),
        username,
        ...(name === undefined ? {} : { name }),
        digest: tokenDigest(token),
        password: user.password,
        created: new Date(now).toISOString(),
        expires: new Date(now + days * DAY_MS).toISOString(),
        ...most,
      };
      await change((tokens) => [...tokens, entry]);
      return { token, info: infoOf(entry) };
    },
    async revokeToken(id) {
      let revoked: TokenEntry | undefined;
      await change((tokens) => {
        revoked = tokens.find((token) => token.id === id);
        if (revoked === undefined) throw new DaemonError('usage', `${path} has no token with this id`);
        return tokens.filter((token) => token.id !== id);
      });
      return infoOf(revoked as unknown as TokenEntry);
    },
  };
}

/** The personal access tokens of a running server, up to date. */
export interface AccessTokens {
  /** Reloads a changed file. @returns undefined where there is nothing to wait for */
  refresh(): Promise<void> | undefined;
  /** The token with this digest, the same object until it changes; see {@link tokenDigest}. */
  find(digest: string): TokenEntry | undefined;
}

/**
 * Opens a tokens file and follows its changes, as `openUsers` does with users.
 *
 * @param changed called after the file has been read again
 * @throws ConfigError if the file has mistakes when it is opened
 */
export async function openAccessTokens(
  file: string,
  changed: () => void,
  logger: Pick<Logger, 'error'> | undefined,
): Promise<AccessTokens> {
  let tokens = new Map<string, TokenEntry>();
  function load(text: string | undefined): void {
    const next = parseTokens(text, file).map((entry): [string, TokenEntry] => {
      const known = tokens.get(entry.digest);
      return [entry.digest, known !== undefined && JSON.stringify(known) === JSON.stringify(entry) ? known : entry];
    });
    tokens = new Map(next);
  }
  const { refresh } = await watchFile({ file, what: 'the tokens file', load, changed, logger });
  return { refresh, find: (digest) => tokens.get(digest) };
}
