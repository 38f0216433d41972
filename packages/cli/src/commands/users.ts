/**
 * `users`: adds, lists and removes those who log in over HTTP, and gives them other passwords.
 */
import { DaemonError } from '@mcp-daemon/core';
import type { UserFile, UserInfo } from '@mcp-daemon/express';

import { Failure, UsageError } from '../errors.js';
import { didYouMean } from '../near.js';
import { userFile } from '../settings/places.js';
import { oneLine, shownPath, table } from '../terminal/text.js';
import type { Command, CommandContext } from './command.js';
import { newPassword } from './password.js';
import { confirm } from './questions.js';

/** A user whose password is to be set. */
export interface PasswordArguments {
  username: string;
  /** Whether the password is the first line of stdin. */
  passwordStdin: boolean;
}

/** A user who is to be added; what is empty is left to its default. */
export interface UsersAddArguments extends PasswordArguments {
  roles: readonly string[];
  partitions: readonly string[];
}

/** A name as it may stand in a message. */
const quoted = (username: string): string => `"${oneLine(username, 80)}"`;

/** Passes on what is no good, or went wrong, as this command says such things. */
function told(error: unknown): unknown {
  // A file with mistakes is reported with all of them.
  if (!(error instanceof DaemonError) || error.code === 'config_invalid') return error;
  return error.code === 'usage' ? new UsageError(error.message, { hint: false }) : new Failure(error.message);
}

async function open({ settings }: CommandContext): Promise<{ path: string; file: UserFile }> {
  const { createUserFile } = await import('./user-file.js');
  const path = userFile(settings);
  return { path: shownPath(path), file: createUserFile(path) };
}

/** The user of a name. @throws Failure where there is none */
function find(users: readonly UserInfo[], username: string, path: string): UserInfo {
  const found = users.find((user) => user.username === username);
  if (found !== undefined) return found;
  const near = didYouMean(
    username,
    users.map((user) => user.username),
  );
  throw new Failure(`there is no user ${quoted(username)} in ${path}${oneLine(near, 120)}`);
}

/** Adds a user. */
export const usersAdd: Command<UsersAddArguments> = async ({ username, roles, partitions, passwordStdin }, context) => {
  const { checkUser } = await import('./user-file.js');
  const { path, file } = await open(context);
  const user = {
    username,
    ...(roles.length === 0 ? {} : { roles: [...new Set(roles)] }),
    ...(partitions.length === 0 ? {} : { partitions: [...new Set(partitions)] }),
  };
  try {
    // All that can be said before somebody types a password is said before.
    checkUser(user);
    if (username !== username.trim()) throw new UsageError('a username must not begin or end with a space', { hint: false });
    if ((await file.listUsers()).some((other) => other.username === username))
      throw new Failure(
        `there is a user ${quoted(username)} in ${path} already; "mcp-daemon users passwd" gives them another password`,
      );
    await file.addUser({ ...user, password: await newPassword(oneLine(username, 80), passwordStdin, context) });
  } catch (error) {
    throw told(error);
  }
  context.print(`${context.paint('green', 'added')} ${oneLine(username)} to ${path}`);
  return 0;
};

/** Lists all users. */
export const usersList: Command<{ json: boolean }> = async ({ json }, context) => {
  const { print, note, paint, width } = context;
  const { path, file } = await open(context);
  const users = await file.listUsers();
  if (json) {
    print(JSON.stringify(users, null, 2));
    return 0;
  }
  if (users.length === 0) {
    note(`no users in ${path} yet; "mcp-daemon users add NAME" adds one`);
    return 0;
  }
  const head = ['USERNAME', 'ROLES', 'PARTITIONS'].map((word) => paint('dim', word));
  const rows = users.map(({ username, roles, partitions }) => [
    oneLine(username, 80),
    oneLine(roles.join(', ')),
    roles.includes('admin') ? paint('dim', 'all') : oneLine(partitions.join(', ')),
  ]);
  for (const line of table([head, ...rows], width)) print(line);
  return 0;
};

/** Gives a user another password. */
export const usersPasswd: Command<PasswordArguments> = async ({ username, passwordStdin }, context) => {
  const { path, file } = await open(context);
  find(await file.listUsers(), username, path);
  try {
    await file.setPassword(username, await newPassword(oneLine(username, 80), passwordStdin, context));
  } catch (error) {
    throw told(error);
  }
  context.print(
    `${context.paint('green', 'changed')} the password of ${oneLine(username)}; the tokens of the old one have ended`,
  );
  return 0;
};

/** Removes a user. */
export const usersRemove: Command<{ username: string; yes: boolean }> = async ({ username, yes }, context) => {
  const { path, file } = await open(context);
  find(await file.listUsers(), username, path);
  if (!yes) {
    if (!context.interactive)
      throw new UsageError('nobody was removed: there is no terminal to ask on. Say --yes to remove', { hint: false });
    if (!(await confirm(`Remove ${oneLine(username, 80)} from ${path}?`))) {
      context.note('Nobody was removed.');
      return 1;
    }
  }
  try {
    await file.removeUser(username);
  } catch (error) {
    throw told(error);
  }
  context.print(`${context.paint('green', 'removed')} ${oneLine(username)} from ${path}`);
  return 0;
};
