/**
 * The command line as people read it: commands, flags, help, and what to say of a mistyped word.
 */
import { existsSync } from 'node:fs';

import type { Argv } from 'yargs';
import yargs from 'yargs';

import { UsageError } from '../errors.js';
import { HOST_NAMES } from '../hosts/locations.js';
import { didYouMean, nearest } from '../near.js';
import { looksLikeFile } from '../settings/serving-flags.js';
import type { SettingName } from '../settings/settings.js';
import { SETTING_NAMES, SETTINGS } from '../settings/settings.js';
import { VERSION } from '../version.js';
import { call } from './call.js';
import type { CallsListArguments } from './calls.js';
import { callsList, callsShow } from './calls.js';
import { completion } from './completion.js';
import { configCheck } from './config-check.js';
import { init } from './init.js';
import type { HostArguments } from './install.js';
import { install, uninstall } from './install.js';
import { list } from './list.js';
import { namesToComplete } from './names.js';
import type { CommandRunner, Parsed } from './parser-parts.js';
import { about, aboutSidecars, declare, givenOf, json, present, text } from './parser-parts.js';
import { users } from './parser-users.js';

const COMMANDS = ['init', 'install', 'uninstall', 'config', 'list', 'call', 'calls', 'users', 'completion'];
const WIDEST = 110;
const RECORD: SettingName[] = ['store', 'dataDir', 'config', 'logLevel'];

/** A message of the parser's in our words. */
function reword(message: string, argv: readonly string[], known: readonly string[]): string {
  const unknowns = /^Unknown (?:arguments?|commands?): (.*)$/s.exec(message)?.[1]?.split(', ') ?? [];
  const flagOf = (unknown: string): string | undefined =>
    argv.map((word) => word.replace(/=.*/s, '')).find((word) => word === `--${unknown}` || word === `-${unknown}`);
  // Where a command is mistyped, its flags are unknown for that alone.
  const unknown = unknowns.find((word) => flagOf(word) === undefined) ?? unknowns[0];
  if (unknown !== undefined) {
    const flag = flagOf(unknown);
    if (flag === undefined)
      return `"${unknown}" is not understood here${didYouMean(
        unknown,
        known.filter((word) => !word.startsWith('-')),
      )}`;
    if (known.includes(flag)) return `${flag} is not understood here; --help says what is`;
    const meant = nearest(
      unknown,
      known.flatMap((word) => (word.startsWith('--') ? [word.slice(2)] : [])),
    );
    return `there is no flag ${flag}${meant === undefined ? '' : `; did you mean "--${meant}"?`}`;
  }
  if (message.startsWith('Not enough non-option arguments')) return 'something is missing here; --help says what';
  const choice = /Argument: (\S+), Given: (.*), Choices: (.*)/.exec(message);
  if (choice !== null) return `${choice[1]}: one of ${choice[3]?.replaceAll('"', '')} is wanted, got ${choice[2]}`;
  const missing = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  return missing === undefined ? message.replace(/\s*\n\s*/g, ': ') : `--${missing}: a value is missing`;
}

function serving(parser: Argv, { serve }: CommandRunner): Argv {
  return parser.command(
    ['$0 [file]', 'serve'],
    'Serve the config file, over HTTP or on stdin and stdout',
    (command) => command.positional('file', { describe: 'The config file, as with --config', type: 'string' }),
    async (argv) => {
      const { file } = argv;
      const given = givenOf(argv);
      if (file === undefined) return serve(given);
      if (!looksLikeFile(file) && !existsSync(file)) {
        throw new UsageError(`there is no command "${file}"${didYouMean(file, COMMANDS)}`);
      }
      if (given['config'] !== undefined) throw new UsageError('the config file is given twice: as --config and as an argument');
      return serve({ ...given, config: file });
    },
  );
}

