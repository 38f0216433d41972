/**
 * The hosts that `install` supports, the config file of each, and the form of its entries. docs/hosts.md says which were tried.
 *
 * @see https://modelcontextprotocol.io/quickstart/user
 * @see https://docs.claude.com/en/docs/claude-code/mcp
 * @see https://docs.cursor.com/context/model-context-protocol
 * @see https://code.visualstudio.com/docs/copilot/chat/mcp-servers
 * @see https://developers.openai.com/codex/mcp
 * @see https://geminicli.com/docs/tools/mcp-server/
 * @see https://opencode.ai/docs/mcp-servers/
 * @see https://docs.cline.bot/mcp/mcp-overview
 * @see https://docs.windsurf.com/windsurf/cascade/mcp
 * @see https://zed.dev/docs/ai/mcp
 * @see https://lmstudio.ai/docs/app/mcp
 * @see https://docs.continue.dev/customize/deep-dives/mcp
 */
import { isAbsolute, join, resolve } from 'node:path';

import { home } from '../settings/paths.js';
import type { Host, HostEntry, Machine } from './host.js';

/** The folder for the settings of programs on this platform. */
function settingsFolder({ env, platform }: Machine): string {
  if (platform === 'win32') return env['APPDATA'] || join(home(env), 'AppData', 'Roaming');
  if (platform === 'darwin') return join(home(env), 'Library', 'Application Support');
  return dotConfig(env);
}

/** `$XDG_CONFIG_HOME`, or `~/.config`. */
function dotConfig(env: Machine['env']): string {
  const configured = env['XDG_CONFIG_HOME'];
  return configured !== undefined && isAbsolute(configured) ? configured : join(home(env), '.config');
}

/** The headers or the environment variables of an entry, where there are any. */
const withMembers = (key: string, members: Readonly<Record<string, string>>): HostEntry =>
  Object.keys(members).length === 0 ? {} : { [key]: members };

const plainCommand: Host['command'] = (command, args, env) => ({ command, args, ...withMembers('env', env) });
const typedCommand: Host['command'] = (command, args, env) => ({ type: 'stdio', command, args, ...withMembers('env', env) });
const plainUrl: Host['url'] = (url, headers) => ({ url, ...withMembers('headers', headers) });
const httpUrl: Host['url'] = (url, headers) => ({ httpUrl: url, ...withMembers('headers', headers) });
const typedUrl: Host['url'] = (url, headers) => ({ type: 'http', url, ...withMembers('headers', headers) });

