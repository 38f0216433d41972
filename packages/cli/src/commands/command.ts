/**
 * What a command is given, and how its tables look.
 */
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Env, Settings } from '../settings.js';
import type { Paint } from '../terminal.js';

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

/** A path as its reader would type it: from this folder, where it is below. */
export function shownPath(path: string): string {
  const way = relative(process.cwd(), path);
  return way === '' || way.startsWith('..') ? path : way;
}

/** `1 tool`, `3 tools`. */
export const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** A text on one line, cut to a width. */
export function oneLine(text: string, width = Infinity): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > width ? `${line.slice(0, Math.max(1, width - 1))}…` : line;
}

const length = (text: string): number => stripVTControlCharacters(text).length;

/**
 * Rows with aligned columns; the last one is cut at the width of the terminal.
 *
 * @param rows cells, the first row being the head
 */
export function table(rows: readonly (readonly string[])[], width = Infinity): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, length(cell))));
  const before = widths.slice(0, -1).reduce((sum, column) => sum + column + 2, 0);
  return rows.map((row) => {
    const cells = row.map((cell, index) => {
      if (index === row.length - 1) return length(cell) <= width - before ? cell : oneLine(cell, Math.max(12, width - before));
      return cell + ' '.repeat((widths[index] ?? 0) - length(cell) + 2);
    });
    return cells.join('').trimEnd();
  });
}
