/**
 * Prints on stderr why a command failed: what is wrong and what to do, never a stack trace.
 */
import type { Mistake } from '@mcp-daemon/core';
import { ConfigError, DaemonError } from '@mcp-daemon/core';

import { Failure, messageOf, UsageError } from '../errors.js';

/** An error or a warning of a config in one line: `file:line:column path: message`. */
export function errorLine({ path, line, column, message }: Mistake, file: string): string {
  const where = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  return `${where} ${path}: ${message}`;
}

/** A warning of a config in one line, which says that it is one. @param paint adds a colour, if there are colours */
export const warningLine = (warning: Mistake, file: string, paint: (colour: 'yellow', text: string) => string): string =>
  `${paint('yellow', 'warning')} ${errorLine(warning, file)}`;

/** All errors of a config, each in one line. */
export function errorLines(error: ConfigError, file: string): string[] {
  return error.mistakes.map((mistake) => errorLine(mistake, file));
}

/** Writes the message of an error. @returns the exit code */
export function report(error: unknown, shown: (path: string) => string = (path) => path): number {
  const write = (line: string): void => void process.stderr.write(`${line}\n`);
  if (error instanceof ConfigError) {
    const file = shown(error.file ?? 'the config');
    const count = error.mistakes.length;
    for (const line of errorLines(error, file)) write(line);
    const [what, object] = count === 1 ? ['an error', 'it'] : [`${count} errors`, 'them'];
    write(`mcp-daemon: ${file} has ${what}. Fix ${object} and try again`);
    return 2;
  }
  // Errors of the store say what is wrong, such as a missing table.
  const isOurs = error instanceof Failure || error instanceof DaemonError;
  write(`mcp-daemon: ${isOurs ? error.message : `unexpected error: ${messageOf(error)}`}`);
  if (error instanceof UsageError && error.help !== undefined) {
    const { usage, help } = error.help;
    if (usage !== undefined) write(`\nUsage: ${usage}`);
    write(`Try "${help}".`);
  }
  return error instanceof Failure ? error.exitCode : 1;
}
