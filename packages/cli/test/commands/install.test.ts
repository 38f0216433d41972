import { lstatSync, readdirSync, statSync } from 'node:fs';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';

import { readHostFile } from '../../src/hosts/edit.js';
import { launchOf, serverName, words } from '../../src/hosts/entry.js';
import type { HostName, Scope } from '../../src/hosts/locations.js';
import { HOST_NAMES, HOSTS } from '../../src/hosts/locations.js';
import type { Result } from '../support.js';
import { BIN, Place, toolsConfig } from '../support.js';

const FILES: Record<HostName, string> = {
  'claude-desktop': 'home/.config/Claude/claude_desktop_config.json',
  'claude-code': 'home/.claude.json',
  cursor: 'home/.cursor/mcp.json',
  vscode: 'home/.config/Code/User/mcp.json',
};
const PROJECT_FILES = { 'claude-code': '.mcp.json', cursor: '.cursor/mcp.json', vscode: '.vscode/mcp.json' } as const;
const keyOf = (host: HostName): string => (host === 'vscode' ? 'servers' : 'mcpServers');

describe('install and uninstall', () => {
  let place: Place;
  beforeEach(async () => {
    place = new Place();
    await place.write('app/mcp.json', { name: 'my server', ...toolsConfig('functions', 'one') });
    await place.write('app/functions.mjs', `export const one = () => 'one';`);
  });
  afterEach(() => place.remove());

  const run = (command: 'install' | 'uninstall', host: string, ...flags: string[]): Promise<Result> =>
    place.run([command, host, ...flags], { cwd: place.at('app') });
  const plain = (): object => ({
    command: process.execPath,
    args: [BIN, '--transport', 'stdio', '--config', place.at('app', 'mcp.json')],
  });
  const entry = (host: HostName): object => (['claude-code', 'vscode'].includes(host) ? { type: 'stdio', ...plain() } : plain());
  const backups = (name: string): string[] => readdirSync(dirname(place.at(name))).filter((file) => file.endsWith('.bak'));

  it.each(HOST_NAMES)('%s: a file that is not there is made, and a second time changes nothing', async (host) => {
    const file = FILES[host];
    const first = await run('install', host, '--yes');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain(`+    "my-server": {`);
    const text = await place.read(file);
    expect(JSON.parse(text)).toEqual({ [keyOf(host)]: { 'my-server': entry(host) } });
    expect(statSync(place.at(file)).mode & 0o777).toBe(0o600);

    const second = await run('install', host, '--yes');
    expect(second).toMatchObject({ code: 0, stdout: `"my-server" is already installed in ${place.at(file)}\n` });
    expect(await place.read(file)).toBe(text);
    expect(backups(file)).toEqual([]);
  });

  it.each(HOST_NAMES)('%s: everything else stays byte for byte, and uninstall brings the old file back', async (host) => {
    const file = FILES[host];
    const before = `// mine\n{\n\t"z": [1,2,   3], // odd spacing\n\t"${keyOf(host)}": {\n\t\t"other": { "command": "x" } /* keep */\n\t},\n\t"a": {}\n}\n`;
    await place.write(file, before);
    await chmod(place.at(file), 0o640);
    const { code, stdout } = await run('install', host, '--yes');
    expect(code).toBe(0);
    const after = await place.read(file);
    for (const part of ['// mine', '[1,2,   3], // odd spacing', '"other": { "command": "x" }', '/* keep */', '\t"a": {}']) {
      expect(after).toContain(part);
    }
    expect(after).toContain('\n\t\t"my-server": {\n\t\t\t"');
    expect(readHostFile(after, keyOf(host), file).entry('my-server')).toEqual(entry(host));
    expect(statSync(place.at(file)).mode & 0o777).toBe(0o640);
    const [backup] = backups(file);
    expect(backup).toBeDefined();
    expect(stdout).toContain(backup);
    expect(await place.read(`${dirname(file)}/${backup}`)).toBe(before);

    expect((await run('uninstall', host, '--yes')).code).toBe(0);
    const { entry: left } = readHostFile(await place.read(file), keyOf(host), file);
    expect(left('my-server')).toBeUndefined();
    expect(left('other')).toEqual({ command: 'x' });
    expect(await place.read(file)).toBe(before);
    expect((await run('uninstall', host, '--yes')).stdout).toContain('is not installed');
  });

  it.each(HOST_NAMES)('%s: a file that is not what it should be is refused and left as it is', async (host) => {
    for (const content of ['{ "mcpServers": ', '[1]', 'not json', `{ "${keyOf(host)}": [] }`, '"text"']) {
      await place.write(FILES[host], content);
      const { code, stderr } = await run('install', host, '--yes');
      expect(code).toBe(1);
      expect(stderr).toContain('left as it is');
      expect(await place.read(FILES[host])).toBe(content);
      expect(backups(FILES[host])).toEqual([]);
    }
  });

  it.each(Object.entries(PROJECT_FILES))('%s --scope project writes %s', async (host, file) => {
    expect((await run('install', host, '--scope', 'project', '--yes', '--name', 'here')).code).toBe(0);
    expect(JSON.parse(await place.read(`app/${file}`))).toEqual({ [keyOf(host as HostName)]: { here: entry(host as HostName) } });
  });

  it('an empty file is a file without servers', async () => {
    await place.write(FILES.cursor, '');
    expect((await run('install', 'cursor', '--yes')).code).toBe(0);
    expect(JSON.parse(await place.read(FILES.cursor))).toEqual({ mcpServers: { 'my-server': plain() } });
  });

  it('keeps a byte order mark and line ends', async () => {
    await place.write(FILES.cursor, '\uFEFF{\r\n    "x": 1\r\n}\r\n');
    expect((await run('install', 'cursor', '--yes')).code).toBe(0);
    const text = await place.read(FILES.cursor);
    expect(text.startsWith('\uFEFF{\r\n    "x": 1,\r\n    "mcpServers": {\r\n')).toBe(true);
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  });

  it('a symbolic link to a file that is not there yet stays one', async () => {
    await mkdir(place.at('home/.cursor'), { recursive: true });
    await symlink(place.at('later.json'), place.at(FILES.cursor));
    expect((await run('install', 'cursor', '--yes')).code).toBe(0);
    expect(lstatSync(place.at(FILES.cursor)).isSymbolicLink()).toBe(true);
    expect(await place.read('later.json')).toContain('"mcpServers"');
  });

  it('a server without a name is refused', async () => {
    expect(await run('install', 'cursor', '--yes', '--name', '')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--name: a value is missing') as string,
    });
  });

  it('a symbolic link stays one', async () => {
    await place.write('dotfiles/cursor.json', '{}');
    await mkdir(place.at('home/.cursor'), { recursive: true });
    await symlink(place.at('dotfiles/cursor.json'), place.at(FILES.cursor));
    expect((await run('install', 'cursor', '--yes')).code).toBe(0);
    expect(lstatSync(place.at(FILES.cursor)).isSymbolicLink()).toBe(true);
    expect(await place.read('dotfiles/cursor.json')).toContain('my-server');
  });

  it('replaces an old entry, and keeps what the user has added to it', async () => {
    await place.write(FILES.cursor, { mcpServers: { 'my-server': { command: 'old', args: [], env: { KEY: 'v' } } } });
    const { stdout } = await run('install', 'cursor', '--yes');
    expect(stdout).toContain('-      "command": "old"');
    expect(JSON.parse(await place.read(FILES.cursor))).toEqual({
      mcpServers: { 'my-server': { ...plain(), env: { KEY: 'v' } } },
    });
  });

  it('writes nothing without a yes', async () => {
    const asked = await run('install', 'cursor');
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string });
    const dry = await run('install', 'cursor', '--dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing was written') as string });
    expect(dry.stdout).toContain('+  "mcpServers"');
    expect(() => statSync(place.at(FILES.cursor))).toThrow('ENOENT');
  });

  it('hands on the settings that were given, but no secret', async () => {
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
    const file = JSON.parse(await place.read(FILES.cursor)) as { mcpServers: Record<string, object> };
    expect(file.mcpServers['my-server']).toEqual({
      command: 'npx',
      args: [
        '-y',
        'mcp-daemon',
        '--transport',
        'stdio',
        '--config',
        place.at('app/mcp.json'),
        '--no-watch',
        '--log-level',
        'debug',
        '--data-dir',
        place.at('app/data'),
      ],
    });
  });

  it('what was installed starts and answers', async () => {
    await run('install', 'claude-desktop', '--yes');
    const file = JSON.parse(await place.read(FILES['claude-desktop'])) as {
      mcpServers: Record<string, { command: string; args: string[] }>;
    };
    const { command, args } = file.mcpServers['my-server']!;
    expect([command, args[0]]).toEqual([process.execPath, BIN]);
    const sidecar = await place.sidecar(args.slice(1), { cwd: '/' });
    expect(await sidecar.call('one')).toBe('one');
  });

  it('a config with mistakes, and hosts and scopes that are not, are refused', async () => {
    await place.write('app/mcp.json', '{ "wrong": 1 }');
    expect(await run('install', 'cursor', '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('$.wrong') as string,
    });
    expect(await run('install', 'emacs')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('claude-desktop, claude-code, cursor, vscode') as string,
    });
    await place.write('app/mcp.json', {});
    expect(await run('install', 'claude-desktop', '--scope', 'project', '--yes')).toMatchObject({ code: 2 });
    expect(await run('uninstall', 'cursor', '--name', 'none')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is not installed') as string,
    });
  });
});

