/**
 * `users`: manages the users file, with the users who log in over HTTP.
 */
import type { Role } from '@mcp-daemon/express';

import { Failure, UsageError } from '../errors.js';
import { oneLine, table } from '../terminal/text.js';
import type { CommandContext, CommandGroup } from './command.js';
import { defineCommand, switchFlag } from './command.js';

/** The roles. Not imported, because a declaration must not load the package that serves over HTTP. */
const ROLES = ['admin', 'user', 'viewer'] as const satisfies readonly Role[];

const USERNAME = { username: { type: 'string', demandOption: true, describe: 'Name of the user' } } as const;

/** There is no flag for the password itself: other users could see it in the list of processes. */
const PASSWORD_STDIN = switchFlag('Read the password from the first line of stdin instead of asking for it');

/** Asks for the new password of a user, or reads it from stdin. */
async function passwordOf(username: string, fromStdin: boolean, context: CommandContext): Promise<string> {
  const { newPassword } = await import('./password.js');
  return newPassword(oneLine(username, 80), fromStdin, context);
}

const add = defineCommand({
  command: 'add <username>',
  description: 'Add a user, and ask for the password',
  settings: ['localUserFile'],
  positionals: USERNAME,
  flags: {
    role: {
      array: true,
      choices: ROLES,
      requiresArg: true,
      defaultDescription: 'user',
      describe: 'Role of the user; repeat the flag for more',
    },
    partition: {
      string: true,
      array: true,
      requiresArg: true,
      defaultDescription: 'default',
      describe: 'Partition that the user may access, as PARTITION or PARTITION#PART; repeat the flag for more',
    },
    'password-stdin': PASSWORD_STDIN,
  },
  examples: [
    ['users add ann', 'Add a user of the default partition'],
    ['users add eve --role viewer --partition default --partition alpha', 'Add a viewer of two partitions'],
    ['users add ann --password-stdin < password.txt', 'Add a user with the password from a file'],
  ],
  async run({ username, role = [], partition = [], 'password-stdin': fromStdin }, context) {
    const { checkUser, commandError, openUserFile, quoted } = await import('./user-file.js');
    const { path, file } = openUserFile(context);
    const user = {
      username,
      ...(role.length === 0 ? {} : { roles: [...new Set(role)] }),
      ...(partition.length === 0 ? {} : { partitions: [...new Set(partition)] }),
    };
    try {
      // Everything that can be checked is checked before the user types a password.
      checkUser(user);
      if (username !== username.trim()) throw new UsageError('<username>: must not begin or end with a space', { hint: false });
      if ((await file.listUsers()).some((other) => other.username === username))
        throw new Failure(`user ${quoted(username)} already exists in ${path}. "mcp-daemon users passwd" changes the password`);
      await file.addUser({ ...user, password: await passwordOf(username, fromStdin, context) });
    } catch (error) {
      throw commandError(error);
    }
    context.print(`${context.paint('green', 'added')} ${oneLine(username)} to ${path}`);
    return 0;
  },
});

const list = defineCommand({
  command: 'list',
  description: 'List all users',
  settings: ['localUserFile'],
  flags: { json: switchFlag('Print JSON: an array of users') },
  async run({ json }, context) {
    const { print, note, paint, width } = context;
    const { openUserFile } = await import('./user-file.js');
    const { path, file } = openUserFile(context);
    const users = await file.listUsers();
    if (json) {
      print(JSON.stringify(users, null, 2));
      return 0;
    }
    if (users.length === 0) {
      note(`no users in ${path} yet. Add one with "mcp-daemon users add NAME"`);
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
  },
});

const passwd = defineCommand({
  command: 'passwd <username>',
  description: 'Change the password of a user, and revoke the tokens of the old one',
  settings: ['localUserFile'],
  positionals: USERNAME,
  flags: { 'password-stdin': PASSWORD_STDIN },
  async run({ username, 'password-stdin': fromStdin }, context) {
    const { commandError, findUser, openUserFile } = await import('./user-file.js');
    const { path, file } = openUserFile(context);
    findUser(await file.listUsers(), username, path);
    try {
      await file.setPassword(username, await passwordOf(username, fromStdin, context));
    } catch (error) {
      throw commandError(error);
    }
    context.print(
      `${context.paint('green', 'changed')} the password of ${oneLine(username)}; tokens of the old password are revoked`,
    );
    return 0;
  },
});

const remove = defineCommand({
  command: 'remove <username>',
  description: 'Remove a user, and revoke all tokens of the user',
  settings: ['localUserFile'],
  positionals: USERNAME,
  flags: { yes: switchFlag('Remove without asking', { alias: 'y' }) },
  async run({ username, yes }, context) {
    const { commandError, findUser, openUserFile } = await import('./user-file.js');
    const { path, file } = openUserFile(context);
    findUser(await file.listUsers(), username, path);
    if (!yes) {
      if (!context.interactive)
        throw new UsageError('nothing was removed: no terminal to ask for confirmation. Pass --yes to remove without asking', {
          hint: false,
        });
      const { confirm } = await import('./questions.js');
      if (!(await confirm(`Remove ${oneLine(username, 80)} from ${path}?`))) {
        context.note('Nothing was removed.');
        return 1;
      }
    }
    try {
      await file.removeUser(username);
    } catch (error) {
      throw commandError(error);
    }
    context.print(`${context.paint('green', 'removed')} ${oneLine(username)} from ${path}`);
    return 0;
  },
});

/** Commands for the users file. */
export const users: CommandGroup = {
  command: 'users',
  description: 'Manage users who log in over HTTP',
  commands: [add, list, passwd, remove],
  default: 'list',
};
