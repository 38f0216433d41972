import { parse } from 'smol-toml';

import type { Result } from '../support.js';
import { TempFolder, toolsConfig } from '../support.js';

const SECRET = 'swordfish-1';
const VARIABLES = { DB_PASSWORD: SECRET, REGION: 'a=b c', EMPTY: '' };
const FLAGS = ['--env', 'DB_PASSWORD', '--env', 'REGION=a=b c', '--env', 'EMPTY='];

describe('install --env', () => {
  let temp: TempFolder;
  beforeEach(async () => {
    temp = new TempFolder();
    await temp.write('mcp.json', { name: 'shop', ...toolsConfig('functions', 'one') });
  });
  afterEach(() => temp.remove());

  const run = (...args: string[]): Promise<Result> => temp.run([...args, '--yes'], { env: { DB_PASSWORD: SECRET } });
  const shown = ({ stdout, stderr }: Result): string => stdout + stderr;

  it.each([
    ['claude-code', 'home/.claude.json', 'mcpServers', 'env'],
    ['cursor', 'home/.cursor/mcp.json', 'mcpServers', 'env'],
    ['codex', 'home/.codex/config.toml', 'mcp_servers', 'env'],
    ['opencode', 'home/.config/opencode/opencode.json', 'mcp', 'environment'],
    ['copilot-cli', 'home/.copilot/mcp-config.json', 'mcpServers', 'env'],
    ['zed', 'home/.config/zed/settings.json', 'context_servers', 'env'],
  ])('%s: given and present values are written in the form of the host, and never shown', async (host, file, key, member) => {
    const installed = await run('install', host, ...FLAGS);
    expect(installed).toMatchObject({ code: 0, stderr: '' });
    const text = await temp.read(file);
    const root = (file.endsWith('.toml') ? parse(text) : JSON.parse(text)) as Record<string, object>;
    expect(root).toMatchObject({ [key]: { shop: { [member]: VARIABLES } } });
    expect(shown(installed)).toContain('DB_PASSWORD');
    expect(shown(installed)).not.toContain(SECRET);
    expect((await run('install', host, ...FLAGS)).stdout).toContain('already installed');
    const removed = await run('uninstall', host);
    expect(removed.code).toBe(0);
    expect(shown(removed)).not.toContain(SECRET);
  });

  it('changes one variable, and keeps the others; without the flag all stay', async () => {
    const other = { command: 'x', env: { TOKEN: 'of-another-server' } };
    await temp.write('home/.cursor/mcp.json', {
      mcpServers: { shop: { command: 'old', env: { MINE: 'kept-value', REGION: 'us-region' } }, other },
    });
    const { stdout, code } = await run('install', 'cursor', '--env', 'REGION=eu-region');
    expect(code).toBe(0);
    const env = { MINE: 'kept-value', REGION: 'eu-region' };
    const written = async (): Promise<unknown> => JSON.parse(await temp.read('home/.cursor/mcp.json'));
    expect(await written()).toMatchObject({ mcpServers: { shop: { env }, other } });
    expect(stdout).not.toMatch(/kept-value|us-region|eu-region|of-another-server/);
    // The change can be seen all the same.
    const [before, after] = ['-', '+'].map((sign) => new RegExp(`\\${sign}.*"REGION": ?"(<hidden \\d>)"`).exec(stdout)?.[1]);
    expect(before).toMatch(/hidden/);
    expect(after).toMatch(/hidden/);
    expect(before).not.toBe(after);
    await run('install', 'cursor', '--timeout', '5');
    expect(await written()).toMatchObject({ mcpServers: { shop: { env } } });
  });

  it('says that a file of the project has the variables', async () => {
    const { stdout } = await run('install', 'vscode', '--scope', 'project', '--env', 'DB_PASSWORD');
    expect(stdout).toContain('The file is part of the project: everyone with the project can read the variables.');
    expect(stdout).not.toContain(SECRET);
  });

  it.each([
    [['--env', 'NOT_SET'], 'the variable NOT_SET is not set here; write NOT_SET=VALUE'],
    [['--env', `1X=${SECRET}`], 'must be NAME=VALUE, or NAME for its present value'],
    [['--env', `=${SECRET}`], 'must be NAME=VALUE, or NAME for its present value'],
    [['--env', `X=${SECRET}`, '--url', 'http://localhost:1/mcp'], 'is for a server that the host starts'],
  ])('%j is refused, without its value', async (flags, message) => {
    const refused = await run('install', 'cursor', ...flags);
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) as string });
    expect(refused.stderr).not.toContain(SECRET);
  });

  it('takes one value, so that the host may follow it', async () => {
    expect(await run('install', '--env', 'A=1', 'cursor')).toMatchObject({ code: 0 });
    expect(JSON.parse(await temp.read('home/.cursor/mcp.json'))).toMatchObject({ mcpServers: { shop: { env: { A: '1' } } } });
  });
});