describe('where hosts keep their servers', () => {
  const at = (
    host: HostName,
    platform: NodeJS.Platform,
    scope: Scope = 'user',
    env: Record<string, string> = {},
  ): string | undefined => HOSTS[host].file(scope, { platform, cwd: '/project', env: { HOME: '/home/ada', ...env } });

  it('on macOS, Windows and Linux', () => {
    const support = '/home/ada/Library/Application Support';
    expect(at('claude-desktop', 'darwin')).toBe(`${support}/Claude/claude_desktop_config.json`);
    expect(at('vscode', 'darwin')).toBe(`${support}/Code/User/mcp.json`);
    expect(at('claude-desktop', 'win32', 'user', { APPDATA: '/roaming' })).toBe('/roaming/Claude/claude_desktop_config.json');
    expect(at('vscode', 'linux', 'user', { XDG_CONFIG_HOME: '/xdg' })).toBe('/xdg/Code/User/mcp.json');
    expect(at('cursor', 'darwin')).toBe('/home/ada/.cursor/mcp.json');
    expect(at('claude-code', 'linux', 'user', { CLAUDE_CONFIG_DIR: '/claude' })).toBe('/claude/.claude.json');
    expect(at('claude-code', 'linux', 'project')).toBe('/project/.mcp.json');
  });

  it('names and commands', () => {
    expect(serverName({}, '/a/My Project/mcp.json')).toBe('My-Project');
    expect(serverName({ name: 'Étude №1' }, '/x/mcp.json')).toBe('tude-1');
    expect(serverName({}, '/mcp.json')).toBe('mcp-daemon');
    expect(words(`"C:/Program Files/node" -y 'a b'c`)).toEqual(['C:/Program Files/node', '-y', 'a bc']);
    expect(() => words('  ')).toThrow('--command');
    expect(launchOf('/n', '/c/_npx/1/node_modules/mcp-daemon/dist/bin.js', 'x', '1.2.3')).toMatchObject({
      command: 'npx',
      args: ['-y', 'mcp-daemon@1.2.3'],
    });
    expect(launchOf('/n', '/p/dist/bin.js', '/p/node_modules/.bin/mcp-daemon', '1')).toEqual({
      command: '/n',
      args: ['/p/dist/bin.js'],
      shown: 'npx mcp-daemon',
    });
    expect(launchOf('/n', '/p/dist/bin.js', 'node_modules/.bin/mcp-daemon', '1').shown).toBe('npx mcp-daemon');
    expect(launchOf('/n', '/p/dist/bin.js', '/usr/bin/mcp-daemon', '1').shown).toBe('mcp-daemon');
    expect(launchOf('/n', '/p/dist/bin.js', 'dist/bin.js', '1').shown).toBe('node dist/bin.js');
  });
});