/** All hosts, by their names on the command line. */
export const HOSTS = {
  'claude-desktop': {
    title: 'Claude Desktop',
    format: 'json',
    key: 'mcpServers',
    command: plainCommand,
    loads: 'at a restart',
    look: 'Quit it completely first, not only its window.',
    file: (scope, machine) =>
      scope === 'user' ? join(settingsFolder(machine), 'Claude', 'claude_desktop_config.json') : undefined,
  },
  'claude-code': {
    title: 'Claude Code',
    format: 'json',
    key: 'mcpServers',
    command: typedCommand,
    url: typedUrl,
    loads: 'in new sessions',
    look: '"/mcp" lists it.',
    approval: 'Claude Code uses the server of a project only after you approve it: start "claude" in this folder.',
    file: (scope, { env, cwd }) =>
      scope === 'project' ? resolve(cwd, '.mcp.json') : join(env['CLAUDE_CONFIG_DIR'] || home(env), '.claude.json'),
  },
  cursor: {
    title: 'Cursor',
    format: 'json',
    key: 'mcpServers',
    command: plainCommand,
    url: plainUrl,
    loads: 'at once',
    look: 'Its settings list it under MCP, where you may have to turn it on.',
    file: (scope, { env, cwd }) =>
      scope === 'project' ? resolve(cwd, '.cursor', 'mcp.json') : join(home(env), '.cursor', 'mcp.json'),
  },
  vscode: {
    title: 'VS Code',
    format: 'json',
    key: 'servers',
    command: typedCommand,
    url: typedUrl,
    loads: 'at once',
    look: 'Run "MCP: List Servers" to start it; VS Code asks whether you trust it.',
    file: (scope, machine) =>
      scope === 'project'
        ? resolve(machine.cwd, '.vscode', 'mcp.json')
        : join(settingsFolder(machine), 'Code', 'User', 'mcp.json'),
  },
  codex: {
    title: 'Codex',
    format: 'toml',
    key: 'mcp_servers',
    command: plainCommand,
    url: (url, headers) => ({ url, ...withMembers('http_headers', headers) }),
    // Without `required`, Codex does not wait for a server before it asks its model.
    defaults: { required: true, startup_timeout_sec: 20 },
    loads: 'in new sessions',
    look: '"/mcp" lists it.',
    approval: 'Codex reads this file in new sessions, and only if you trust the project.',
    names: /^[\w-]+$/,
    file: (scope, { env, cwd }) =>
      scope === 'project'
        ? resolve(cwd, '.codex', 'config.toml')
        : join(env['CODEX_HOME'] || join(home(env), '.codex'), 'config.toml'),
  },
  gemini: {
    title: 'Gemini CLI',
    format: 'json',
    key: 'mcpServers',
    command: plainCommand,
    url: httpUrl,
    loads: 'in new sessions',
    look: '"/mcp" lists it. In a folder that you do not trust, Gemini CLI starts no server.',
    approval: 'New sessions of Gemini CLI in this folder have the server, if you trust the folder.',
    file: (scope, { env, cwd }) => join(scope === 'project' ? cwd : home(env), '.gemini', 'settings.json'),
  },
  opencode: {
    title: 'opencode',
    format: 'json',
    key: 'mcp',
    command: (command, args, env) => ({ type: 'local', command: [command, ...args], ...withMembers('environment', env) }),
    url: (url, headers) => ({ type: 'remote', url, ...withMembers('headers', headers) }),
    defaults: { enabled: true },
    loads: 'in new sessions',
    look: '"opencode mcp list" shows it.',
    jsonc: true,
    file: (scope, { env, cwd }) =>
      scope === 'project' ? resolve(cwd, 'opencode.json') : join(dotConfig(env), 'opencode', 'opencode.json'),
  },
  'copilot-cli': {
    title: 'Copilot CLI',
    format: 'json',
    key: 'mcpServers',
    command: (command, args, env) => ({ type: 'local', command, args, ...withMembers('env', env) }),
    url: typedUrl,
    defaults: { tools: ['*'] },
    loads: 'in new sessions',
    look: '"/mcp show" lists it.',
    approval: 'New sessions of Copilot CLI in this folder have the server, if you trust the folder.',
    file: (scope, { env, cwd }) =>
      scope === 'project'
        ? resolve(cwd, '.mcp.json')
        : join(env['COPILOT_HOME'] || join(home(env), '.copilot'), 'mcp-config.json'),
  },
  qwen: {
    title: 'Qwen Code',
    format: 'json',
    key: 'mcpServers',
    command: plainCommand,
    url: httpUrl,
    loads: 'in new sessions',
    look: '"/mcp" lists it.',
    approval: 'New sessions of Qwen Code in this folder have the server, if you trust the folder.',
    file: (scope, { env, cwd }) => join(scope === 'project' ? cwd : home(env), '.qwen', 'settings.json'),
  },
  cline: {
    title: 'Cline',
    format: 'json',
    key: 'mcpServers',
    command: plainCommand,
    url: (url, headers) => ({ type: 'streamableHttp', url, ...withMembers('headers', headers) }),
    loads: 'in new sessions',
    look: "This is the file of Cline's command line; its editor extension opens its own under MCP Servers > Configure.",
    file: (scope, { env }) =>
      scope === 'user'
        ? env['CLINE_MCP_SETTINGS_PATH'] || join(home(env), '.cline', 'data', 'settings', 'cline_mcp_settings.json')
        : undefined,
  },
  windsurf: {
    title: 'Windsurf',
    format: 'json',
    key: 'mcpServers',
    command: plainCommand,
    url: (url, headers) => ({ serverUrl: url, ...withMembers('headers', headers) }),
    loads: 'at a restart',
    look: 'Or press Refresh in its list of MCP servers.',
    file: (scope, { env }) => (scope === 'user' ? join(home(env), '.codeium', 'windsurf', 'mcp_config.json') : undefined),
  },
  zed: {
    title: 'Zed',
    format: 'json',
    key: 'context_servers',
    command: plainCommand,
    url: plainUrl,
    loads: 'at once',
    look: 'Its settings list it under AI > MCP Servers.',
    file(scope, { env, platform }) {
      if (scope !== 'user') return undefined;
      return platform === 'win32'
        ? join(env['APPDATA'] || join(home(env), 'AppData', 'Roaming'), 'Zed', 'settings.json')
        : join(dotConfig(env), 'zed', 'settings.json');
    },
  },
  'lm-studio': {
    title: 'LM Studio',
    format: 'json',
    key: 'mcpServers',
    command: plainCommand,
    url: plainUrl,
    loads: 'at a restart',
    look: 'Its Program tab lists it.',
    file: (scope, { env }) => (scope === 'user' ? join(home(env), '.lmstudio', 'mcp.json') : undefined),
  },
  continue: {
    title: 'Continue',
    format: 'json',
    key: 'mcpServers',
    command: typedCommand,
    url: typedUrl,
    loads: 'at a restart',
    look: 'Its agent mode has the tools.',
    // It reads every file in this folder; its own list of servers is YAML, and stays as it is.
    file: (scope, { env, cwd }) => join(scope === 'project' ? cwd : home(env), '.continue', 'mcpServers', 'mcp-daemon.json'),
  },
} as const satisfies Record<string, Host>;

/** The name of a host. */
export type HostName = keyof typeof HOSTS;

/** The names of all hosts. */
export const HOST_NAMES = Object.keys(HOSTS) as HostName[];