function looking(parser: Argv, { run }: CommandRunner): Argv {
  return parser
    .command(
      'list',
      'List what the config file offers',
      (command) => json(about(command, 'config'), 'Print an array, with schemas and links'),
      (argv) => run(list, { json: argv['json'] === true }, givenOf(argv)),
    )
    .command(
      'call <name> [arguments..]',
      'Call a tool, read a resource or get a prompt, recorded like any call',
      (command) =>
        json(about(command, ...RECORD, 'timeoutMs'), 'Print the whole result, as a host gets it')
          .positional('name', {
            type: 'string',
            demandOption: true,
            describe: 'A name of the config file, or the URI of a resource',
          })
          .positional('arguments', { type: 'string', array: true, describe: 'One JSON object, or name=value …' })
          .example(`$0 call hello '{"name":"Ada"}'`, 'Arguments as JSON')
          .example('$0 call add_numbers a=1 b=2', 'Arguments one by one, by the types of the schema')
          .example('$0 call status://server', 'A resource by its URI'),
      (argv) => {
        const args = {
          name: String(argv['name']),
          // What stands behind "--" is no flag, and yargs leaves it with the command's own name.
          arguments: [...((argv['arguments'] as string[] | undefined) ?? []), ...argv._.slice(1).map(String)],
          json: argv['json'] === true,
        };
        return run(call, args, givenOf(argv));
      },
    )
    .command('calls <command>', 'Look at the record of calls', (command) =>
      about(command, 'store', 'dataDir')
        .command(
          ['list', '$0'],
          'List recorded calls, newest first',
          (inner) =>
            json(inner, 'Print an array')
              .option('name', { requiresArg: true, describe: 'Only calls of this function' })
              .option('type', { requiresArg: true, describe: 'Only tool, resource or prompt' })
              .option('status', {
                requiresArg: true,
                describe: 'Only completed, failed, cancelled, timed_out, interrupted or in_process',
              })
              .option('since', { requiresArg: true, describe: 'Only since then: 2h, 7d, 2026-01-31T12:00' })
              .option('until', { requiresArg: true, describe: 'Only until then' })
              .option('limit', { requiresArg: true, describe: 'At most so many', defaultDescription: '100' })
              .example('$0 calls list --status failed --since 2h', 'What has failed in the last two hours')
              .example("$0 calls list --json --limit 1 | jq '.[0].arguments'", 'What the last call was given'),
          (argv) => {
            const { name, type, status, since, until } = argv as Parsed;
            const filters = { name: text(name), type: text(type), status: text(status), since: text(since), until: text(until) };
            const args: CallsListArguments = {
              ...present(filters),
              limit: text(argv['limit']) ?? '100',
              json: argv['json'] === true,
            };
            return run(callsList, args, givenOf(argv));
          },
        )
        .command(
          'show <uuid>',
          'Show one call, with its arguments and its result',
          (inner) =>
            json(inner, 'Print it as JSON').positional('uuid', {
              type: 'string',
              demandOption: true,
              describe: 'Its uuid, or enough of its beginning',
            }),
          (argv) => run(callsShow, { uuid: String(argv['uuid']), json: argv['json'] === true }, givenOf(argv)),
        ),
    );
}

function making(parser: Argv, { run, launch }: CommandRunner): Argv {
  return parser
    .command(
      'init [dir]',
      'Write a first config file and its module',
      (command) =>
        about(command)
          .positional('dir', { type: 'string', default: '.', describe: 'The folder' })
          .option('force', { boolean: true, default: false, describe: 'Overwrite what is there' }),
      (argv) => run(init, { dir: argv.dir, force: argv.force, launch: launch(undefined) }, givenOf(argv)),
    )
    .command('config <command>', 'Look after config files', (command) =>
      about(command, 'config', 'logLevel').command(
        'check [file]',
        'Find all mistakes of a config file',
        (inner) =>
          inner
            .positional('file', { type: 'string', describe: 'The config file' })
            .option('load', { boolean: true, default: false, describe: 'Also load the code of every function' }),
        (argv) => run(configCheck, { ...present({ file: argv.file }), load: argv.load }, givenOf(argv)),
      ),
    );
}

