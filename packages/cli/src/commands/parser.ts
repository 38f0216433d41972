/**
 * Makes a yargs parser of the commands' declarations.
 */
import type { Argv, Options } from 'yargs';
import yargs from 'yargs';

import type { Setting } from '../settings/setting.js';
import type { Flags, SettingName } from '../settings/settings.js';
import { SETTING_NAMES, SETTINGS } from '../settings/settings.js';
import { VERSION } from '../version.js';
import type { ActiveCommand, Command, CommandGroup } from './command.js';
import { defined, nameOf } from './command.js';
import { COMMANDS } from './commands.js';
import { namesToComplete } from './names.js';

const MAX_WIDTH = 110;

/** The names of all commands. */
const NAMES: readonly string[] = COMMANDS.flatMap((command) => [
  nameOf(command),
  ...('commands' in command ? [] : (command.aliases ?? [])),
]).filter((name) => name !== '$0');

/** The messages of yargs for a wrong command line. */
class ParserError extends Error {}

/** What yargs has parsed: texts, lists of texts, and true or false for switches. */
type Parsed = Readonly<Record<string, unknown>>;

/** Runs a command that was parsed. */
export type RunCommand = (command: Command, args: Parsed, flags: Flags) => Promise<void>;

/** The choices of a setting for the help, where its description does not have them. */
function choicesOf(setting: Setting): string {
  if (setting.type !== 'choice' || setting.choices.every((word) => setting.description.includes(word))) return '';
  return `: ${setting.choices.join(', ')}`;
}

/** Declares a setting as a flag of every command. */
function declareSetting(parser: Argv, name: SettingName): Argv {
  const setting: Setting = SETTINGS[name];
  const standard = setting.type === 'text' ? setting.defaultText : String(setting.default);
  const unit = setting.type === 'number' && setting.unit !== 'N' ? ` (${setting.unit.toLowerCase()})` : '';
  return parser.option(setting.flag, {
    ...(setting.alias === undefined ? {} : { alias: setting.alias }),
    describe: `${setting.description}${choicesOf(setting)}${unit} [${setting.env}]`,
    group: `${setting.group}:`,
    ...(standard === undefined ? {} : { defaultDescription: standard }),
    ...(setting.type === 'switch' ? { boolean: true } : { requiresArg: true, nargs: 1 }),
  });
}

/** Leaves only some settings in the help of a command. */
function showSettings(parser: Argv, names: readonly SettingName[]): void {
  for (const name of SETTING_NAMES) if (!names.includes(name)) parser.hide(SETTINGS[name].flag);
}

/** What yargs keeps for its help. Not in its types; the lists are its own, and not copies. */
interface HelpState {
  getGroups(): Record<string, string[]>;
  getOptions(): { hiddenOptions: string[]; defaultDescription: Record<string, string | undefined> };
}

/** Forgets the setting of a name that the command itself has: its help would have the setting's group, default and absence. */
function forgetSetting(parser: Argv, name: string): void {
  const state = parser as Argv & HelpState;
  const { hiddenOptions, defaultDescription } = state.getOptions();
  for (const names of [...Object.values(state.getGroups()), hiddenOptions])
    while (names.includes(name)) names.splice(names.indexOf(name), 1);
  defaultDescription[name] = undefined;
}

/** Of a flag that was given more than once, the last value. */
const last = (value: unknown): unknown => (Array.isArray(value) ? value.at(-1) : value);

/** The flags of settings that were given. */
function settingFlags(argv: Parsed): Flags {
  const flags: Record<string, string | boolean> = {};
  for (const name of SETTING_NAMES) {
    const { flag } = SETTINGS[name];
    const value = last(argv[flag]);
    if (typeof value === 'boolean') flags[flag] = value;
    else if (value !== undefined) flags[flag] = String(value);
  }
  return flags;
}

/** The arguments of a command, by the names of its positionals and flags. */
function argumentsOf({ command, positionals = {}, flags = {} }: Command, argv: Parsed, depth: number): Parsed {
  const args: Record<string, unknown> = {};
  for (const [name, options] of Object.entries({ ...positionals, ...flags }))
    args[name] = options.array === true ? argv[name] : (last(argv[name]) ?? options.default);
  // yargs takes the word "-", which stands for stdin, for a flag without a value.
  for (const name of Object.keys(positionals)) if (args[name] === true) args[name] = '-';
  // What follows "--" is not a flag, and yargs leaves it behind the names of the commands.
  const rest = /\[([\w-]+)\.\.\]/.exec(command)?.[1];
  if (rest !== undefined) {
    const more = (argv['_'] as readonly unknown[]).slice(depth).map(String);
    args[rest] = [...((args[rest] as readonly string[] | undefined) ?? []), ...more];
  }
  return args;
}

/**
 * Options without what only repeats itself in the help: the type "string", which nothing depends on because numbers are not
 * parsed, and the default of switches.
 */
function forHelp<T extends Options>({ string: _, type, default: standard, ...options }: T): Options {
  const shown = options.boolean === true && standard === false ? undefined : standard;
  return { ...options, ...(type === undefined || type === 'string' ? {} : { type }), ...defined({ default: shown }) };
}

