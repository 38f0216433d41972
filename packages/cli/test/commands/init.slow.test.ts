import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { TempFolder } from '../support.js';

const run = promisify(execFile);
const root = dirname(dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))));
/** Whether this Node runs TypeScript outside of the server, as in tests. */
const hasTypeScript = Boolean((process.features as { typescript?: unknown }).typescript);

describe('init', () => {
  let temp: TempFolder;
  beforeEach(() => {
    temp = new TempFolder();
  });
  afterEach(() => temp.remove());

  it('init writes a config and a module that work at once', async () => {
    const made = await temp.run(['init', 'demo']);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const cwd = temp.at('demo');
    expect(await temp.run(['config', 'check', '--load'], { cwd })).toMatchObject({ code: 0 });
    expect(await temp.run(['call', 'hello', '{"name":"Ada"}'], { cwd })).toMatchObject({ code: 0, stdout: 'Hello, Ada!\n' });
    expect(await temp.run(['call', 'hello'], { cwd })).toMatchObject({ code: 0, stdout: 'Hello, World!\n' });
    expect(await temp.run(['call', 'add_numbers', 'a=1', 'b=2'], { cwd })).toMatchObject({ stdout: '3\n' });
    expect((await temp.run(['call', 'status'], { cwd })).stdout).toContain('status://server');
    expect((await temp.run(['call', 'review', 'text=This.'], { cwd })).stdout).toContain('This.');
    expect((await temp.run(['--config', 'demo/mcp.json', 'list'])).stdout).toContain('add_numbers');
  });

  it('init prints the next commands, and an entry that a host can use', async () => {
    const { stdout } = await temp.run(['init']);
    expect(stdout).toContain(`call hello '{"name":"Ada"}'`);
    const snippet = JSON.parse(stdout.slice(stdout.indexOf('{\n'))) as {
      mcpServers: Record<string, { command: string; args: string[] }>;
    };
    const [server] = Object.values(snippet.mcpServers);
    expect(realpathSync(server!.command)).toBe(realpathSync(process.execPath));
    const sidecar = await temp.sidecar(server!.args.slice(1), { cwd: '/' });
    expect(await sidecar.call('hello', { name: 'Bob' })).toBe('Hello, Bob!');
  });

  it('init overwrites nothing without --force, and names the existing files', async () => {
    await temp.write('demo/mcp.json', 'mine');
    const refused = await temp.run(['init', 'demo']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('demo/mcp.json already exists');
    expect(refused.stderr).toContain('--force');
    expect(await temp.read('demo/mcp.json')).toBe('mine');
    expect(await temp.run(['init', 'demo', '--force'])).toMatchObject({ code: 0 });
    expect(await temp.read('demo/mcp.json')).toContain('"hello"');
  });

  it.each([
    ['functions', []],
    ['a class', ['--class']],
  ])('the test of %s passes under node --test', async (_, flags) => {
    expect(await temp.run(['init', 'demo', ...flags])).toMatchObject({ code: 0 });
    const cwd = temp.at('demo');
    // Not as a part of the test run that this process may belong to.
    const { stdout } = await run('npm', ['test', '--silent'], { cwd, env: { ...temp.env(), NODE_TEST_CONTEXT: undefined } });
    expect(stdout).toMatch(/^# pass 2$|^ℹ pass 2$/m);
    expect(await temp.run(['config', 'check', '--load'], { cwd })).toMatchObject({ code: 0 });
    expect(await temp.run(['call', 'hello', 'name=Ada'], { cwd })).toMatchObject({ stdout: 'Hello, Ada!\n' });
  });

  it.each([
    ['functions', []],
    ['a class', ['--class']],
  ])('init --ts writes %s that this Node serves, with correct types, and says which Node tests it', async (_, flags) => {
    const made = await temp.run(['init', 'demo', '--ts', ...flags]);
    expect(made.code).toBe(0);
    expect(made.stderr.includes('"npm test" needs Node 22.18, 23.6 or newer, or tsx')).toBe(!hasTypeScript);
    expect(made.stdout.includes('npx tsx --test functions.test.mts')).toBe(!hasTypeScript);
    expect(JSON.parse(await temp.read('demo/package.json'))).toMatchObject({ engines: { node: '>=20.19' } });
    const cwd = temp.at('demo');
    expect(await temp.run(['config', 'check', '--load'], { cwd })).toMatchObject({ code: 0 });
    expect(await temp.run(['call', 'hello', 'name=Ada'], { cwd })).toMatchObject({ code: 0, stdout: 'Hello, Ada!\n' });
    const sidecar = await temp.sidecar(['--transport', 'stdio', '--config', 'mcp.json'], { cwd });
    expect(await sidecar.call('hello', { name: 'Bob' })).toBe('Hello, Bob!');
    const typeRoots = join(root, 'node_modules/@types');
    await run(join(root, 'node_modules/.bin/tsc'), ['-p', cwd, '--typeRoots', typeRoots]);
    const tested = run('npm', ['test', '--silent'], { cwd, env: { ...temp.env(), NODE_TEST_CONTEXT: undefined } });
    // Rather than report that no test has failed.
    if (!hasTypeScript) return expect(tested).rejects.toMatchObject({ code: 1 });
    expect((await tested).stdout).toMatch(/^# pass 2$|^ℹ pass 2$/m);
  });

  it('init names the server, and its $schema exists, with or without an installed package', async () => {
    await temp.run(['init', 'shop']);
    const config = JSON.parse(await temp.read('shop/mcp.json')) as { $schema: string; tools: { annotations: object }[] };
    expect(config).toMatchObject({ name: 'shop', version: '0.1.0', instructions: expect.any(String) as string });
    expect(config.tools.every(({ annotations }) => Object.keys(annotations).length > 0)).toBe(true);
    expect(config.$schema).toBe('./mcp.schema.json');
    expect(JSON.parse(await temp.read('shop/mcp.schema.json'))).toHaveProperty('properties.module_links');

    await temp.write('installed/node_modules/mcp-daemon/config.schema.json', '{}');
    await temp.run(['init', 'installed']);
    const { $schema } = JSON.parse(await temp.read('installed/mcp.json')) as { $schema: string };
    expect(existsSync(temp.at('installed', $schema))).toBe(true);
    expect(existsSync(temp.at('installed/mcp.schema.json'))).toBe(false);
  });

  it('init keeps the files of a project, also with --force, and says so', async () => {
    const mine = { 'package.json': '{ "name": "mine" }', 'README.md': '# Mine', '.gitignore': 'dist/' };
    for (const [name, text] of Object.entries(mine)) await temp.write(`demo/${name}`, text);
    for (const flags of [[], ['--force']]) {
      const { code, stdout } = await temp.run(['init', 'demo', ...flags]);
      expect(code).toBe(0);
      for (const [name, text] of Object.entries(mine)) {
        expect(stdout).toContain(`kept demo/${name}`);
        expect(await temp.read(`demo/${name}`)).toBe(text);
      }
    }
  });

  it('init does not hide the config file of another name', async () => {
    await temp.write('demo/mcp-daemon.json', '{}');
    const { code, stderr } = await temp.run(['init', 'demo', '--force']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('demo/mcp-daemon.json is a config file already')]);
    expect(existsSync(temp.at('demo/mcp.json'))).toBe(false);
  });

  it('init reports a folder that it cannot write to', async () => {
    await writeFile(temp.at('file'), '');
    expect(await temp.run(['init', 'file/demo'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot write') as string,
    });
  });
});
