/** The text of a users file: checked at once, every mistake with its path. */
import type { Mistake } from '@mcp-daemon/core';
import { ConfigError } from '@mcp-daemon/core';

import { nameProblem } from '../identity.js';
import { isPartition } from '../partition.js';
import { costOf } from './password.js';

/** One entry of a users file, in the words of the Python engine. */
export interface UserEntry {
  readonly username: string;
  /** bcrypt's. */
  readonly password_hash: string;
  readonly roles: readonly string[];
  /** What the user may reach. Default: the partition `default`. */
  readonly partitions?: readonly string[];
}

const KEYS: readonly string[] = ['username', 'password_hash', 'roles', 'partitions'] satisfies (keyof UserEntry)[];

/** Why a value cannot be a list of roles. */
export const rolesProblem = (roles: unknown): string | undefined =>
  Array.isArray(roles) && roles.every((role) => typeof role === 'string' && role !== '')
    ? undefined
    : 'must be an array of strings, such as ["user"]';

/** Why a value cannot be a list of partitions. */
export const partitionsProblem = (partitions: unknown): string | undefined =>
  Array.isArray(partitions) && partitions.every((partition) => typeof partition === 'string' && isPartition(partition))
    ? undefined
    : 'must be an array of partitions, such as ["default", "alpha", "alpha#one"]';

const hashProblem = (hash: unknown): string | undefined =>
  typeof hash === 'string' && costOf(hash) !== undefined ? undefined : 'must be a bcrypt hash with a cost from 4 to 16';

/** What is wrong with an entry. A value is never repeated: it may be a password in the wrong place. */
function mistakesOf(entry: unknown, path: string): Mistake[] {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return [{ path, message: 'must be an object' }];
  const { username, password_hash: hash, roles, partitions } = entry as Record<string, unknown>;
  const problems: [string, string | undefined][] = [
    ['username', nameProblem(username)],
    ['password_hash', hashProblem(hash)],
    ['roles', rolesProblem(roles)],
    ['partitions', partitions === undefined ? undefined : partitionsProblem(partitions)],
  ];
  const mistakes = problems.flatMap(([key, message]) => (message === undefined ? [] : [{ path: `${path}.${key}`, message }]));
  // A key that is misspelt could grant more than its author meant.
  const unknown = Object.keys(entry).filter((key) => !KEYS.includes(key));
  if (unknown.length > 0) mistakes.push({ path, message: `has keys besides ${KEYS.join(', ')}` });
  return mistakes;
}

/**
 * Reads the text of a users file.
 *
 * @throws ConfigError with all mistakes
 */
export function parseUsers(text: string, file: string): UserEntry[] {
  let entries: unknown;
  try {
    entries = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // What the parser says quotes the text.
    throw new ConfigError([{ path: '$', message: 'is not JSON' }], file);
  }
  if (!Array.isArray(entries)) throw new ConfigError([{ path: '$', message: 'must be an array of users' }], file);
  const mistakes = entries.flatMap((entry, index) => mistakesOf(entry, `$[${index}]`));
  const seen = new Map<unknown, number>();
  for (const [index, entry] of entries.entries()) {
    const name = (entry as UserEntry | null)?.username;
    if (name === undefined) continue;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, index);
    else mistakes.push({ path: `$[${index}].username`, message: `is the username of $[${first}], too` });
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes, file);
  return entries as UserEntry[];
}
