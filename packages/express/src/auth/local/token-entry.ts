/** Personal access tokens: their form, and the file that they are stored in. */
import { randomBytes } from 'node:crypto';

import type { Mistake } from '@mcp-daemon/core';
import { ConfigError, DaemonError, isObject } from '@mcp-daemon/core';

import { digestOf } from '../bearer.js';
import type { Grants } from '../identity.js';
import { nameProblem } from '../identity.js';
import { partitionsProblem, rolesProblem, scopesProblem } from './user-entry.js';
import type { UserGrants } from './user-scopes.js';
import { scopesOfUser } from './user-scopes.js';

/** What every personal access token begins with, so that people and scanners of leaked secrets recognise it. */
export const TOKEN_PREFIX = 'mcpd_';

/** One entry of a tokens file. The token itself is not in it. */
export interface TokenEntry {
  /** A short random id, to revoke the token by. */
  readonly id: string;
  readonly username: string;
  /** What the token is for, such as `laptop`. */
  readonly name?: string;
  /** The SHA-256 of the token, in hex. A token has 256 random bits, so a slow hash would add nothing. */
  readonly digest: string;
  /** A digest of the user's password hash: with a new password the token becomes invalid. Null: the user is not in the users file. */
  readonly password: string | null;
  /** When it was created and when it expires, as ISO 8601 in UTC. */
  readonly created: string;
  readonly expires: string;
  /** What it grants at most. Default: everything that the user has. */
  readonly roles?: readonly string[];
  readonly partitions?: readonly string[];
  readonly scopes?: readonly string[];
}

const KEYS: ReadonlySet<string> = new Set<keyof TokenEntry>([
  ...(['id', 'username', 'name', 'digest', 'password', 'created', 'expires', 'roles', 'partitions', 'scopes'] as const),
]);

/** The file of the tokens of a users file: `users.tokens.json` for `users.json`. */
export const tokensFileOf = (userFile: string): string => `${userFile.replace(/\.json$/i, '')}.tokens.json`;

/** A digest of a password hash, for {@link TokenEntry.password}. */
export const passwordDigest = (passwordHash: string): string => digestOf(`token\0${passwordHash}`).toString('base64url');

/** The key of a token in {@link TokenEntry.digest}. */
export const tokenDigest = (token: string): string => digestOf(token).toString('hex');

/** Makes a token of 256 random bits. */
export const makeToken = (): string => TOKEN_PREFIX + randomBytes(32).toString('base64url');

/** Makes an id that is easy to type. */
export const makeTokenId = (): string => randomBytes(5).toString('hex');

const isText = (value: unknown, form: RegExp): boolean => typeof value === 'string' && form.test(value);
const isTime = (value: unknown): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const only = (ok: boolean, message: string): string | undefined => (ok ? undefined : message);

/** What is wrong with the name of a token; undefined: nothing. */
export const tokenNameProblem = (name: unknown): string | undefined =>
  only(
    typeof name === 'string' && /^\P{Cc}{1,100}$/u.test(name),
    'must be a string of 1 to 100 characters without control characters',
  );

function mistakesOf(entry: unknown, path: string): Mistake[] {
  if (!isObject(entry)) return [{ path, message: 'must be an object' }];
  const { id, username, name, digest, password, created, expires, roles, partitions, scopes } = entry;
  const problems: [string, string | undefined][] = [
    ['id', only(isText(id, /^[\w-]{1,64}$/), 'must be a short text of letters, digits, _ and -')],
    ['username', nameProblem(username)],
    ['name', name === undefined ? undefined : tokenNameProblem(name)],
    ['digest', only(isText(digest, /^[\da-f]{64}$/), 'must be a SHA-256 in hex')],
    ['password', only(password === null || isText(password, /^[\w-]{43}$/), 'must be a digest, or null')],
    ['created', only(isTime(created), 'must be a time such as 2026-01-31T12:00:00.000Z')],
    ['expires', only(isTime(expires), 'must be a time such as 2026-01-31T12:00:00.000Z')],
    ['roles', roles === undefined ? undefined : rolesProblem(roles)],
    ['partitions', partitions === undefined ? undefined : partitionsProblem(partitions)],
    ['scopes', scopes === undefined ? undefined : scopesProblem(scopes)],
  ];
  const mistakes = problems.flatMap(([key, message]) => (message === undefined ? [] : [{ path: `${path}.${key}`, message }]));
  // A misspelt "roles" would grant more than its author intended.
  if (Object.keys(entry).some((key) => !KEYS.has(key)))
    mistakes.push({ path, message: `has other keys than ${[...KEYS].join(', ')}` });
  return mistakes;
}

/**
 * Parses the text of a tokens file.
 *
 * @param text undefined: there is no file, and so there are no tokens
 * @throws ConfigError with all mistakes
 */
export function parseTokens(text: string | undefined, file: string): TokenEntry[] {
  if (text === undefined) return [];
  let entries: unknown;
  try {
    entries = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new ConfigError([{ path: '$', message: 'is not JSON' }], file, { isSyntax: true });
  }
  if (!Array.isArray(entries)) throw new ConfigError([{ path: '$', message: 'must be an array of tokens' }], file);
  const mistakes = entries.flatMap((entry, index) => mistakesOf(entry, `$[${index}]`));
  if (mistakes.length > 0) throw new ConfigError(mistakes, file);
  return entries as TokenEntry[];
}

/** The roles from most to least: each includes those after it. */
const RANKS = ['admin', 'user', 'viewer'];

/** The roles of a token that its user has now, or that are included in one that the user has. */
function rolesOf(wanted: readonly string[], has: readonly string[]): string[] {
  const best = Math.min(...has.map((role) => RANKS.indexOf(role)).filter((rank) => rank >= 0));
  return wanted.filter((role) => has.includes(role) || RANKS.indexOf(role) >= best);
}

/** What a token grants: never more than its user has at the moment. */
export function grantsOfToken({ roles, partitions }: TokenEntry, user: Grants): Grants {
  const isAdmin = user.roles.includes('admin');
  return {
    roles: roles === undefined ? user.roles : rolesOf(roles, user.roles),
    partitions: partitions === undefined ? user.partitions : partitions.filter((one) => isAdmin || user.partitions.includes(one)),
  };
}

/** @throws DaemonError `usage` if the roles of a new token are not included in those of its user, or its partitions have no effect */
export function checkTokenGrants({ roles, partitions, scopes }: Partial<UserGrants>, user: UserGrants): void {
  const held = scopesOfUser(user);
  const lacking = scopes?.find((scope) => held?.has(scope) === false);
  if (lacking !== undefined) throw new DaemonError('usage', `the user does not have the scope ${lacking}`);
  if (roles !== undefined && rolesOf(roles, user.roles).length < roles.length)
    throw new DaemonError(
      'usage',
      `the user does not have the role ${roles.find((role) => !rolesOf([role], user.roles).length)}`,
    );
  if (partitions === undefined) return;
  if ((roles ?? user.roles).includes('admin'))
    throw new DaemonError('usage', 'a token with the role admin has access to all partitions: choose another role with --role');
  const missing = partitions.find((one) => !user.roles.includes('admin') && !user.partitions.includes(one));
  if (missing !== undefined) throw new DaemonError('usage', `the user does not have the partition ${missing}`);
}
