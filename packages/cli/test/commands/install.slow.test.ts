import { lstatSync, readdirSync, statSync } from 'node:fs';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';

import { readHostFile } from '../../src/hosts/edit.js';
import { launchOf, serverName, splitCommand } from '../../src/hosts/entry.js';
import type { Scope } from '../../src/hosts/host.js';
import type { HostName } from '../../src/hosts/locations.js';
import { HOST_NAMES, HOSTS } from '../../src/hosts/locations.js';
import { stableNode } from '../../src/hosts/node-path.js';
import type { Result } from '../support.js';
import { BIN, TempFolder, toolsConfig } from '../support.js';

const FILES: Record<HostName, string> = {
  'claude-desktop': 'home/.config/Claude/claude_desktop_config.json',
  'claude-code': 'home/.claude.json',
  cursor: 'home/.cursor/mcp.json',
  vscode: 'home/.config/Code/User/mcp.json',
  codex: 'home/.codex/config.toml',
  gemini: 'home/.gemini/settings.json',
  opencode: 'home/.config/opencode/opencode.json',
  'copilot-cli': 'home/.copilot/mcp-config.json',
  qwen: 'home/.qwen/settings.json',
  cline: 'home/.cline/data/settings/cline_mcp_settings.json',
  windsurf: 'home/.codeium/windsurf/mcp_config.json',
  zed: 'home/.config/zed/settings.json',
  'lm-studio': 'home/.lmstudio/mcp.json',
  continue: 'home/.continue/mcpServers/mcp-daemon.json',
};
const PROJECT_FILES = {
  'claude-code': '.mcp.json',
  cursor: '.cursor/mcp.json',
  vscode: '.vscode/mcp.json',
  gemini: '.gemini/settings.json',
  opencode: 'opencode.json',
  'copilot-cli': '.mcp.json',
  qwen: '.qwen/settings.json',
  continue: '.continue/mcpServers/mcp-daemon.json',
} as const;
const JSON_HOSTS = HOST_NAMES.filter((host) => HOSTS[host].format === 'json');
const keyOf = (host: HostName): string => HOSTS[host].key;
const NODE = stableNode({
  execPath: process.execPath,
  argv0: process.execPath,
  path: process.env['PATH'],
  platform: process.platform,
}).path;

