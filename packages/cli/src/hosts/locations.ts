/**
 * The hosts that `install` supports, and the config file of each.
 *
 * @see https://modelcontextprotocol.io/quickstart/user
 * @see https://docs.claude.com/en/docs/claude-code/mcp
 * @see https://docs.cursor.com/context/model-context-protocol
 * @see https://code.visualstudio.com/docs/copilot/chat/mcp-servers
 */
import { isAbsolute, join, resolve } from 'node:path';

import { home } from '../settings/paths.js';
import type { Env } from '../settings/settings.js';

/** Where a server is available: for this user everywhere, or in this folder only. */
export type Scope = 'user' | 'project';

/** What the path of a config file depends on. */
export interface Machine {
  env: Env;
  platform: NodeJS.Platform;
  /** The project's folder. */
  cwd: string;
}

/** A host. */
export interface Host {
  readonly title: string;
  /** The member of the file that contains the servers. */
  readonly key: 'mcpServers' | 'servers';
  /** Whether an entry has `"type": "stdio"`. */
  readonly hasType: boolean;
  /** What the user does next, so that the host loads the server. */
  readonly nextStep: string;
  /** The path of the config file; undefined where the host has no such scope. */
  file(scope: Scope, machine: Machine): string | undefined;
}

/** The folder for the settings of programs on this platform. */
function settingsFolder({ env, platform }: Machine): string {
  if (platform === 'win32') return env['APPDATA'] || join(home(env), 'AppData', 'Roaming');
  if (platform === 'darwin') return join(home(env), 'Library', 'Application Support');
  const configured = env['XDG_CONFIG_HOME'];
  return configured !== undefined && isAbsolute(configured) ? configured : join(home(env), '.config');
}

/** All hosts, by their names on the command line. */
export const HOSTS = {
  'claude-desktop': {
    title: 'Claude Desktop',
    key: 'mcpServers',
    hasType: false,
    nextStep: 'Restart Claude Desktop to load the server.',
    file: (scope, machine) =>
      scope === 'user' ? join(settingsFolder(machine), 'Claude', 'claude_desktop_config.json') : undefined,
  },
  'claude-code': {
    title: 'Claude Code',
    key: 'mcpServers',
    hasType: true,
    nextStep: 'Start a new session of Claude Code; "/mcp" lists the server.',
    file: (scope, { env, cwd }) =>
      scope === 'project' ? resolve(cwd, '.mcp.json') : join(env['CLAUDE_CONFIG_DIR'] || home(env), '.claude.json'),
  },
  cursor: {
    title: 'Cursor',
    key: 'mcpServers',
    hasType: false,
    nextStep: 'Cursor loads the server by itself; its settings list it under MCP.',
    file: (scope, { env, cwd }) =>
      scope === 'project' ? resolve(cwd, '.cursor', 'mcp.json') : join(home(env), '.cursor', 'mcp.json'),
  },
  vscode: {
    title: 'VS Code',
    key: 'servers',
    hasType: true,
    nextStep: 'Run "MCP: List Servers" in VS Code to start the server.',
    file: (scope, machine) =>
      scope === 'project'
        ? resolve(machine.cwd, '.vscode', 'mcp.json')
        : join(settingsFolder(machine), 'Code', 'User', 'mcp.json'),
  },
} as const satisfies Record<string, Host>;

/** The name of a host. */
export type HostName = keyof typeof HOSTS;

/** The names of all hosts. */
export const HOST_NAMES = Object.keys(HOSTS) as HostName[];
