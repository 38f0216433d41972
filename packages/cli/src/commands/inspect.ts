/**
 * `inspect`: opens the MCP Inspector, connected to the server of a config file or to a URL.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Failure, UsageError } from '../errors.js';
import { serverName, stdioArgs } from '../hosts/entry.js';
import { findConfig } from '../settings/paths.js';
import type { CommandContext } from './command.js';
import { defineCommand, switchFlag, textFlag } from './command.js';
import { headersOf, readUrl } from './remote.js';

/** The version of the Inspector that is tested. */
const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0';

/** The first Node that this version runs on. */
const [MAJOR, MINOR] = [22, 19];

/** @throws Failure if this Node is too old for the Inspector */
function checkNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > MAJOR || (major === MAJOR && minor >= MINOR)) return;
  throw new Failure(
    `the MCP Inspector needs Node ${MAJOR}.${MINOR} or newer; this is Node ${process.versions.node}. ` +
      'Run this command with a newer Node, or call a tool with "mcp-daemon call"',
  );
}

/** The server of the config file, as an entry of the Inspector's own config file. */
async function commandEntry({ settings, launch }: CommandContext): Promise<[name: string, entry: object]> {
  const { readConfigFile } = await import('../runtime/config-file.js');
  const config = findConfig(settings);
  const { server } = readConfigFile(config);
  const started = launch();
  // The Inspector passes on a few variables only.
  const dataDir = settings.dataDir === undefined ? {} : { env: { MCP_DATA_DIR: settings.dataDir } };
  const entry = { type: 'stdio', command: started.command, args: stdioArgs(started, config), ...dataDir };
  return [serverName(server, config), entry];
}

/** The transport behind a URL: the deprecated HTTP+SSE where it ends in `/sse`. */
const transportOf = (url: string): 'http' | 'sse' => (/\/sse\/?$/.test(new URL(url).pathname) ? 'sse' : 'http');

/** Runs a command on this terminal. @returns its exit code @throws Failure if it cannot be started */
async function runOnTerminal(command: string, args: readonly string[]): Promise<number> {
  const isWindows = process.platform === 'win32';
  // Windows runs npx, a script, only in a shell, which splits the arguments; none of them has a quote.
  const child = isWindows
    ? spawn([command, ...args.map((word) => `"${word}"`)].join(' '), { stdio: 'inherit', shell: true })
    : spawn(command, args, { stdio: 'inherit' });
  // Ctrl+C reaches the Inspector as well; this process stays until it has ended, to remove the file.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  const pass = (): void => void child.kill('SIGTERM');
  process.on('SIGTERM', pass);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  } catch (error) {
    throw new Failure(`cannot start ${command}, which comes with npm: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    process.off('SIGINT', ignore);
    process.off('SIGTERM', pass);
  }
}

/** Opens the MCP Inspector. */
export const inspect = defineCommand({
  command: 'inspect [arguments..]',
  description: 'Open the MCP Inspector for this server',
  settings: ['config', 'dataDir'],
  positionals: {
    arguments: { array: true, string: true, describe: 'Further arguments of the Inspector, after --' },
  },
  flags: {
    url: textFlag('URL of a running server, such as http://localhost:8000/mcp, in place of the config file'),
    header: textFlag('Header to send to the URL, as "Name: value"; may be repeated', { array: true }),
    cli: switchFlag("Run the Inspector's command line, not its page"),
  },
  examples: [
    ['inspect', 'Open its page in the browser, where "Connect" starts the server'],
    ['inspect --cli -- --method tools/call --tool-name hello --tool-arg name=Ada', 'Call a tool on its command line'],
    ['inspect --url http://localhost:8000/mcp --header "Authorization: Bearer …"', 'Look at a server that runs over HTTP'],
  ],
  async run({ url, header = [], cli, arguments: more = [] }, context) {
    if (url === undefined && header.length > 0) throw new UsageError('--header needs --url');
    const [name, entry] =
      url === undefined
        ? await commandEntry(context)
        : (['server', { type: transportOf(readUrl(url)), url, headers: headersOf(header) }] as const);
    checkNode();
    const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-inspect-'));
    try {
      const file = join(folder, 'mcp.json');
      // For the current user alone: headers are secrets.
      await writeFile(file, JSON.stringify({ mcpServers: { [name]: entry } }), { mode: 0o600 });
      // The page lists all servers of the file, which is this one.
      const target = cli ? ['--cli', '--config', file, '--server', name] : ['--web', '--config', file];
      return await runOnTerminal('npx', ['-y', INSPECTOR, ...target, ...more.map(String)]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});