describe('install and uninstall', () => {
  let temp: TempFolder;
  beforeEach(async () => {
    temp = new TempFolder();
    await temp.write('app/mcp.json', { name: 'my server', ...toolsConfig('functions', 'one') });
    await temp.write('app/functions.mjs', `export const one = () => 'one';`);
  });
  afterEach(() => temp.remove());

  const run = (command: 'install' | 'uninstall', host: string, ...flags: string[]): Promise<Result> =>
    temp.run([command, host, ...flags], { cwd: temp.at('app') });
  const plain = (): { command: string; args: string[] } => ({
    command: NODE,
    args: [BIN, '--transport', 'stdio', '--config', temp.at('app', 'mcp.json')],
  });
  /** The entry as the documentation of each host writes it. */
  function entry(host: HostName): object {
    const { command, args } = plain();
    if (host === 'opencode') return { type: 'local', command: [command, ...args], enabled: true };
    if (host === 'copilot-cli') return { type: 'local', command, args, tools: ['*'] };
    return ['claude-code', 'vscode', 'continue'].includes(host) ? { type: 'stdio', command, args } : { command, args };
  }
  const backups = (name: string): string[] => readdirSync(dirname(temp.at(name))).filter((file) => file.endsWith('.bak'));

  it.each(JSON_HOSTS)('%s: install creates a missing file, and a second time changes nothing', async (host) => {
    const file = FILES[host];
    const first = await run('install', host, '--yes');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain(`+    "my-server": {`);
    const text = await temp.read(file);
    expect(JSON.parse(text)).toEqual({ [keyOf(host)]: { 'my-server': entry(host) } });
    expect(statSync(temp.at(file)).mode & 0o777).toBe(0o600);

    const second = await run('install', host, '--yes');
    expect(second).toMatchObject({ code: 0, stdout: `"my-server" is already installed in ${temp.at(file)}\n` });
    expect(await temp.read(file)).toBe(text);
    expect(backups(file)).toEqual([]);
  });

  it.each(JSON_HOSTS)('%s: install changes no other byte, and uninstall restores the old file', async (host) => {
    const file = FILES[host];
    const before = `// mine\n{\n\t"z": [1,2,   3], // odd spacing\n\t"${keyOf(host)}": {\n\t\t"other": { "command": "x" } /* keep */\n\t},\n\t"a": {}\n}\n`;
    await temp.write(file, before);
    await chmod(temp.at(file), 0o640);
    const { code, stdout } = await run('install', host, '--yes');
    expect(code).toBe(0);
    const after = await temp.read(file);
    for (const part of ['// mine', '[1,2,   3], // odd spacing', '"other": { "command": "x" }', '/* keep */', '\t"a": {}']) {
      expect(after).toContain(part);
    }
    expect(after).toContain('\n\t\t"my-server": {\n\t\t\t"');
    expect((await readHostFile(after, HOSTS[host], file)).entry('my-server')).toEqual(entry(host));
    expect(statSync(temp.at(file)).mode & 0o777).toBe(0o640);
    const [backup] = backups(file);
    expect(backup).toBeDefined();
    expect(stdout).toContain(backup);
    expect(await temp.read(`${dirname(file)}/${backup}`)).toBe(before);

    expect((await run('uninstall', host, '--yes')).code).toBe(0);
    const { entry: left } = await readHostFile(await temp.read(file), HOSTS[host], file);
    expect(left('my-server')).toBeUndefined();
    expect(left('other')).toEqual({ command: 'x' });
    expect(await temp.read(file)).toBe(before);
    expect((await run('uninstall', host, '--yes')).stdout).toContain('is not installed');
  });

  it.each(JSON_HOSTS)('%s: install refuses an invalid file and does not change it', async (host) => {
    for (const content of ['{ "mcpServers": ', '[1]', 'not json', `{ "${keyOf(host)}": [] }`, '"text"']) {
      await temp.write(FILES[host], content);
      const { code, stderr } = await run('install', host, '--yes');
      expect(code).toBe(1);
      expect(stderr).toContain('was not changed');
      expect(await temp.read(FILES[host])).toBe(content);
      expect(backups(FILES[host])).toEqual([]);
    }
  });

  it.each(Object.entries(PROJECT_FILES))('%s --scope project writes %s', async (host, file) => {
    expect((await run('install', host, '--scope', 'project', '--yes', '--name', 'here')).code).toBe(0);
    expect(JSON.parse(await temp.read(`app/${file}`))).toEqual({ [keyOf(host as HostName)]: { here: entry(host as HostName) } });
  });

  it('an empty file is a file without servers', async () => {
    await temp.write(FILES.cursor, '');
    expect((await run('install', 'cursor', '--yes')).code).toBe(0);
    expect(JSON.parse(await temp.read(FILES.cursor))).toEqual({ mcpServers: { 'my-server': plain() } });
  });

  it('a byte order mark and line endings are kept', async () => {
    await temp.write(FILES.cursor, '\uFEFF{\r\n    "x": 1\r\n}\r\n');
    expect((await run('install', 'cursor', '--yes')).code).toBe(0);
    const text = await temp.read(FILES.cursor);
    expect(text.startsWith('\uFEFF{\r\n    "x": 1,\r\n    "mcpServers": {\r\n')).toBe(true);
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  });

  it('a symbolic link to a missing file stays a link', async () => {
    await mkdir(temp.at('home/.cursor'), { recursive: true });
    await symlink(temp.at('later.json'), temp.at(FILES.cursor));
    expect((await run('install', 'cursor', '--yes')).code).toBe(0);
    expect(lstatSync(temp.at(FILES.cursor)).isSymbolicLink()).toBe(true);
    expect(await temp.read('later.json')).toContain('"mcpServers"');
  });

  it('a server without a name is refused', async () => {
    expect(await run('install', 'cursor', '--yes', '--name', '')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('missing value for --name') as string,
    });
  });

  it('a symbolic link stays a link', async () => {
    await temp.write('dotfiles/cursor.json', '{}');
    await mkdir(temp.at('home/.cursor'), { recursive: true });
    await symlink(temp.at('dotfiles/cursor.json'), temp.at(FILES.cursor));
    expect((await run('install', 'cursor', '--yes')).code).toBe(0);
    expect(lstatSync(temp.at(FILES.cursor)).isSymbolicLink()).toBe(true);
    expect(await temp.read('dotfiles/cursor.json')).toContain('my-server');
  });

  it('an old entry is replaced, and members that the user has added stay', async () => {
    await temp.write(FILES.cursor, { mcpServers: { 'my-server': { command: 'old', args: [], env: { KEY: 'v' } } } });
    const { stdout } = await run('install', 'cursor', '--yes');
    expect(stdout).toContain('-      "command": "old"');
    expect(JSON.parse(await temp.read(FILES.cursor))).toEqual({
      mcpServers: { 'my-server': { ...plain(), env: { KEY: 'v' } } },
    });
  });

  it('nothing is written without a confirmation', async () => {
    const asked = await run('install', 'cursor');
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string });
    const dry = await run('install', 'cursor', '--dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing was written') as string });
    expect(dry.stdout).toContain('+  "mcpServers"');
    expect(() => statSync(temp.at(FILES.cursor))).toThrow('ENOENT');
  });

  it('the entry contains the flags of settings, but no secret', async () => {
    const flags = [
      '--log-level',
      'debug',
      '--no-watch',
      '--data-dir',
      'data',
      '--state-secret',
      'hush',
      '--command',
      'npx -y mcp-daemon',
    ];
    await run('install', 'cursor', '--yes', ...flags);
    const file = JSON.parse(await temp.read(FILES.cursor)) as { mcpServers: Record<string, object> };
    expect(file.mcpServers['my-server']).toEqual({
      command: 'npx',
      args: [
        '-y',
        'mcp-daemon',
        '--transport',
        'stdio',
        '--config',
        temp.at('app/mcp.json'),
        '--no-watch',
        '--log-level',
        'debug',
        '--data-dir',
        temp.at('app/data'),
      ],
    });
  });

  it('an installed server starts and answers', async () => {
    await run('install', 'claude-desktop', '--yes');
    const file = JSON.parse(await temp.read(FILES['claude-desktop'])) as {
      mcpServers: Record<string, { command: string; args: string[] }>;
    };
    const { command, args } = file.mcpServers['my-server']!;
    expect([command, args[0]]).toEqual([NODE, BIN]);
    const sidecar = await temp.sidecar(args.slice(1), { cwd: '/' });
    expect(await sidecar.call('one')).toBe('one');
  });

  it('a config with errors, an unknown host and an unknown scope are refused', async () => {
    await temp.write('app/mcp.json', '{ "wrong": 1 }');
    expect(await run('install', 'cursor', '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('$.wrong') as string,
    });
    expect(await run('install', 'emacs')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('<host>: must be claude-desktop, claude-code, cursor, vscode, codex,') as string,
    });
    await temp.write('app/mcp.json', {});
    expect(await run('install', 'claude-desktop', '--scope', 'project', '--yes')).toMatchObject({ code: 2 });
    expect(await run('uninstall', 'cursor', '--name', 'none')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is not installed') as string,
    });
  });
});

