/**
 * Expands the home folder at the beginning of a path, because the config files of hosts have no shell that does it.
 */
import { homedir } from 'node:os';

import { UsageError } from '../errors.js';
import type { Env } from './setting.js';

const HOME = /^(?:~|\$HOME|\$\{HOME\})(?=$|[\\/])/;
/** Matches what a shell would replace, but this function does not. */
const UNEXPANDED = /(?:^|[\\/])~(?=$|[\\/])|\$HOME\b|\$\{\w+\}/;

/**
 * Replaces `~`, `$HOME` or `${HOME}` at the beginning of a path by the home folder.
 *
 * @param source what gives the path, for messages
 * @throws UsageError for what only a shell replaces, such as `~ann/x`: it would become a folder of that name
 */
export function expandHome(path: string, env: Env, source: string): string {
  const refuse = (what: string): UsageError =>
    new UsageError(`${source}: "${what}" in "${path}" is not replaced here: write the path in full, or begin it with ~/`);
  const [user] = /^~[^\\/]+/.exec(path) ?? [];
  if (user !== undefined) throw refuse(user);
  const expanded = path.replace(HOME, '');
  const [left] = UNEXPANDED.exec(expanded) ?? [];
  if (left !== undefined) throw refuse(left.replace(/^[\\/]/, ''));
  if (expanded === path) return path;
  const home = env['HOME'] || env['USERPROFILE'] || homedir();
  if (home === '') throw new UsageError(`${source}: this user has no home folder for "${path}": write the path in full`);
  return home + expanded;
}
