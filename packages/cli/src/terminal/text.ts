/** Text for a terminal: short, aligned, and without control characters. */
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** A path as a user types it: relative where it is in the current folder, else absolute. */
export function displayPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere;
}

/** A number with its noun: `1 tool`, `3 tools`. */
export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** A duration, as people read it; empty if it is not known. */
export const spent = (ms: number | null): string =>
  ms === null ? '' : ms < 1_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1_000).toFixed(2)} s`;

/** A number of bytes, for people. */
export function size(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB'];
  let unit = 0;
  let value = bytes;
  for (; value >= 1_000 && unit < units.length - 1; unit += 1) value /= 1_000;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Characters that move the cursor, change the terminal or change the writing direction; not line breaks and tabs. */
const CONTROL = /[^\P{Cc}\n\t]|[\u202A-\u202E\u2066-\u2069]/gu;
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Makes control characters of an untrusted text visible, so that they cannot affect the terminal. */
export const escapeControls = (text: string): string => text.replace(CONTROL, escaped);

const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE4F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}/u;
const WITHOUT_WIDTH = /[\p{M}\p{Cf}]/u;
const columnsOf = (character: string): number => (WITHOUT_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1);

/** The width of a text in columns of a terminal. */
export function columnsOfText(text: string): number {
  const plain = stripVTControlCharacters(text);
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(plain)) return plain.length;
  let columns = 0;
  for (const character of plain) columns += columnsOf(character);
  return columns;
}

/** A text as one line, cut to a width in columns. */
export function oneLine(text: string, width = Infinity): string {
  const line = escapeControls(text.replace(/\s+/g, ' ').trim());
  if (columnsOfText(line) <= width) return line;
  let cut = '';
  let columns = 1;
  for (const character of line) {
    columns += columnsOf(character);
    if (columns > width) break;
    cut += character;
  }
  return `${cut}…`;
}

/**
 * Aligns the columns of rows; the last column is cut at the width of the terminal.
 *
 * @param rows the cells; the first row is the head
 */
export function table(rows: readonly (readonly string[])[], width = Infinity): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, columnsOfText(cell))));
  const before = widths.slice(0, -1).reduce((sum, column) => sum + column + 2, 0);
  const room = Math.max(12, width - before);
  return rows.map((row) => {
    const cells = row.map((cell, index) => {
      if (index === row.length - 1) return columnsOfText(cell) <= room ? cell : oneLine(stripVTControlCharacters(cell), room);
      return cell + ' '.repeat((widths[index] ?? 0) - columnsOfText(cell) + 2);
    });
    return cells.join('').trimEnd();
  });
}