describe('config files of hosts', () => {
  const at = (
    host: HostName,
    platform: NodeJS.Platform,
    scope: Scope = 'user',
    env: Record<string, string> = {},
  ): string | undefined => HOSTS[host].file(scope, { platform, cwd: '/project', env: { HOME: '/home/ada', ...env } });

  it('the paths follow the conventions of macOS, Windows and Linux', () => {
    const support = '/home/ada/Library/Application Support';
    expect(at('claude-desktop', 'darwin')).toBe(`${support}/Claude/claude_desktop_config.json`);
    expect(at('vscode', 'darwin')).toBe(`${support}/Code/User/mcp.json`);
    expect(at('claude-desktop', 'win32', 'user', { APPDATA: '/roaming' })).toBe('/roaming/Claude/claude_desktop_config.json');
    expect(at('vscode', 'linux', 'user', { XDG_CONFIG_HOME: '/xdg' })).toBe('/xdg/Code/User/mcp.json');
    expect(at('cursor', 'darwin')).toBe('/home/ada/.cursor/mcp.json');
    expect(at('claude-code', 'linux', 'user', { CLAUDE_CONFIG_DIR: '/claude' })).toBe('/claude/.claude.json');
    expect(at('claude-code', 'linux', 'project')).toBe('/project/.mcp.json');
  });

  it('server names and commands are derived from the config file and the program', () => {
    expect(serverName({}, '/a/My Project/mcp.json')).toBe('My-Project');
    expect(serverName({ name: 'Étude №1' }, '/x/mcp.json')).toBe('tude-1');
    expect(serverName({}, '/mcp.json')).toBe('mcp-daemon');
    expect(splitCommand(`"C:/Program Files/node" -y 'a b'c`)).toEqual(['C:/Program Files/node', '-y', 'a bc']);
    expect(() => splitCommand('  ')).toThrow('--command');
    const launch = (script: string, typed: string, given = script): unknown =>
      launchOf({ node: { path: '/n', isVersioned: false }, script, given, typed, version: '1.2.3' });
    expect(launch('/c/_npx/1/node_modules/mcp-daemon/dist/bin.js', 'x')).toMatchObject({
      command: 'npx',
      args: ['-y', 'mcp-daemon@1.2.3'],
    });
    expect(launch('/p/dist/bin.js', '/p/node_modules/.bin/mcp-daemon')).toMatchObject({
      command: '/n',
      args: ['/p/dist/bin.js'],
      shown: 'npx mcp-daemon',
    });
    expect(launch('/p/dist/bin.js', 'node_modules/.bin/mcp-daemon')).toMatchObject({ shown: 'npx mcp-daemon' });
    expect(launch('/p/dist/bin.js', '/usr/bin/mcp-daemon', '/usr/bin/mcp-daemon')).toMatchObject({
      args: ['/p/dist/bin.js'],
      shown: 'mcp-daemon',
    });
    expect(launch('/p/dist/bin.js', 'dist/bin.js')).toMatchObject({ shown: 'node dist/bin.js' });
    // pnpm's folder of a package, behind a link that has no version.
    expect(launch('/g/.pnpm/mcp-daemon@1/dist/bin.js', 'x', '/g/node_modules/mcp-daemon/dist/bin.js')).toMatchObject({
      args: ['/g/node_modules/mcp-daemon/dist/bin.js'],
    });
  });
});
