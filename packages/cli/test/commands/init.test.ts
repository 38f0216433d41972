import { realpathSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

import { TempFolder } from '../support.js';

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

  it('init reports a folder that it cannot write to', async () => {
    await writeFile(temp.at('file'), '');
    expect(await temp.run(['init', 'file/demo'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot write') as string,
    });
  });
});
