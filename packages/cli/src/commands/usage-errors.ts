/**
 * Turns what yargs says of a wrong command line into messages that name the argument, the flag or the command.
 */
import { existsSync } from 'node:fs';

import { didYouMean, nearest } from '@mcp-daemon/core';

import { mustBe, orList, UsageError } from '../errors.js';
import { looksLikeFile } from '../settings/serve-flags.js';
import { SETTING_NAMES, SETTINGS } from '../settings/settings.js';
import type { ActiveCommand, CommandGroup } from './command.js';
import { nameOf } from './command.js';

const isServe = ({ command }: ActiveCommand): boolean => nameOf(command) === '$0';

/** `calls list`; an empty text for serving. */
function pathOf({ command, group }: ActiveCommand): string {
  return isServe({ command }) ? '' : [...(group === undefined ? [] : [nameOf(group)]), nameOf(command)].join(' ');
}

/** The command that prints the help of a command. */
const helpOf = (active: ActiveCommand): string => ['mcp-daemon', pathOf(active), '--help'].filter(Boolean).join(' ');

function usageOf(active: ActiveCommand): string {
  const { command, group } = active;
  if (isServe(active)) return 'mcp-daemon [file] [flags], or mcp-daemon <command> [flags]';
  const path = group === undefined ? command.command : `${nameOf(group)} ${command.command}`;
  return `mcp-daemon ${path}${'commands' in command ? ' <command>' : ''} [flags]`;
}

/** A usage error of a command that shows its usage line and names its help. */
const withUsage = (message: string, active: ActiveCommand): UsageError =>
  new UsageError(message, { help: { usage: usageOf(active), help: helpOf(active) } });

/** An error of a command; where it names the general help, that of the command instead. */
export function withHelp(error: unknown, active: ActiveCommand): unknown {
  if (!(error instanceof UsageError) || error.help === undefined || error.help.usage !== undefined) return error;
  return new UsageError(error.message, { help: { help: helpOf(active) } });
}

/** The flags of settings that take no value. */
const SWITCHES: ReadonlySet<string> = new Set(
  SETTING_NAMES.flatMap((name) => {
    const { type, flag } = SETTINGS[name];
    return type === 'switch' ? [`--${flag}`, `--no-${flag}`] : [];
  }),
);

const isFlag = (word: string): boolean => /^-./.test(word);

/** The first word that is neither a flag nor, perhaps, the value of one. */
const firstWord = (argv: readonly string[]): string | undefined =>
  argv.find((word, index) => {
    const before = argv[index - 1] ?? '';
    return !isFlag(word) && (!isFlag(before) || before.includes('=') || SWITCHES.has(before));
  });

/** How a flag was written, such as `--jsn` or `-x`; undefined where the word is not a flag. */
function flagOf(name: string, argv: readonly string[]): string | undefined {
  const flags = argv.filter(isFlag).map((word) => word.replace(/=.*/s, ''));
  const written = flags.find((flag) => flag === `--${name}` || flag === `--no-${name}` || flag === `-${name}`);
  if (written !== undefined || name.length > 1) return written;
  return flags.some((flag) => /^-[^-]/.test(flag) && flag.includes(name)) ? `-${name}` : undefined;
}

/** The names of the flags in the help of a command. */
function flagsOf({ command }: ActiveCommand): string[] {
  const { flags = {}, settings = [] } = 'commands' in command ? {} : command;
  return [...Object.keys(flags), ...settings.map((name) => SETTINGS[name].flag), 'help', 'version'];
}

function unknownFlag(flag: string, active: ActiveCommand): UsageError {
  const meant = nearest(flag.replace(/^-+(no-)?/, ''), flagsOf(active));
  const where = isServe(active) ? '' : ` for "${pathOf(active)}"`;
  return withUsage(`unknown flag ${flag}${where}${meant === undefined ? '' : `; did you mean "--${meant}"?`}`, active);
}

/** The error for a word that is none of the commands of a group. */
export function unknownCommand(word: string, group: CommandGroup): UsageError {
  const hint = didYouMean(word, group.commands.map(nameOf));
  return withUsage(`unknown command "${nameOf(group)} ${word}"${hint}`, { command: group });
}

