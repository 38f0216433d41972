import { rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Sidecar } from '../support.js';
import { TempFolder, toolsConfig } from '../support.js';

/** Watching starts a little after the start of the process. */
const WATCHING_MS = 600;

describe('a sidecar watches its files', () => {
  let temp: TempFolder;
  let sidecar: Sidecar;
  beforeEach(async () => {
    temp = new TempFolder();
    await temp.write('mcp.json', toolsConfig('functions', 'one'));
    await temp.write('functions.mjs', `export const one = () => 'one'; export const two = () => 'two';`);
  });
  afterEach(() => temp.remove());

  const open = async (args: string[] = [], env: Record<string, string> = {}): Promise<void> => {
    sidecar = await temp.sidecar(args, { env });
    await sidecar.call('one');
    await sleep(WATCHING_MS);
  };
  const names = async (): Promise<string[]> => {
    const { result } = await sidecar.request('tools/list');
    return (result?.tools ?? []).map(({ name }) => name);
  };
  const changed = (from: number): Promise<unknown> => sidecar.notification('notifications/tools/list_changed', from);

  it('a valid edit changes the catalog in place and notifies clients', async () => {
    await open();
    await temp.write('mcp.json', toolsConfig('functions', 'one', 'two'));
    await changed(0);
    expect(await names()).toEqual(['one', 'two']);
    expect(await sidecar.call('two')).toBe('two');
  });

  it('a config file with comments and trailing commas is served, and its edits are', async () => {
    const commented = (...tools: string[]): string =>
      `// The tools of this server\n${JSON.stringify(toolsConfig('functions', ...tools), null, 2).replaceAll(/(?<=[}\]])\n/g, ', /* last */\n')}`;
    await temp.write('mcp.json', commented('one'));
    const text = await temp.read('mcp.json');
    expect(await temp.run(['config', 'check', '--load'])).toMatchObject({ code: 0 });
    await open();
    await temp.write('mcp.json', commented('one', 'two'));
    await changed(0);
    expect(await names()).toEqual(['one', 'two']);
    await temp.write('mcp.json', `${text}\n// }`.replace('"tools"', '"toolz"'));
    await sidecar.until(() => sidecar.stderr.includes('still serving the last valid version'), 'the error');
    expect(sidecar.stderr).toMatch(/mcp\.json:3:3 \$\.toolz: /);
  });

  it('all errors of an invalid edit are logged, and the last valid version is served', async () => {
    await open();
    await temp.write('mcp.json', `{ "tools": [ { "name": "x" } ], "wrong": 1 }`);
    await sidecar.until(() => sidecar.stderr.includes('still serving the last valid version'), 'the errors');
    expect(sidecar.stderr).toMatch(/mcp\.json:1:\d+ \$\.wrong: /);
    expect(sidecar.stderr).toMatch(/mcp\.json:1:\d+ \$\.tools\[0\]: /);
    expect(await names()).toEqual(['one']);
    expect(await sidecar.call('one')).toBe('one');
    const from = sidecar.messages.length;
    await temp.write('mcp.json', toolsConfig('functions', 'two'));
    await changed(from);
    expect(await names()).toEqual(['two']);
  });

  it('a file that is saved by renaming, or deleted and created again, is reloaded', async () => {
    await open();
    await temp.write('new.json', toolsConfig('functions', 'two'));
    await rename(temp.at('new.json'), temp.at('mcp.json'));
    await changed(0);
    expect(await names()).toEqual(['two']);
    await rm(temp.at('mcp.json'));
    await sleep(200);
    expect(await names()).toEqual(['two']);
    const from = sidecar.messages.length;
    await temp.write('mcp.json', toolsConfig('functions', 'one'));
    await changed(from);
    expect(await names()).toEqual(['one']);
  });

  it('an edit during the start is not missed', async () => {
    sidecar = await temp.sidecar([]);
    await temp.write('mcp.json', toolsConfig('functions', 'one', 'two'));
    await changed(0);
    expect(await names()).toEqual(['one', 'two']);
  });

  it('an edited module is reloaded, and a running call ends on the old code', async () => {
    const code = (word: string): string =>
      `export const one = async () => { await new Promise((done) => setTimeout(done, 800)); return '${word}'; };`;
    await temp.write('functions.mjs', code('old'));
    sidecar = await temp.sidecar([]);
    expect(await sidecar.call('one')).toBe('old');
    const under = sidecar.ask('tools/call', { name: 'one' });
    await writeFile(temp.at('functions.mjs'), code('new'));
    await sidecar.until(() => sidecar.stderr.includes('code changed'), 'a log line about the edit');
    expect((await sidecar.answer(under)).result?.content?.[0]?.text).toBe('old');
    expect(await sidecar.call('one')).toBe('new');
  });

  it.each([
    ['--no-watch', ['--no-watch'], {}],
    ['MCP_WATCH=false', [], { MCP_WATCH: 'false' }],
  ] as const)('%s turns watching off', async (_, args, env) => {
    await open([...args], env);
    await temp.write('mcp.json', toolsConfig('functions', 'two'));
    await sleep(500);
    expect(await names()).toEqual(['one']);
  });
});
