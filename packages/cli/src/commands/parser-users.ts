/**
 * The section of the command line that looks after the users file.
 */
import type { Role } from '@mcp-daemon/express';
import type { Argv } from 'yargs';

import type { CommandRunner } from './parser-parts.js';
import { about, givenOf, json } from './parser-parts.js';
import { usersAdd, usersList, usersPasswd, usersRemove } from './users.js';

/** Those of the package that serves over HTTP, which is not loaded to read a command line. */
const ROLES = ['admin', 'user', 'viewer'] as const satisfies readonly Role[];

const name = (parser: Argv): Argv =>
  parser.positional('username', { type: 'string', demandOption: true, describe: 'The name of the user' });

/** There is no flag for the password itself: it would stand in the list of processes and in the history of the shell. */
const password = (parser: Argv): Argv =>
  parser.option('password-stdin', {
    boolean: true,
    default: false,
    describe: 'Read the password from the first line of stdin, instead of asking; a flag would show it to others',
  });

const texts = (value: unknown): string[] => (value as (string | number)[] | undefined)?.map(String) ?? [];

/** Declares the commands. */
export function users(parser: Argv, { run }: CommandRunner): Argv {
  return parser.command('users <command>', 'Look after the users who log in over HTTP', (command) =>
    about(command, 'localUserFile')
      .command(
        'add <username>',
        'Add a user, and ask for the password',
        (inner) =>
          password(name(inner))
            .option('role', {
              array: true,
              choices: ROLES,
              requiresArg: true,
              defaultDescription: 'user',
              describe: 'What the user is; may be given more than once',
            })
            .option('partition', {
              type: 'string',
              array: true,
              requiresArg: true,
              defaultDescription: 'default',
              describe: 'What the user may reach, as partition or partition#part; may be given more than once',
            })
            .example('$0 users add ann', 'A user of the default partition')
            .example('$0 users add eve --role viewer --partition default --partition alpha', 'A reader of two partitions')
            .example('pass mcp/ann | $0 users add ann --password-stdin', 'With the password from another program'),
        (argv) => {
          const [roles, partitions] = [texts(argv['role']), texts(argv['partition'])];
          const args = { username: String(argv['username']), passwordStdin: argv['password-stdin'] === true };
          return run(usersAdd, { ...args, roles, partitions }, givenOf(argv));
        },
      )
      .command(
        ['list', '$0'],
        'List the users',
        (inner) => json(inner, 'Print an array'),
        (argv) => run(usersList, { json: argv['json'] === true }, givenOf(argv)),
      )
      .command(
        'passwd <username>',
        'Give a user another password, which ends the tokens of the old one',
        (inner) => password(name(inner)),
        (argv) => {
          const args = { username: String(argv['username']), passwordStdin: argv['password-stdin'] === true };
          return run(usersPasswd, args, givenOf(argv));
        },
      )
      .command(
        'remove <username>',
        'Remove a user, whose tokens end with that',
        (inner) => name(inner).option('yes', { alias: 'y', boolean: true, default: false, describe: 'Do not ask' }),
        (argv) => run(usersRemove, { username: String(argv['username']), yes: argv['yes'] === true }, givenOf(argv)),
      ),
  );
}