/** The first long flag that no command has, or only another one. */
function unknownFlagIn(argv: readonly string[], active: ActiveCommand): UsageError | undefined {
  const known = new Set([...flagsOf(active), ...SETTING_NAMES.map((name) => SETTINGS[name].flag)]);
  const end = argv.indexOf('--');
  const flags = argv.slice(0, end === -1 ? argv.length : end).flatMap((word) => /^--[^=]+/.exec(word)?.[0] ?? []);
  const flag = flags.find((name) => !known.has(name.slice(2)) && !known.has(name.replace(/^--no-/, '')));
  return flag === undefined ? undefined : unknownFlag(flag, active);
}

/** An unknown word. In a group it is a command; elsewhere it is an argument too many. */
function unknownWord(word: string, active: ActiveCommand, argv: readonly string[]): UsageError {
  const { command, group } = active;
  if ('commands' in command) return unknownCommand(word, command);
  // The command of a group that runs by default was not asked for.
  if (group !== undefined && !argv.includes(nameOf(command))) return unknownCommand(word, group);
  return withUsage(`unexpected argument "${word}"${isServe(active) ? '' : ` for "${pathOf(active)}"`}`, active);
}

/** The error for a word that can only be a mistyped command; undefined where it can be a config file. */
export function mistypedCommand(word: string, active: ActiveCommand, names: readonly string[]): UsageError | undefined {
  if (names.includes(word) || looksLikeFile(word) || existsSync(word)) return undefined;
  return withUsage(`unknown command "${word}"${didYouMean(word, names)}`, active);
}

function missingArgument(message: string, active: ActiveCommand): UsageError {
  const { command } = active;
  if ('commands' in command) {
    const names = command.commands.map((inner) => `"${nameOf(command)} ${nameOf(inner)}"`);
    return withUsage(`missing command: ${orList(names)}`, active);
  }
  const given = Number(/got (\d+)/.exec(message)?.[1] ?? 0);
  const name = [...command.command.matchAll(/<([\w-]+)>/g)][given]?.[1] ?? 'argument';
  const { choices, describe = '' } = command.positionals?.[name] ?? {};
  const what =
    choices === undefined ? describe.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase()) : orList(choices.map(String));
  return withUsage(`missing argument <${name}>: ${what}`, active);
}

function wrongChoice(name: string, value: string, choices: string, active: ActiveCommand): UsageError {
  const words = [...choices.matchAll(/"([^"]*)"/g)].map(([, word]) => word ?? '');
  const given = /^"([^"]*)"/.exec(value)?.[1] ?? value;
  const isArgument = !('commands' in active.command) && active.command.positionals?.[name] !== undefined;
  const where = isArgument ? `<${name}>` : `--${name}`;
  return new UsageError(`${where}: ${mustBe(words, given)}${didYouMean(given, words)}`, { help: { help: helpOf(active) } });
}

/**
 * The error for a command line that yargs refuses.
 *
 * @param message the message of yargs
 * @param argv the command line
 * @param active the command that yargs has recognized
 * @param names the names of all commands
 */
export function usageErrorOf(
  message: string,
  argv: readonly string[],
  active: ActiveCommand,
  names: readonly string[],
): UsageError {
  // Where the command is mistyped, nothing else that is wrong matters.
  const word = isServe(active) ? firstWord(argv) : undefined;
  const mistyped = word === undefined ? undefined : mistypedCommand(word, active, names);
  if (mistyped !== undefined) return mistyped;
  const unknown = /^Unknown (?:arguments?|commands?): (.*)$/s.exec(message)?.[1]?.split(', ') ?? [];
  const extra = unknown.find((name) => flagOf(name, argv) === undefined);
  if (extra !== undefined) return unknownWord(extra, active, argv);
  const [first] = unknown;
  if (first !== undefined) return unknownFlag(flagOf(first, argv) ?? first, active);
  // yargs takes a word after an unknown flag for its value, so that an argument seems to be missing.
  if (message.startsWith('Not enough non-option arguments'))
    return unknownFlagIn(argv, active) ?? missingArgument(message, active);
  const choice = /Argument: (\S+), Given: (.*), Choices: (.*)/.exec(message);
  if (choice !== null) return wrongChoice(choice[1] ?? '', choice[2] ?? '', choice[3] ?? '', active);
  const flag = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (flag !== undefined) return withUsage(`missing value for ${flag.length > 1 ? '--' : '-'}${flag}`, active);
  return withUsage(message.replace(/\s*\n\s*/g, ': '), active);
}
