/**
 * The entry in the config file of a host: the command that starts the server.
 */
import { basename, dirname, sep } from 'node:path';

import type { Config } from '@mcp-daemon/core';

import { UsageError } from '../errors.js';

/** The command that starts this program. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** The command as a user types it. */
  readonly shown: string;
}

/** The entry of one server in the config file of a host. */
export interface HostEntry {
  type?: 'stdio';
  command: string;
  args: string[];
}

/** Splits a command line into words; single and double quotes work as in a shell. @throws UsageError where it is empty */
export function splitCommand(text: string): string[] {
  const found = [...text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
  if (found.length === 0) throw new UsageError('--command: must be a command such as "npx -y mcp-daemon"');
  return found;
}

/**
 * The command that starts this program again, from any folder: its file, or npx where npx has started it (the files that npx
 * has downloaded may be removed).
 *
 * @param node the executable of Node
 * @param script the file of this program
 * @param typed the same file as it was typed
 * @param command the command that the user prefers
 */
export function launchOf(node: string, script: string, typed: string, version: string, command?: string): Launch {
  if (command !== undefined) {
    const [first = '', ...args] = splitCommand(command);
    return { command: first, args, shown: command };
  }
  if (script.includes(`${sep}_npx${sep}`)) {
    return { command: 'npx', args: ['-y', `mcp-daemon@${version}`], shown: 'npx mcp-daemon' };
  }
  const bin = `${sep}node_modules${sep}.bin${sep}`;
  const shown = `${sep}${typed}`.includes(bin)
    ? 'npx mcp-daemon'
    : basename(typed).startsWith('mcp-daemon')
      ? 'mcp-daemon'
      : `node ${typed}`;
  return { command: node, args: [script], shown };
}

/**
 * The entry of a config file.
 *
 * @param flags flags for the settings of the server
 */
export const entryOf = (launch: Launch, file: string, flags: readonly string[]): HostEntry => ({
  command: launch.command,
  args: [...launch.args, '--transport', 'stdio', '--config', file, ...flags],
});

/** The name of the server in a host: the name in the config file, or that of its folder. */
export function serverName(server: Config['server'], file: string): string {
  const name = server.name ?? basename(dirname(file));
  return name.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '') || 'mcp-daemon';
}
