/**
 * Merges a new entry of a server with the one that a host's config file has already.
 */
import { isObject } from '@mcp-daemon/core';

import type { HostEntry } from './host.js';

/** What changes in an entry. */
export interface EntryChange {
  readonly set: HostEntry;
  /** Members to remove. */
  readonly remove: readonly string[];
}

/** Members of entries that belong to one transport, in all hosts. */
const COMMAND_KEYS = ['command', 'args', 'env', 'environment', 'env_vars', 'cwd', 'envFile'];
const URL_KEYS = [
  'url',
  'httpUrl',
  'serverUrl',
  'headers',
  'http_headers',
  'env_http_headers',
  'bearer_token_env_var',
  'oauth',
  'auth',
];

/** Environment variables: those of the old entry stay. */
const VARIABLES = ['env', 'environment'];

const has = (entry: HostEntry, keys: readonly string[]): boolean => keys.some((key) => Object.hasOwn(entry, key));

/**
 * The change from an old entry to a new one. Members that the user has added, such as `disabled` or a variable in `env`, are kept.
 * Members of the other transport are removed, because hosts prefer the URL of an entry that has both, or refuse the file.
 *
 * @param old the value in the file; a value that is not an object is replaced
 * @param entry the new entry
 * @param defaults members that are set only where the old entry does not have them
 */
export function mergeEntry(old: unknown, entry: HostEntry, defaults: HostEntry = {}): EntryChange {
  if (!isObject(old)) return { set: { ...entry, ...defaults }, remove: [] };
  const others = has(entry, COMMAND_KEYS) ? URL_KEYS : COMMAND_KEYS;
  const wasOther = has(old, others);
  const remove = Object.keys(old).filter(
    (key) => !Object.hasOwn(entry, key) && (others.includes(key) || (key === 'type' && wasOther)),
  );
  const missing = Object.entries(defaults).filter(([key]) => !Object.hasOwn(old, key));
  const variables = VARIABLES.flatMap((key) => {
    const [before, now] = [old[key], entry[key]];
    return isObject(before) && isObject(now) ? [[key, { ...before, ...now }] as const] : [];
  });
  return { set: { ...entry, ...Object.fromEntries([...variables, ...missing]) }, remove };
}

/** The entry after a change. */
export function changed(old: unknown, { set, remove }: EntryChange): HostEntry {
  const kept = isObject(old) ? Object.entries(old).filter(([key]) => !remove.includes(key)) : [];
  return { ...Object.fromEntries(kept), ...set };
}
