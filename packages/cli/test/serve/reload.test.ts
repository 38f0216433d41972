import { rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Sidecar } from '../support.js';
import { Place, toolsConfig } from '../support.js';

/** Watching begins a little after the start. */
const WATCHING_MS = 600;

describe('a sidecar follows its files', () => {
  let place: Place;
  let sidecar: Sidecar;
  beforeEach(async () => {
    place = new Place();
    await place.write('mcp.json', toolsConfig('functions', 'one'));
    await place.write('functions.mjs', `export const one = () => 'one'; export const two = () => 'two';`);
  });
  afterEach(() => place.remove());

  const open = async (args: string[] = [], env: Record<string, string> = {}): Promise<void> => {
    sidecar = await place.sidecar(args, { env });
    await sidecar.call('one');
    await sleep(WATCHING_MS);
  };
  const names = async (): Promise<string[]> => {
    const { result } = await sidecar.request('tools/list');
    return (result?.tools ?? []).map(({ name }) => name);
  };
  const changed = (from: number): Promise<unknown> => sidecar.notification('notifications/tools/list_changed', from);

  it('a good edit changes the catalog in place, and clients are told', async () => {
    await open();
    await place.write('mcp.json', toolsConfig('functions', 'one', 'two'));
    await changed(0);
    expect(await names()).toEqual(['one', 'two']);
    expect(await sidecar.call('two')).toBe('two');
  });

  it('a bad edit is told with all its mistakes, and the last good one is served', async () => {
    await open();
    await place.write('mcp.json', `{ "tools": [ { "name": "x" } ], "wrong": 1 }`);
    await sidecar.until(() => sidecar.stderr.includes('the last good one is served'), 'the mistakes');
    expect(sidecar.stderr).toMatch(/mcp\.json:1:\d+ \$\.wrong: /);
    expect(sidecar.stderr).toMatch(/mcp\.json:1:\d+ \$\.tools\[0\]: /);
    expect(await names()).toEqual(['one']);
    expect(await sidecar.call('one')).toBe('one');
    const from = sidecar.messages.length;
    await place.write('mcp.json', toolsConfig('functions', 'two'));
    await changed(from);
    expect(await names()).toEqual(['two']);
  });

  it('sees a save by renaming, and a file that is deleted and made again', async () => {
    await open();
    await place.write('new.json', toolsConfig('functions', 'two'));
    await rename(place.at('new.json'), place.at('mcp.json'));
    await changed(0);
    expect(await names()).toEqual(['two']);
    await rm(place.at('mcp.json'));
    await sleep(200);
    expect(await names()).toEqual(['two']);
    const from = sidecar.messages.length;
    await place.write('mcp.json', toolsConfig('functions', 'one'));
    await changed(from);
    expect(await names()).toEqual(['one']);
  });

  it('an edit during the start is not missed', async () => {
    sidecar = await place.sidecar([]);
    await place.write('mcp.json', toolsConfig('functions', 'one', 'two'));
    await changed(0);
    expect(await names()).toEqual(['one', 'two']);
  });

  it('an edited module is loaded anew, and a call under way ends on the old code', async () => {
    const code = (word: string): string =>
      `export const one = async () => { await new Promise((done) => setTimeout(done, 800)); return '${word}'; };`;
    await place.write('functions.mjs', code('old'));
    sidecar = await place.sidecar([]);
    expect(await sidecar.call('one')).toBe('old');
    const under = sidecar.ask('tools/call', { name: 'one' });
    await writeFile(place.at('functions.mjs'), code('new'));
    await sidecar.until(() => sidecar.stderr.includes('code was changed'), 'word of the edit');
    expect((await sidecar.answer(under)).result?.content?.[0]?.text).toBe('old');
    expect(await sidecar.call('one')).toBe('new');
  });

  it.each([
    ['--no-watch', ['--no-watch'], {}],
    ['MCP_WATCH=false', [], { MCP_WATCH: 'false' }],
  ] as const)('%s leaves files alone', async (_, args, env) => {
    await open([...args], env);
    await place.write('mcp.json', toolsConfig('functions', 'two'));
    await sleep(500);
    expect(await names()).toEqual(['one']);
  });
});
