/** The line of a file that a mistake is in, with a caret under its column, as compilers show it. */
import { readFileSync } from 'node:fs';

import type { Mistake } from '@mcp-daemon/core';

import { escapeControls } from '../terminal/text.js';

/** One line of a frame. */
export interface FrameLine {
  readonly text: string;
  /** Whether it is the line with the caret. */
  readonly isCaret: boolean;
}

/** Characters of a line that are shown, and how many of them before the column at least. */
const WIDTH = 100;
const BEFORE = 40;
/** A longer line is that of a file without line breaks: it may have secrets of other places in it. */
const LONGEST = 200;
/** What may hold secrets is not shown: the output of a check is in logs. */
const SECRET_PATH = /\.(?:setting|env|headers)(?:[.[]|$)/;
const SECRET_LINE = /"(?:setting|env|headers)"/;

/**
 * Reads a file, to show its lines.
 *
 * @returns a function that gives the frame of a mistake; nothing where its line is not known, may hold secrets, or cannot be read
 */
export function frameOf(file: string): (place: Mistake) => readonly FrameLine[] {
  let lines: readonly string[];
  try {
    lines = readFileSync(file, 'utf8').split(/\r?\n/);
  } catch {
    return () => []; // the mistakes say so
  }
  return ({ path, line, column = 1 }) => {
    const source = line === undefined ? undefined : lines[line - 1];
    if (source === undefined || source.trim() === '' || source.length > LONGEST) return [];
    if (SECRET_PATH.test(path) || SECRET_LINE.test(source)) return [];
    const at = Math.min(column - 1, source.length);
    const from = at > WIDTH - BEFORE ? at - BEFORE : 0;
    const part = escapeControls(source.slice(from, from + WIDTH).replaceAll('\t', ' '));
    // A character that is escaped takes more columns.
    const before = escapeControls(source.slice(from, at).replaceAll('\t', ' ')).length;
    const gutter = ` ${line} | `;
    return [
      { text: `${gutter}${part}`, isCaret: false },
      { text: `${' '.repeat(gutter.length - 2)}| ${' '.repeat(before)}^`, isCaret: true },
    ];
  };
}