/** What the registration of commands shares. */
interface Registration {
  run: RunCommand;
  /** The command that is being parsed. */
  active: ActiveCommand;
}

/** @throws UsageError if a word can only be a mistyped command, and not a config file */
async function refuseMistyped(word: string, active: ActiveCommand): Promise<void> {
  const { mistypedCommand } = await import('./usage-errors.js');
  const error = mistypedCommand(word, active, NAMES);
  if (error !== undefined) throw error;
}

function addCommand(parser: Argv, command: Command, group: CommandGroup | undefined, registration: Registration): Argv {
  const active: ActiveCommand = { command, group };
  const aliases = [...(command.aliases ?? []), ...(group?.default === nameOf(command) ? ['$0'] : [])];
  return parser.command(
    [command.command, ...aliases],
    command.description,
    (inner) => {
      registration.active = active;
      showSettings(inner, command.settings ?? []);
      for (const [name, options] of Object.entries(command.positionals ?? {})) {
        const isDemanded = command.command.includes(`<${name}>`);
        const { string: _, type: __, ...rest } = options as Options;
        forgetSetting(inner, name);
        inner.positional(name, { ...rest, ...(isDemanded ? { demandOption: true } : {}) } as typeof options);
      }
      for (const [name, options] of Object.entries(command.flags ?? {})) {
        forgetSetting(inner, name);
        inner.option(name, { ...forHelp(options), group: 'Flags:' });
      }
      for (const [example, description] of command.examples ?? []) inner.example(`$0 ${example}`, description);
      return inner;
    },
    async (argv) => {
      const args = argumentsOf(command, argv, group === undefined ? 1 : 2);
      if (nameOf(command) === '$0' && args['file'] !== undefined) await refuseMistyped(String(args['file']), active);
      try {
        await registration.run(command, args, settingFlags(argv));
      } catch (error) {
        const { withHelp } = await import('./usage-errors.js');
        throw withHelp(error, active);
      }
    },
  );
}

function addGroup(parser: Argv, group: CommandGroup, registration: Registration): Argv {
  return parser.command(
    `${group.command} <command>`,
    group.description,
    (inner) => {
      registration.active = { command: group };
      showSettings(
        inner,
        group.commands.flatMap(({ settings = [] }) => settings),
      );
      for (const command of group.commands) addCommand(inner, command, group, registration);
      return inner;
    },
    async (argv) => {
      // Without a default command, yargs takes any word for the command.
      const { unknownCommand } = await import('./usage-errors.js');
      throw unknownCommand(String(argv['command']), group);
    },
  );
}

/**
 * Parses a command line and runs the command.
 *
 * @param argv the arguments, without the executable and the script
 * @param run called with the command, its arguments and the flags of settings
 * @returns `help` where only the help or the version was printed
 * @throws UsageError if the command line is wrong, and whatever `run` throws
 */
export async function parseCommand(argv: readonly string[], run: RunCommand): Promise<'help' | 'done'> {
  let ran = false;
  const [serve] = COMMANDS as readonly [Command, ...(typeof COMMANDS)[number][]];
  const registration: Registration = {
    active: { command: serve },
    run(command, args, flags) {
      ran = true;
      return run(command, args, flags);
    },
  };
  let parser: Argv = yargs([...argv]).scriptName('mcp-daemon');
  for (const name of SETTING_NAMES) parser = declareSetting(parser, name);
  for (const command of COMMANDS)
    parser =
      'commands' in command ? addGroup(parser, command, registration) : addCommand(parser, command, undefined, registration);
  parser = parser
    .usage('mcp-daemon: turns a config file into an MCP server\n\nUsage: $0 [file] [flags], or $0 <command> [flags]')
    .example('$0 init demo', 'Write a first config file and a module to demo/')
    .example('$0 --config mcp.json', 'Serve a config file over HTTP')
    .example('$0 --transport stdio --config mcp.json', 'Serve it on stdin and stdout, as a host starts it')
    .example(`$0 call hello '{"name":"Ada"}'`, 'Call a tool')
    .example('$0 install claude-desktop', 'Add the server to Claude Desktop')
    .epilogue('A flag with [NAME] can also be set as the environment variable NAME; the flag takes precedence.')
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
    .wrap(Math.min(MAX_WIDTH, process.stdout.isTTY ? process.stdout.columns : MAX_WIDTH))
    .strict()
    .exitProcess(false)
    .fail((message, error: Error | undefined) => {
      // The parser's own errors are YErrors. Errors of commands are thrown unchanged.
      if (error !== undefined && error.name !== 'YError') throw error;
      throw new ParserError(error?.message ?? message);
    });
  try {
    await parser.parseAsync();
  } catch (error) {
    if (!(error instanceof ParserError)) throw error;
    const { usageErrorOf } = await import('./usage-errors.js');
    throw usageErrorOf(error.message, argv, registration.active, NAMES);
  }
  return ran ? 'done' : 'help';
}
