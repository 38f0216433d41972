/**
 * How a host is told to start the sidecar.
 */
import { basename, dirname, sep } from 'node:path';

import type { Config } from '@mcp-daemon/core';

import { UsageError } from '../errors.js';

/** How this program is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** As a person would type it. */
  readonly shown: string;
}

/** A host's entry for one server. */
export interface HostEntry {
  type?: 'stdio';
  command: string;
  args: string[];
}

/** Words of a command line, with quotes as a shell has them. */
export function words(text: string): string[] {
  const found = [...text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
  if (found.length === 0) throw new UsageError('--command: a command is wanted, like "npx -y mcp-daemon"');
  return found;
}

/**
 * How to start this program again, from anywhere: by its file, or through npx where it was started so (what npx has fetched
 * may be gone tomorrow).
 *
 * @param node this Node's executable
 * @param script this program's file
 * @param typed the same, as it was typed or found
 * @param command what the user wants instead
 */
export function launchOf(node: string, script: string, typed: string, version: string, command?: string): Launch {
  if (command !== undefined) {
    const [first = '', ...args] = words(command);
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
 * The entry for a config file.
 *
 * @param flags settings to start with, as flags
 */
export const entryOf = (launch: Launch, file: string, flags: readonly string[]): HostEntry => ({
  command: launch.command,
  args: [...launch.args, '--transport', 'stdio', '--config', file, ...flags],
});

/** What a host calls the server: the name in the config file, or that of its folder. */
export function serverName(server: Config['server'], file: string): string {
  const name = server.name ?? basename(dirname(file));
  return name.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '') || 'mcp-daemon';
}
