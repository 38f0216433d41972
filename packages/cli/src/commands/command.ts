/**
 * What a command is given.
 */
import type { Env, Settings } from '../settings/settings.js';
import type { Paint } from '../terminal/terminal.js';

/** What every command is given. */
export interface CommandContext {
  readonly settings: Settings;
  readonly env: Env;
  /** The flags of the settings that were given, as they were given. */
  readonly given: Readonly<Record<string, string | boolean>>;
  /** Writes a line to stdout. */
  print(line: string): void;
  /** Writes a line to stderr. */
  note(line: string): void;
  /** Colours for stdout, and for stderr. */
  readonly paint: Paint;
  readonly paintNote: Paint;
  /** Columns of stdout; undefined where it is no terminal. */
  readonly width: number | undefined;
  /** Whether somebody can be asked. */
  readonly interactive: boolean;
}

/** A command. @returns its exit code */
export type Command<Arguments> = (args: Arguments, context: CommandContext) => Promise<number>;
