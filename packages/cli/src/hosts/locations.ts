/**
 * The hosts that `install` knows, and where each keeps its servers.
 *
 * @see https://modelcontextprotocol.io/quickstart/user
 * @see https://docs.claude.com/en/docs/claude-code/mcp
 * @see https://docs.cursor.com/context/model-context-protocol
 * @see https://code.visualstudio.com/docs/copilot/chat/mcp-servers
 */
import { isAbsolute, join, resolve } from 'node:path';

import { home } from '../settings/places.js';
import type { Env } from '../settings/settings.js';

/** For whom a server is installed: this user everywhere, or whoever works in this folder. */
export type Scope = 'user' | 'project';

/** What a location depends on. */
export interface Machine {
  env: Env;
  platform: NodeJS.Platform;
  /** The project's folder. */
  cwd: string;
}

/** A host. */
export interface Host {
  readonly title: string;
  /** The member of the file that holds the servers. */
  readonly key: 'mcpServers' | 'servers';
  /** Whether an entry says `"type": "stdio"`. */
  readonly typed: boolean;
  /** What to do for the host to see the change. */
  readonly then: string;
  file(scope: Scope, machine: Machine): string | undefined;
}

/** The folder in which programs of this platform keep the user's settings. */
function settingsFolder({ env, platform }: Machine): string {
  if (platform === 'win32') return env['APPDATA'] || join(home(env), 'AppData', 'Roaming');
  if (platform === 'darwin') return join(home(env), 'Library', 'Application Support');
  const configured = env['XDG_CONFIG_HOME'];
  return configured !== undefined && isAbsolute(configured) ? configured : join(home(env), '.config');
}

/** All hosts, by the name they are given on the command line. */
export const HOSTS = {
  'claude-desktop': {
    title: 'Claude Desktop',
    key: 'mcpServers',
    typed: false,
    then: 'Quit Claude Desktop and start it again.',
    file: (scope, machine) =>
      scope === 'user' ? join(settingsFolder(machine), 'Claude', 'claude_desktop_config.json') : undefined,
  },
  'claude-code': {
    title: 'Claude Code',
    key: 'mcpServers',
    typed: true,
    then: 'New sessions of Claude Code have it; "/mcp" shows it.',
    file: (scope, { env, cwd }) =>
      scope === 'project' ? resolve(cwd, '.mcp.json') : join(env['CLAUDE_CONFIG_DIR'] || home(env), '.claude.json'),
  },
  cursor: {
    title: 'Cursor',
    key: 'mcpServers',
    typed: false,
    then: 'Cursor finds it by itself; its settings list it under MCP.',
    file: (scope, { env, cwd }) =>
      scope === 'project' ? resolve(cwd, '.cursor', 'mcp.json') : join(home(env), '.cursor', 'mcp.json'),
  },
  vscode: {
    title: 'VS Code',
    key: 'servers',
    typed: true,
    then: 'VS Code finds it by itself; "MCP: List Servers" starts it.',
    file: (scope, machine) =>
      scope === 'project'
        ? resolve(machine.cwd, '.vscode', 'mcp.json')
        : join(settingsFolder(machine), 'Code', 'User', 'mcp.json'),
  },
} as const satisfies Record<string, Host>;

/** The name of a host. */
export type HostName = keyof typeof HOSTS;

/** All names. */
export const HOST_NAMES = Object.keys(HOSTS) as HostName[];
