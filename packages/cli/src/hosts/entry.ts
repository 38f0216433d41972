/**
 * The command that starts this program, and the name of a server, for the config file of a host.
 */
import { basename, dirname, sep } from 'node:path';

import type { Config } from '@mcp-daemon/core';

import { UsageError } from '../errors.js';
import type { NodePath } from './node-path.js';

/** The command that starts this program. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** The command as a user types it. */
  readonly shown: string;
  /** The executable of Node, where the command begins with it. */
  readonly node?: NodePath;
}

/** Splits a command line into words; single and double quotes work as in a shell. @throws UsageError if it is empty */
export function splitCommand(text: string): string[] {
  const found = [...text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
  if (found.length === 0) throw new UsageError('--command: must be a command such as "mcp-daemon"');
  return found;
}

/** What {@link launchOf} depends on. */
export interface Program {
  /** The executable of Node. */
  readonly node: NodePath;
  /** The file of this program, without symbolic links. */
  readonly script: string;
  /** The same file as Node was given it: an absolute path, perhaps with symbolic links. */
  readonly given: string;
  /** The same file as the user typed it. */
  readonly typed: string;
  readonly version: string;
}

/**
 * The command that starts this program again, from any folder: its file, or npx where npx has started it (the files that npx
 * has downloaded may be removed).
 *
 * @param command the command that the user prefers
 */
export function launchOf({ node, script, given, typed, version }: Program, command?: string): Launch {
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
  // pnpm and others keep each version of a package in its own folder, behind a permanent link.
  const file = basename(given) === basename(script) ? given : script;
  return { command: node.path, args: [file], shown, node };
}

/**
 * The arguments of the command that serves a config file to a host.
 *
 * @param flags flags for the settings of the server
 */
export const stdioArgs = (launch: Launch, file: string, flags: readonly string[] = []): string[] => [
  ...launch.args,
  '--transport',
  'stdio',
  '--config',
  file,
  ...flags,
];

/** The name of the server in a host: the name in the config file, or that of its folder. */
export function serverName(server: Config['server'], file: string): string {
  const name = server.name ?? basename(dirname(file));
  return name.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '') || 'mcp-daemon';
}
