/**
 * `tokens`: manages personal access tokens, which people put into the settings of their MCP clients.
 */
import type { Role } from '@mcp-daemon/express';

import { UsageError } from '../errors.js';
import { oneLine, table } from '../terminal/text.js';
import type { CommandGroup } from './command.js';
import { defineCommand, STORE_FLAGS, switchFlag, textFlag } from './command.js';

/** The roles. Not imported, because a declaration must not load the package that serves over HTTP. */
const ROLES = ['admin', 'user', 'viewer'] as const satisfies readonly Role[];

/** A day of a time in ISO 8601. */
const dayOf = (time: string): string => time.slice(0, 10);

const create = defineCommand({
  command: 'create <username>',
  description: 'Create a token for a user, and show it once',
  settings: ['localUserFile', 'adminUsername', ...STORE_FLAGS],
  positionals: { username: { type: 'string', demandOption: true, describe: 'Name of the user' } },
  flags: {
    days: { number: true, requiresArg: true, default: 90, describe: 'How many days the token is valid' },
    name: textFlag('What the token is for, such as laptop'),
    role: {
      array: true,
      choices: ROLES,
      requiresArg: true,
      defaultDescription: 'those of the user',
      describe: 'Role that the token grants at most; repeat the flag for more',
    },
    partition: {
      string: true,
      array: true,
      requiresArg: true,
      defaultDescription: 'those of the user',
      describe: 'Partition that the token grants at most; repeat the flag for more',
    },
    scope: {
      string: true,
      array: true,
      requiresArg: true,
      defaultDescription: 'those of the user',
      describe: 'Scope that the token grants at most; repeat the flag for more',
    },
  },
  examples: [
    ['tokens create ann --days 90 --name laptop', 'Create a token for ann that is valid for 90 days'],
    ['tokens create ann --role viewer', 'Create a token with which ann can read, but not call tools'],
  ],
  async run({ username, days, name, role = [], partition = [], scope = [] }, context) {
    const { commandError, findUser, openTokenFile, openUserFile } = await import('./user-file.js');
    const { path, file } = openTokenFile(context);
    const users = openUserFile(context);
    const { adminUsername = 'admin' } = context.settings;
    if (username !== adminUsername) findUser(await users.file.listUsers(), username, users.path);
    try {
      const { token, info } = await file.createToken({
        username,
        days,
        ...(name === undefined ? {} : { name }),
        ...(role.length === 0 ? {} : { roles: [...new Set(role)] }),
        ...(partition.length === 0 ? {} : { partitions: [...new Set(partition)] }),
        ...(scope.length === 0 ? {} : { scopes: [...new Set(scope)] }),
      });
      // The token alone is on stdout, so that it can be piped.
      context.note(`Token ${info.id} of ${oneLine(username, 80)}, valid until ${dayOf(info.expires)}, stored in ${path}.`);
      context.note('It is shown only now. Use it as the header "Authorization: Bearer TOKEN".');
      context.print(token);
    } catch (error) {
      throw commandError(error);
    }
    if (partition.length > 0) {
      const { warnOfUnknownPartitions } = await import('./unknown-partitions.js');
      await warnOfUnknownPartitions(partition, context);
    }
    return 0;
  },
});

const list = defineCommand({
  command: 'list',
  description: 'List all tokens, without their secrets',
  settings: ['localUserFile', 'adminUsername'],
  flags: { json: switchFlag('Print JSON: an array of tokens') },
  async run({ json }, context) {
    const { print, note, paint, width } = context;
    const { openTokenFile } = await import('./user-file.js');
    const { path, file } = openTokenFile(context);
    const tokens = await file.listTokens();
    if (json) {
      print(JSON.stringify(tokens, null, 2));
      return 0;
    }
    if (tokens.length === 0) {
      note(`no tokens in ${path} yet. Create one with "mcp-daemon tokens create USER"`);
      return 0;
    }
    const head = ['ID', 'USERNAME', 'NAME', 'EXPIRES', 'ROLES', 'PARTITIONS', 'SCOPES'].map((word) => paint('dim', word));
    const rows = tokens.map(({ id, username, name = '', expires, roles, partitions, scopes }) => [
      oneLine(id),
      oneLine(username, 80),
      oneLine(name),
      Date.parse(expires) <= Date.now() ? paint('dim', 'expired') : dayOf(expires),
      roles === undefined ? paint('dim', "user's") : oneLine(roles.join(', ')),
      partitions === undefined ? paint('dim', "user's") : oneLine(partitions.join(', ')),
      scopes === undefined ? paint('dim', "user's") : oneLine(scopes.join(', ')),
    ]);
    for (const line of table([head, ...rows], width)) print(line);
    return 0;
  },
});

const revoke = defineCommand({
  command: 'revoke <id>',
  description: 'Revoke a token: a running server refuses it within two seconds',
  settings: ['localUserFile', 'adminUsername'],
  positionals: { id: { type: 'string', demandOption: true, describe: 'Id of the token, as "tokens list" shows it' } },
  async run({ id }, context) {
    const { commandError, openTokenFile } = await import('./user-file.js');
    const { path, file } = openTokenFile(context);
    if (!(await file.listTokens()).some((token) => token.id === id))
      throw new UsageError(`no token ${JSON.stringify(oneLine(id, 80))} in ${path}. "mcp-daemon tokens list" shows the ids`, {
        hint: false,
      });
    try {
      const { username, name } = await file.revokeToken(id);
      const what = name === undefined ? oneLine(username) : `${oneLine(username)} (${oneLine(name)})`;
      context.print(`${context.paint('green', 'revoked')} token ${oneLine(id)} of ${what}`);
    } catch (error) {
      throw commandError(error);
    }
    return 0;
  },
});

/** Commands for personal access tokens. */
export const tokens: CommandGroup = {
  command: 'tokens',
  description: 'Manage tokens that users put into their MCP clients',
  commands: [create, list, revoke],
  default: 'list',
};
