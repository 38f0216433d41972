/**
 * What a command is: its declaration for the parser and the help, and the function that runs it.
 *
 * Declarations are loaded for every help text, so a command's file imports statically only what is light. Whatever does the work
 * (the engine, stores, modules, HTTP) is imported inside of `run`.
 */
import type { InferredOptionTypes, Options, PositionalOptions } from 'yargs';

import type { Launch } from '../hosts/entry.js';
import type { Env, Flags, SettingName, Settings } from '../settings/settings.js';
import type { Paint } from '../terminal/terminal.js';

/** What every command gets besides its arguments. */
export interface CommandContext {
  readonly settings: Settings;
  readonly env: Env;
  /** The flags of settings, as they were given. */
  readonly flags: Flags;
  /** How to start this program again, or by another command where one is given. */
  launch(command?: string): Launch;
  /** Writes a line to stdout. */
  print(line: string): void;
  /** Writes a line to stderr. */
  note(line: string): void;
  /** Colours for stdout. */
  readonly paint: Paint;
  /** Colours for stderr. */
  readonly paintNote: Paint;
  /** Columns of stdout; undefined where it is not a terminal. */
  readonly width: number | undefined;
  /** Whether there is a terminal on which the user can answer questions. */
  readonly interactive: boolean;
}

type Positionals = Readonly<Record<string, PositionalOptions>>;
type FlagOptions = Readonly<Record<string, Options>>;

/** What {@link defineCommand} takes. */
export interface CommandSpec<P extends Positionals, F extends FlagOptions> {
  /** The name and the positional arguments, as yargs writes them: `call <name> [arguments..]`. */
  readonly command: string;
  /** Other names of the command. */
  readonly aliases?: readonly string[];
  /** One line for the help. */
  readonly description: string;
  /** The settings that the command uses: their flags are in its help. */
  readonly settings?: readonly SettingName[];
  readonly positionals?: P;
  readonly flags?: F;
  /** Example command lines, without the program's name, and what each does. */
  readonly examples?: readonly (readonly [command: string, description: string])[];
  /** Runs the command. @returns the exit code; undefined where the command ends the process by itself */
  run(args: InferredOptionTypes<P & F>, context: CommandContext): Promise<number | undefined>;
}

/** A command that runs. */
export interface Command extends Omit<CommandSpec<Positionals, FlagOptions>, 'run'> {
  run(args: Readonly<Record<string, unknown>>, context: CommandContext): Promise<number | undefined>;
}

/** A command that only holds others, such as `calls` with `calls list` and `calls show`. */
export interface CommandGroup {
  readonly command: string;
  readonly description: string;
  readonly commands: readonly Command[];
  /** The name of the command that runs where none is given; by default it is an error to give none. */
  readonly default?: string;
}

/** The command that the parser has recognized. */
export interface ActiveCommand {
  readonly command: Command | CommandGroup;
  /** The group that the command is in. */
  readonly group?: CommandGroup | undefined;
}

/** The name of a command: `call` of `call <name>`. That of serving is `$0`. */
export const nameOf = ({ command }: Command | CommandGroup): string => command.replace(/\s.*/s, '');

/** Declares a command; the types of its arguments follow from its positionals and flags. */
export function defineCommand<const P extends Positionals, const F extends FlagOptions>(spec: CommandSpec<P, F>): Command {
  // The parser hands over what it has checked against the same positionals and flags.
  return spec as unknown as Command;
}

/** The settings of a command that opens the store. */
export const STORE_FLAGS = [
  'store',
  'dataDir',
  'region',
  'dynamodbEndpoint',
  'bucket',
  's3Endpoint',
] as const satisfies SettingName[];

/** A flag with a text as its value. */
export const textFlag = <const T extends Options>(describe: string, more?: T) =>
  ({ string: true, requiresArg: true, describe, ...more }) as { string: true; requiresArg: true } & T;

/** A flag without a value. */
export const switchFlag = <const T extends Options>(describe: string, more?: T) =>
  ({ boolean: true, default: false, describe, ...more }) as { boolean: true; default: boolean } & T;

/** The members that are not undefined. */
export function defined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}
