/**
 * What the commands of `users` share. It imports the users file of the HTTP package and nothing else of that package, so that the
 * bundle of these commands stays small.
 */
import { DaemonError, didYouMean } from '@mcp-daemon/core';
import type { TokenFile, UserFile, UserInfo } from '@mcp-daemon/express/local';
import { checkPassword, checkUser, createTokenFile, createUserFile, tokensFileOf } from '@mcp-daemon/express/local';

import { Failure, UsageError } from '../errors.js';
import { userFile } from '../settings/paths.js';
import { displayPath, oneLine } from '../terminal/text.js';
import type { CommandContext } from './command.js';

export { checkPassword, checkUser };

/** A name for a message. */
export const quoted = (username: string): string => `"${oneLine(username, 80)}"`;

/** Converts an error of the users file to an error of this command. */
export function commandError(error: unknown): unknown {
  // A file with errors is reported with all of them.
  if (!(error instanceof DaemonError) || error.code === 'config_invalid') return error;
  return error.code === 'usage' ? new UsageError(error.message, { hint: false }) : new Failure(error.message);
}

/** Opens the users file. @returns the file, and its path for messages */
export function openUserFile({ settings }: CommandContext): { path: string; file: UserFile } {
  const path = userFile(settings);
  return { path: displayPath(path), file: createUserFile(path) };
}

/** Opens the tokens file beside the users file. @returns the file, and its path for messages */
export function openTokenFile({ settings }: CommandContext): { path: string; file: TokenFile } {
  const path = userFile(settings);
  return { path: displayPath(tokensFileOf(path)), file: createTokenFile(path, settings.adminUsername) };
}

/** The user of a name. @throws Failure if there is none */
export function findUser(users: readonly UserInfo[], username: string, path: string): UserInfo {
  const found = users.find((user) => user.username === username);
  if (found !== undefined) return found;
  const hint = didYouMean(
    username,
    users.map((user) => user.username),
  );
  throw new Failure(`no user ${quoted(username)} in ${path}${oneLine(hint, 120)}`);
}