function hosting(parser: Argv, { run, launch }: CommandRunner): Argv {
  const shared = (command: Argv): Argv =>
    command
      .positional('host', { choices: HOST_NAMES, demandOption: true, describe: 'The host' })
      .option('name', {
        requiresArg: true,
        describe: 'What the host calls it',
        defaultDescription: "the config's name, or its folder's",
      })
      .option('scope', {
        choices: ['user', 'project'],
        default: 'user',
        describe: 'For this user everywhere, or for this folder',
      })
      .option('yes', { alias: 'y', boolean: true, default: false, describe: 'Do not ask' })
      .option('dry-run', { boolean: true, default: false, describe: 'Only show the change' });
  const argsOf = (argv: Parsed): HostArguments => {
    const name = text(argv['name']);
    if (name === '') throw new UsageError('--name: a value is missing');
    return {
      host: argv['host'] as HostArguments['host'],
      ...present({ name }),
      scope: argv['scope'] as HostArguments['scope'],
      yes: argv['yes'] === true,
      dryRun: argv['dry-run'] === true,
    };
  };
  return parser
    .command(
      'install <host>',
      "Add the sidecar to a host's own config file, after showing the change",
      (command) =>
        shared(aboutSidecars(command))
          .option('command', { requiresArg: true, describe: 'How the host is to start it', defaultDescription: 'this program' })
          .example('$0 install claude-desktop', 'The config file of this folder, for Claude Desktop')
          .example('$0 install vscode --scope project --command "npx -y mcp-daemon"', 'For whoever works in this folder'),
      (argv) => run(install, { ...argsOf(argv), launch: launch(text(argv['command'])) }, givenOf(argv)),
    )
    .command(
      'uninstall <host>',
      'Take the sidecar out again',
      (command) => about(shared(command), 'config'),
      (argv) => run(uninstall, argsOf(argv), givenOf(argv)),
    )
    .command(
      'completion [shell]',
      'Print a script that completes commands in bash, zsh or fish',
      (command) =>
        about(command).positional('shell', { type: 'string', describe: 'bash, zsh or fish', defaultDescription: 'yours' }),
      (argv) => run(completion, present({ shell: argv.shell }), givenOf(argv)),
    );
}

/**
 * Parses a command line and has it run.
 *
 * @returns `help` where help or the version was all that was wanted
 * @throws UsageError where it is not understood, and whatever the command throws
 */
export async function parseCommand(argv: readonly string[], runner: CommandRunner): Promise<'help' | 'done'> {
  let ran = false;
  const watched: CommandRunner = {
    launch: runner.launch,
    serve(flags) {
      ran = true;
      return runner.serve(flags);
    },
    run(command, args, given) {
      ran = true;
      return runner.run(command, args, given);
    },
  };
  let parser: Argv = yargs([...argv]).scriptName('mcp-daemon');
  for (const name of SETTING_NAMES) parser = declare(parser, name);
  const flags = SETTING_NAMES.map((name) => `--${SETTINGS[name].flag}`);
  const more = [
    '--json',
    '--force',
    '--load',
    '--name',
    '--scope',
    '--yes',
    '--dry-run',
    '--command',
    '--limit',
    '--since',
    '--until',
    '--role',
    '--partition',
    '--password-stdin',
  ];
  const known = [
    ...COMMANDS,
    'check',
    'show',
    'add',
    'passwd',
    'remove',
    ...flags,
    ...more,
    '--status',
    '--type',
    '--help',
    '--version',
  ];
  parser = hosting(users(looking(making(serving(parser, watched), watched), watched), watched), watched)
    .usage('mcp-daemon: a config file becomes an MCP server\n\nUsage: $0 [file] [flags], or $0 <command>')
    .example('$0 init demo', 'Begin: a config file and a module in demo/')
    .example('$0 --config mcp.json', 'Serve it over HTTP')
    .example('$0 --transport stdio --config mcp.json', 'Serve it on stdin and stdout; this is what a host runs')
    .example(`$0 call hello '{"name":"Ada"}'`, 'Call a tool by hand')
    .example('$0 install claude-desktop', 'Give it to Claude Desktop')
    .epilogue('Every flag of the groups above can be set by the variable in brackets; a flag wins.')
    .completion('completion-words', false, namesToComplete)
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'dot-notation': false,
      'camel-case-expansion': false,
      'greedy-arrays': false,
    })
    .version(VERSION)
    .help()
    .alias('help', 'h')
    .group(['help', 'version'], 'Other:')
    .detectLocale(false)
    .wrap(Math.min(WIDEST, process.stdout.isTTY ? process.stdout.columns : WIDEST))
    .strict()
    .exitProcess(false)
    .fail((message, error: Error | undefined) => {
      // The parser's own errors come as errors too; a command's are passed on.
      if (error !== undefined && error.name !== 'YError') throw error;
      throw new UsageError(reword(error?.message ?? message, argv, known));
    });
  await parser.parseAsync();
  return ran ? 'done' : 'help';
}
