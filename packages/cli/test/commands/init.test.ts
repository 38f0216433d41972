import { writeFile } from 'node:fs/promises';

import { Place } from '../support.js';

describe('init', () => {
  let place: Place;
  beforeEach(() => {
    place = new Place();
  });
  afterEach(() => place.remove());

  it('makes what works at once, in a folder of its own', async () => {
    const made = await place.run(['init', 'demo']);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const cwd = place.at('demo');
    expect(await place.run(['config', 'check', '--load'], { cwd })).toMatchObject({ code: 0 });
    expect(await place.run(['call', 'hello', '{"name":"Ada"}'], { cwd })).toMatchObject({ code: 0, stdout: 'Hello, Ada!\n' });
    expect(await place.run(['call', 'hello'], { cwd })).toMatchObject({ code: 0, stdout: 'Hello, World!\n' });
    expect(await place.run(['call', 'add_numbers', 'a=1', 'b=2'], { cwd })).toMatchObject({ stdout: '3\n' });
    expect((await place.run(['call', 'status'], { cwd })).stdout).toContain('status://server');
    expect((await place.run(['call', 'review', 'text=This.'], { cwd })).stdout).toContain('This.');
    expect((await place.run(['--config', 'demo/mcp.json', 'list'])).stdout).toContain('add_numbers');
  });

  it('prints a snippet that a host can use, and the next commands', async () => {
    const { stdout } = await place.run(['init']);
    expect(stdout).toContain(`call hello '{"name":"Ada"}'`);
    const snippet = JSON.parse(stdout.slice(stdout.indexOf('{\n'))) as {
      mcpServers: Record<string, { command: string; args: string[] }>;
    };
    const [server] = Object.values(snippet.mcpServers);
    expect(server?.command).toBe(process.execPath);
    const sidecar = await place.sidecar(server!.args.slice(1), { cwd: '/' });
    expect(await sidecar.call('hello', { name: 'Bob' })).toBe('Hello, Bob!');
  });

  it('overwrites nothing without --force, and says which files', async () => {
    await place.write('demo/mcp.json', 'mine');
    const refused = await place.run(['init', 'demo']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('demo/mcp.json exists already');
    expect(refused.stderr).toContain('--force');
    expect(await place.read('demo/mcp.json')).toBe('mine');
    expect(await place.run(['init', 'demo', '--force'])).toMatchObject({ code: 0 });
    expect(await place.read('demo/mcp.json')).toContain('"hello"');
  });

  it('says where it cannot write', async () => {
    await writeFile(place.at('file'), '');
    expect(await place.run(['init', 'file/demo'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot write') as string,
    });
  });
});
