import { readdirSync } from 'node:fs';

import type { Result } from '../support.js';
import { TempFolder, toolsConfig } from '../support.js';

const URL_FLAGS = ['--url', 'http://localhost:8000/mcp', '--header', 'Authorization: Bearer abc', '--header', 'X-Team: a: b'];
const HEADERS = { Authorization: 'Bearer abc', 'X-Team': 'a: b' };

describe('install and uninstall, in special cases', () => {
  let temp: TempFolder;
  beforeEach(async () => {
    temp = new TempFolder();
    await temp.write('app/mcp.json', { name: 'shop', ...toolsConfig('functions', 'one') });
    await temp.write('app/functions.mjs', `export const one = () => 'one';`);
  });
  afterEach(() => temp.remove());

  const run = (command: 'install' | 'uninstall', host: string, ...flags: string[]): Promise<Result> =>
    temp.run([command, host, '--yes', ...flags], { cwd: temp.at('app') });
  const readJson = async (name: string): Promise<unknown> => JSON.parse(await temp.read(name));

  it.each([
    ['claude-code', 'home/.claude.json', 'mcpServers', { type: 'http', url: 'http://localhost:8000/mcp', headers: HEADERS }],
    ['cursor', 'home/.cursor/mcp.json', 'mcpServers', { url: 'http://localhost:8000/mcp', headers: HEADERS }],
    ['gemini', 'home/.gemini/settings.json', 'mcpServers', { httpUrl: 'http://localhost:8000/mcp', headers: HEADERS }],
    [
      'windsurf',
      'home/.codeium/windsurf/mcp_config.json',
      'mcpServers',
      { serverUrl: 'http://localhost:8000/mcp', headers: HEADERS },
    ],
    [
      'opencode',
      'home/.config/opencode/opencode.json',
      'mcp',
      { type: 'remote', url: 'http://localhost:8000/mcp', headers: HEADERS, enabled: true },
    ],
    [
      'copilot-cli',
      'home/.copilot/mcp-config.json',
      'mcpServers',
      { type: 'http', url: 'http://localhost:8000/mcp', headers: HEADERS, tools: ['*'] },
    ],
    [
      'cline',
      'home/.cline/data/settings/cline_mcp_settings.json',
      'mcpServers',
      { type: 'streamableHttp', url: 'http://localhost:8000/mcp', headers: HEADERS },
    ],
    [
      'continue',
      'home/.continue/mcpServers/mcp-daemon.json',
      'mcpServers',
      { type: 'http', url: 'http://localhost:8000/mcp', headers: HEADERS },
    ],
  ])('%s: install --url writes a URL in the words of the host', async (host, file, key, entry) => {
    expect(await run('install', host, ...URL_FLAGS)).toMatchObject({ code: 0, stderr: '' });
    expect(await readJson(file)).toEqual({ [key]: { shop: entry } });
  });

  it('install --url needs no config file, and takes the name from the URL', async () => {
    const { code } = await temp.run(['install', 'cursor', '--yes', '--url', 'https://tools.example.org/mcp'], { cwd: temp.path });
    expect(code).toBe(0);
    expect(await readJson('home/.cursor/mcp.json')).toEqual({
      mcpServers: { 'tools-example-org': { url: 'https://tools.example.org/mcp' } },
    });
  });

  it('an entry changes its transport, and the members of the other one go', async () => {
    const old = { type: 'http', url: 'https://old.example.org/mcp', headers: { Authorization: 'x' }, disabled: false };
    await temp.write('home/.claude.json', { mcpServers: { shop: old, other: old } });
    expect((await run('install', 'claude-code')).code).toBe(0);
    expect(await readJson('home/.claude.json')).toEqual({
      mcpServers: {
        shop: {
          type: 'stdio',
          command: expect.any(String) as string,
          args: expect.any(Array) as string[],
          disabled: false,
        },
        other: old,
      },
    });
    await temp.write('home/.cursor/mcp.json', { mcpServers: { shop: { ...old } } });
    await run('install', 'cursor');
    const { mcpServers } = (await readJson('home/.cursor/mcp.json')) as { mcpServers: { shop: object } };
    expect(Object.keys(mcpServers.shop).sort()).toEqual(['args', 'command', 'disabled']);
    await run('install', 'cursor', '--url', 'http://localhost:1/mcp');
    expect(await readJson('home/.cursor/mcp.json')).toEqual({
      mcpServers: { shop: { disabled: false, url: 'http://localhost:1/mcp' } },
    });
  });

  it('a null in place of the servers becomes an object', async () => {
    await temp.write('home/.cursor/mcp.json', '{ "mcpServers": null, "a": 1 }');
    expect((await run('install', 'cursor', '--url', 'http://localhost:1/mcp')).code).toBe(0);
    expect(await readJson('home/.cursor/mcp.json')).toEqual({ mcpServers: { shop: { url: 'http://localhost:1/mcp' } }, a: 1 });
  });

  it.each(['__proto__', 'constructor', 'a.b', 'ünï "q"', '0'])('a server named %s is installed and uninstalled', async (name) => {
    await temp.write('home/.cursor/mcp.json', '{ "mcpServers": { "x": {} } }');
    const before = await temp.read('home/.cursor/mcp.json');
    expect((await run('install', 'cursor', '--name', name, '--url', 'http://localhost:1/mcp')).code).toBe(0);
    expect(await temp.read('home/.cursor/mcp.json')).toContain(`${JSON.stringify(name)}: {`);
    expect((await run('install', 'cursor', '--name', name, '--url', 'http://localhost:1/mcp')).stdout).toContain(
      'already installed',
    );
    expect((await run('uninstall', 'cursor', '--name', name)).stdout).toContain('wrote');
    expect(await readJson('home/.cursor/mcp.json')).toEqual(JSON.parse(before));
    expect((await run('uninstall', 'cursor', '--name', name)).stdout).toContain('is not installed');
  });

  it('a file of 100,000 brackets is refused in words', async () => {
    await temp.write('home/.cursor/mcp.json', '['.repeat(100_000) + ']'.repeat(100_000));
    const { code, stderr } = await run('install', 'cursor');
    expect([code, stderr]).toEqual([1, expect.stringContaining('nested too deeply')]);
  });

  it('codex: the entry is required, comments stay, and uninstall restores the file', async () => {
    const before = '# mine\nmodel = "x" # m\n\n[mcp_servers.other] # o\ncommand = "a"\n\n# my profile\n[profiles.a]\nx = 1_000\n';
    await temp.write('home/.codex/config.toml', before);
    expect(await run('install', 'codex')).toMatchObject({ code: 0, stderr: '' });
    const after = await temp.read('home/.codex/config.toml');
    expect(after.startsWith(before)).toBe(true);
    expect(after.slice(before.length)).toMatch(
      /^\n\[mcp_servers\.shop\]\ncommand = ".+"\nargs = \[.+\]\nrequired = true\nstartup_timeout_sec = 20\n$/,
    );
    expect((await run('install', 'codex')).stdout).toContain('already installed');
    await run('install', 'codex', ...URL_FLAGS);
    expect(await temp.read('home/.codex/config.toml')).toContain(
      'http_headers = { Authorization = "Bearer abc", X-Team = "a: b" }\n',
    );
    expect(await temp.read('home/.codex/config.toml')).not.toContain('args =');
    expect((await run('uninstall', 'codex')).code).toBe(0);
    expect(await temp.read('home/.codex/config.toml')).toBe(before);
    expect(readdirSync(temp.at('home/.codex')).filter((name) => name.endsWith('.bak'))).toHaveLength(3);
  });

  it('codex: a name that it does not accept, and a file that is not TOML, are refused', async () => {
    expect(await run('install', 'codex', '--name', 'a b')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Codex accepts letters') as string,
    });
    await temp.write('home/.codex/config.toml', 'a = \n');
    const { code, stderr } = await run('install', 'codex');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/config\.toml:1:\d+: .*not changed: fix it/)]);
    expect(await temp.read('home/.codex/config.toml')).toBe('a = \n');
  });

  it('opencode: a file with the ending .jsonc is used where it is there', async () => {
    await temp.write('home/.config/opencode/opencode.jsonc', '// mine\n{}\n');
    expect((await run('install', 'opencode')).code).toBe(0);
    expect(await temp.read('home/.config/opencode/opencode.jsonc')).toContain('"type": "local"');
    expect(readdirSync(temp.at('home/.config/opencode'))).not.toContain('opencode.json');
  });

  it('what is said after a change is true for the host', async () => {
    expect((await run('install', 'claude-code')).stdout).toContain(
      'New sessions of Claude Code have the server. "/mcp" lists it.',
    );
    expect((await run('uninstall', 'claude-code')).stdout).toContain('New sessions of Claude Code do not have the server.');
    const project = await run('install', 'claude-code', '--scope', 'project');
    expect(project.stdout).toContain('only after you approve it');
    expect(project.stdout).not.toContain('New sessions');
    expect((await run('install', 'claude-desktop')).stdout).toContain('Restart Claude Desktop to load the server.');
    expect((await run('uninstall', 'claude-desktop')).stdout).toContain('Restart Claude Desktop: until then');
    const shared = await run('install', 'cursor', '--scope', 'project', ...URL_FLAGS);
    expect(shared.stdout).toContain('everyone with the project can read the headers');
  });

  it.each([
    [['--url', 'ftp://x'], '--url: must be a URL such as'],
    [['--url', 'localhost:8000'], '--url: must be a URL such as'],
    [['--header', 'A: b'], '--header needs --url'],
    [['--url', 'http://x/mcp', '--command', 'x'], '--url and --command: give one of them'],
    [['--url', 'http://x/mcp', '--header', 'secret'], '--header: must be "Name: value"'],
  ])('install with %j is refused', async (flags, message) => {
    const { code, stderr } = await run('install', 'cursor', ...flags);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(stderr).not.toContain('secret');
  });

  it('a URL for Claude Desktop, whose file takes commands only, is refused', async () => {
    const { code, stderr } = await run('install', 'claude-desktop', '--url', 'http://x/mcp');
    expect([code, stderr]).toEqual([2, expect.stringContaining('takes commands only')]);
  });
});
