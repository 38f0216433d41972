/** Parses a users file and lists all its mistakes, each with its path. */
import type { Mistake } from '@mcp-daemon/core';
import { ConfigError, isObject, scopeProblem } from '@mcp-daemon/core';

import { nameProblem } from '../identity.js';
import { isPartition } from '../partition.js';
import { costOf } from './password.js';

/** One entry of a users file, with the keys of the Python engine. */
export interface UserEntry {
  readonly username: string;
  /** A bcrypt hash. */
  readonly password_hash: string;
  readonly roles: readonly string[];
  /** The granted partitions. Default: the partition `default`. */
  readonly partitions?: readonly string[];
  /** The scopes of the user. Default: none. A user with the role admin has all. */
  readonly scopes?: readonly string[];
}

const KEYS: readonly string[] = ['username', 'password_hash', 'roles', 'partitions', 'scopes'] satisfies (keyof UserEntry)[];

/** What is wrong with a list of roles; undefined: nothing. */
export const rolesProblem = (roles: unknown): string | undefined =>
  Array.isArray(roles) && roles.every((role) => typeof role === 'string' && role !== '')
    ? undefined
    : 'must be an array of strings, such as ["user"]';

/** What is wrong with a list of partitions; undefined: nothing. */
export const partitionsProblem = (partitions: unknown): string | undefined =>
  Array.isArray(partitions) && partitions.every((partition) => typeof partition === 'string' && isPartition(partition))
    ? undefined
    : 'must be an array of partitions, such as ["default", "alpha", "alpha#one"]';

/** What is wrong with a list of scopes; undefined: nothing. */
export const scopesProblem = (scopes: unknown): string | undefined =>
  Array.isArray(scopes) && scopes.every((scope) => scopeProblem(scope) === undefined)
    ? undefined
    : 'must be an array of scopes without spaces, such as ["files:read", "files:write"]';

const hashProblem = (hash: unknown): string | undefined =>
  typeof hash === 'string' && costOf(hash) !== undefined ? undefined : 'must be a bcrypt hash with a cost from 4 to 16';

/** The mistakes in an entry. Messages never quote a value: it may be a password in the wrong place. */
function mistakesOf(entry: unknown, path: string): Mistake[] {
  if (!isObject(entry)) return [{ path, message: 'must be an object' }];
  const { username, password_hash: hash, roles, partitions, scopes } = entry;
  const problems: [string, string | undefined][] = [
    ['username', nameProblem(username)],
    ['password_hash', hashProblem(hash)],
    ['roles', rolesProblem(roles)],
    ['partitions', partitions === undefined ? undefined : partitionsProblem(partitions)],
    ['scopes', scopes === undefined ? undefined : scopesProblem(scopes)],
  ];
  const mistakes = problems.flatMap(([key, message]) => (message === undefined ? [] : [{ path: `${path}.${key}`, message }]));
  // A misspelt key could grant more than its author intended: without `partitions` the default applies.
  const unknown = Object.keys(entry).filter((key) => !KEYS.includes(key));
  if (unknown.length > 0) mistakes.push({ path, message: `has other keys than ${KEYS.join(', ')}` });
  return mistakes;
}

/**
 * Parses the text of a users file.
 *
 * @param file its name, for the error
 * @throws ConfigError with all mistakes
 */
export function parseUsers(text: string, file: string): UserEntry[] {
  let entries: unknown;
  try {
    entries = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The message of the parser would quote the text.
    throw new ConfigError([{ path: '$', message: 'is not JSON' }], file, { isSyntax: true });
  }
  if (!Array.isArray(entries)) throw new ConfigError([{ path: '$', message: 'must be an array of users' }], file);
  const mistakes = entries.flatMap((entry, index) => mistakesOf(entry, `$[${index}]`));
  const seen = new Map<unknown, number>();
  for (const [index, entry] of entries.entries()) {
    const name = (entry as UserEntry | null)?.username;
    if (name === undefined) continue;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, index);
    else mistakes.push({ path: `$[${index}].username`, message: `is also the username of $[${first}]` });
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes, file);
  return entries as UserEntry[];
}
