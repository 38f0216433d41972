/**
 * Says on stderr why a command ended badly: what is wrong and how to get on, never a trace.
 */
import { ConfigError } from '@mcp-daemon/core';

import { Failure, messageOf, UsageError } from '../errors.js';
import { mistakeLines } from './config-file.js';

/** Writes the reason of an error. @returns the exit code */
export function report(error: unknown, shown: (path: string) => string = (path) => path): number {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  if (error instanceof ConfigError) {
    const file = shown(error.file ?? 'the config');
    const count = error.mistakes.length;
    for (const line of mistakeLines(error, file)) say(line);
    say(
      `mcp-daemon: ${file} has ${count === 1 ? 'a mistake' : `${count} mistakes`}; nothing is done with it until ${count === 1 ? 'it is' : 'they are'} repaired`,
    );
    return 2;
  }
  say(`mcp-daemon: ${error instanceof Failure ? error.message : `something went wrong: ${messageOf(error)}`}`);
  if (error instanceof UsageError && error.hint) say('Try "mcp-daemon --help".');
  return error instanceof Failure ? error.exitCode : 1;
}
