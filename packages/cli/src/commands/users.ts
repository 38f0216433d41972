/**
 * `users`: manages the users file, with the users who log in over HTTP.
 */
import type { Role } from '@mcp-daemon/express';

import { Failure, UsageError } from '../errors.js';
import { oneLine, table } from '../terminal/text.js';
import type { Command, CommandContext, CommandGroup } from './command.js';
import { defineCommand, STORE_FLAGS, switchFlag } from './command.js';

/** The roles. Not imported, because a declaration must not load the package that serves over HTTP. */
const ROLES = ['admin', 'user', 'viewer'] as const satisfies readonly Role[];

const USERNAME = { username: { type: 'string', demandOption: true, describe: 'Name of the user' } } as const;

/** There is no flag for the password itself: other users could see it in the list of processes. */
const PASSWORD_STDIN = switchFlag('Read the password from the first line of stdin instead of asking for it');

/** Asks for the new password of a user, or reads it from stdin. @throws DaemonError `usage` if it is not allowed */
async function passwordOf(username: string, fromStdin: boolean, context: CommandContext): Promise<string> {
  const [{ newPassword }, { checkPassword }] = await Promise.all([import('./password.js'), import('./user-file.js')]);
  return newPassword(oneLine(username, 80), { fromStdin, check: checkPassword }, context);
}

/** Warns of partitions that do not exist. Nothing is loaded where none is named. */
async function warnOfPartitions(named: readonly string[], context: CommandContext): Promise<void> {
  if (named.length === 0) return;
  const { warnOfUnknownPartitions } = await import('./unknown-partitions.js');
  await warnOfUnknownPartitions(named, context);
}

const ROLE = {
  array: true,
  choices: ROLES,
  requiresArg: true,
  describe: 'Role of the user; repeat the flag for more',
} as const;

const PARTITION = {
  string: true,
  array: true,
  requiresArg: true,
  describe: 'Partition that the user may access, as PARTITION or PARTITION#PART; repeat the flag for more',
} as const;

const SCOPE = {
  string: true,
  array: true,
  requiresArg: true,
  describe: 'Scope of the user, for functions that need it; repeat the flag for more',
} as const;

const add = defineCommand({
  command: 'add <username>',
  description: 'Add a user, and ask for the password',
  settings: ['localUserFile', ...STORE_FLAGS],
  positionals: USERNAME,
  flags: {
    role: { ...ROLE, defaultDescription: 'user' },
    partition: { ...PARTITION, defaultDescription: 'default' },
    scope: { ...SCOPE, defaultDescription: 'none; an admin has all' },
    'password-stdin': PASSWORD_STDIN,
  },
  examples: [
    ['users add ann', 'Add a user of the default partition'],
    ['users add eve --role viewer --partition default --partition alpha', 'Add a viewer of two partitions'],
    ['users add ann --password-stdin < password.txt', 'Add a user with the password from a file'],
  ],
  async run({ username, role = [], partition = [], scope = [], 'password-stdin': fromStdin }, context) {
    const { checkUser, commandError, openUserFile, quoted } = await import('./user-file.js');
    const { path, file } = openUserFile(context);
    const user = {
      username,
      ...(role.length === 0 ? {} : { roles: [...new Set(role)] }),
      ...(partition.length === 0 ? {} : { partitions: [...new Set(partition)] }),
      ...(scope.length === 0 ? {} : { scopes: [...new Set(scope)] }),
    };
    try {
      // Everything that can be checked is checked before the user types a password.
      checkUser(user);
      if (username !== username.trim()) throw new UsageError('<username>: must not begin or end with a space', { hint: false });
      if ((await file.listUsers()).some((other) => other.username === username))
        throw new Failure(`user ${quoted(username)} already exists in ${path}. "mcp-daemon users passwd" changes the password`);
      await warnOfPartitions(partition, context);
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
    const head = ['USERNAME', 'ROLES', 'PARTITIONS', 'SCOPES'].map((word) => paint('dim', word));
    const rows = users.map(({ username, roles, partitions, scopes = [] }) => [
      oneLine(username, 80),
      oneLine(roles.join(', ')),
      roles.includes('admin') ? paint('dim', 'all') : oneLine(partitions.join(', ')),
      roles.includes('admin') ? paint('dim', 'all') : oneLine(scopes.join(', ')),
    ]);
    for (const line of table([head, ...rows], width)) print(line);
    return 0;
  },
});

/**
 * Declares a command that changes roles, partitions and scopes of a user.
 *
 * @param join makes the new list of the old one and the given one
 * @param warns whether partitions that do not exist get a warning
 */
const changing = (
  command: string,
  description: string,
  example: readonly [string, string],
  join: (old: readonly string[], given: readonly string[]) => readonly string[],
  warns = true,
): Command =>
  defineCommand({
    command: `${command} <username>`,
    description,
    settings: ['localUserFile', ...STORE_FLAGS],
    positionals: USERNAME,
    flags: { role: ROLE, partition: PARTITION, scope: SCOPE },
    examples: [example],
    async run({ username, role = [], partition = [], scope = [] }, context) {
      const { commandError, findUser, openUserFile } = await import('./user-file.js');
      const { path, file } = openUserFile(context);
      if (role.length + partition.length + scope.length === 0)
        throw new UsageError('nothing to change: pass --role, --partition or --scope');
      findUser(await file.listUsers(), username, path);
      try {
        const user = await file.changeUser(username, ({ roles, partitions, scopes = [] }) => ({
          ...(role.length === 0 ? {} : { roles: [...new Set(join(roles, role))] }),
          ...(partition.length === 0 ? {} : { partitions: [...new Set(join(partitions, partition))] }),
          ...(scope.length === 0 ? {} : { scopes: [...new Set(join(scopes, scope))] }),
        }));
        const held = (list: readonly string[]): string => (user.roles.includes('admin') ? 'all' : list.join(', ') || 'none');
        const { partitions, scopes = [] } = user;
        const now = `roles ${user.roles.join(', ') || 'none'}; partitions ${held(partitions)}; scopes ${held(scopes)}`;
        context.print(`${context.paint('green', 'changed')} ${oneLine(username)}: ${oneLine(now)}`);
        if (warns) await warnOfPartitions(partition, context);
      } catch (error) {
        throw commandError(error);
      }
      return 0;
    },
  });

const set = changing(
  'set',
  'Replace the roles, the partitions or the scopes of a user',
  ['users set ann --role admin', 'Make ann an admin'],
  (_old, given) => given,
);

const grant = changing(
  'grant',
  'Give a user more roles, partitions or scopes',
  ['users grant ann --partition alpha', 'Let ann use the partition alpha too'],
  (old, given) => [...old, ...given],
);

const revoke = changing(
  'revoke',
  'Take roles, partitions or scopes away from a user',
  ['users revoke ann --role admin', 'Take the role admin away from ann'],
  (old, given) => old.filter((one) => !given.includes(one)),
  false,
);

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
  settings: ['localUserFile', 'adminUsername'],
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
    const { adminUsername = 'admin' } = context.settings;
    if (username === adminUsername)
      context.note(
        `${oneLine(username)} is also the name of the built-in admin, who can still log in with ADMIN_PASSWORD. ` +
          'MCP_BUILT_IN_ADMIN=off turns the built-in admin off',
      );
    return 0;
  },
});

/** Commands for the users file. */
export const users: CommandGroup = {
  command: 'users',
  description: 'Manage users who log in over HTTP',
  commands: [add, list, set, grant, revoke, passwd, remove],
  default: 'list',
};
