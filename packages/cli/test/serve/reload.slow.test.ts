import { rename, rm, writeFile } from 'node:fs/promises';

import type { Sidecar } from '../support.js';
import { TempFolder, toolsConfig, waitingFunction } from '../support.js';

describe('a sidecar watches its files', () => {
  let temp: TempFolder;
  let sidecar: Sidecar;
  beforeEach(async () => {
    temp = new TempFolder();
    await temp.write('mcp.json', toolsConfig('functions', 'one'));
    await temp.write('functions.mjs', `export const one = () => 'one'; export const two = () => 'two';`);
  });
  afterEach(() => temp.remove());

  /** Starts a sidecar, and waits until it watches its files, which is a little later: it has noticed a first edit. */
  const open = async (): Promise<Sidecar> => {
    const started = await temp.sidecar([]);
    expect(await started.call('one')).toBe('one');
    await temp.write('mcp.json', await temp.read('mcp.json'));
    await started.until(() => started.stderr.includes('config file reloaded'), 'a first reload');
    return started;
  };
  const names = async (): Promise<string[]> => {
    const { result } = await sidecar.request('tools/list');
    return (result?.tools ?? []).map(({ name }) => name);
  };
  /** Waits for errors in the log. Another one comes where the file is read while it is being written. */
  const errors = (...all: readonly RegExp[]): Promise<unknown> =>
    sidecar.until(
      () => all.every((error) => error.test(sidecar.stderr)) && /still serving the last valid version.*\s*$/.test(sidecar.stderr),
      'the errors',
    );
  const changed = (from: number): Promise<unknown> => sidecar.notification('notifications/tools/list_changed', from);

  it('a valid edit changes the catalog in place and notifies clients', async () => {
    sidecar = await open();
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
    sidecar = await open();
    await temp.write('mcp.json', commented('one', 'two'));
    await changed(0);
    expect(await names()).toEqual(['one', 'two']);
    await temp.write('mcp.json', `${text}\n// }`.replace('"tools"', '"toolz"'));
    await errors(/mcp\.json:3:3 \$\.toolz: /);
  });

  it('all errors of an invalid edit are logged, and the last valid version is served', async () => {
    sidecar = await open();
    await temp.write('mcp.json', `{ "tools": [ { "name": "x" } ], "wrong": 1 }`);
    await errors(/mcp\.json:1:\d+ \$\.wrong: /, /mcp\.json:1:\d+ \$\.tools\[0\]: /);
    expect(await names()).toEqual(['one']);
    expect(await sidecar.call('one')).toBe('one');
    const from = sidecar.messages.length;
    await temp.write('mcp.json', toolsConfig('functions', 'two'));
    await changed(from);
    expect(await names()).toEqual(['two']);
  });

  it('a file that is saved by renaming, or deleted and created again, is reloaded', async () => {
    sidecar = await open();
    await temp.write('new.json', toolsConfig('functions', 'two'));
    await rename(temp.at('new.json'), temp.at('mcp.json'));
    await changed(0);
    expect(await names()).toEqual(['two']);
    await rm(temp.at('mcp.json'));
    // An edit after that has been noticed.
    await temp.write('functions.mjs', `export const one = () => 'one'; export const two = () => 'another two';`);
    await sidecar.until(() => sidecar.stderr.includes('code changed'), 'a log line about the code');
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
    await temp.write('functions.mjs', waitingFunction('one', 'old'));
    sidecar = await temp.sidecar([]);
    const under = sidecar.ask('tools/call', { name: 'one', arguments: { go: temp.at('go') } });
    await sidecar.until(() => sidecar.stderr.includes('one runs'), 'the start of the call');
    await writeFile(temp.at('functions.mjs'), waitingFunction('one', 'new'));
    await sidecar.until(() => sidecar.stderr.includes('code changed'), 'a log line about the edit');
    await temp.write('go', '');
    expect((await sidecar.answer(under)).result?.content?.[0]?.text).toBe('old');
    expect(await sidecar.call('one', { go: temp.at('go') })).toBe('new');
  });

  it.each([
    ['--no-watch', ['--no-watch'], {}],
    ['MCP_WATCH=false', [], { MCP_WATCH: 'false' }],
  ] as const)('%s turns watching off', async (_, args, env) => {
    // The log line about the missing module comes when watching would have begun.
    await temp.write('mcp.json', toolsConfig('missing', 'one'));
    sidecar = await temp.sidecar([...args], { env });
    await sidecar.until(() => sidecar.stderr.includes('not found'), 'a log line about the missing module');
    const watching = await temp.sidecar([]);
    await temp.write('mcp.json', toolsConfig('functions', 'two'));
    await watching.notification('notifications/tools/list_changed');
    expect(await names()).toEqual(['one']);
  });

  it('a client that subscribed to a file is told, also if nobody has read it', async () => {
    await temp.write('page.txt', 'old');
    await temp.write('mcp.json', { resources: [{ name: 'page', uri: 'a:page', file: 'page.txt' }] });
    sidecar = await temp.sidecar([]);
    await sidecar.request('resources/subscribe', { uri: 'a:page' });
    await temp.write('page.txt', 'new');
    await sidecar.notification('notifications/resources/updated');
  });

  it('--no-watch turns watching off for the files of resources and skills, too', async () => {
    await temp.write('page.txt', 'old');
    await temp.write('skills/refunds/SKILL.md', '---\nname: refunds\ndescription: How to refund.\n---\nold');
    const resources = [{ name: 'page', uri: 'a:page', file: 'page.txt' }];
    await temp.write('mcp.json', { resources, skills: [{ path: 'skills/refunds' }] });
    const [fixed, watching] = [await temp.sidecar(['--no-watch']), await temp.sidecar([])];
    sidecar = fixed;
    for (const one of [fixed, watching]) {
      for (const uri of ['a:page', 'skill://refunds/SKILL.md']) {
        await one.request('resources/read', { uri });
        await one.request('resources/subscribe', { uri });
      }
    }
    await temp.write('page.txt', 'new');
    await watching.notification('notifications/resources/updated');
    const from = watching.messages.length;
    await temp.write('skills/refunds/SKILL.md', '---\nname: refunds\ndescription: How to refund.\n---\nnew');
    await watching.notification('notifications/resources/updated', from);
    await fixed.request('ping', {});
    expect(fixed.messages.filter(({ method }) => method?.startsWith('notifications/resources'))).toEqual([]);
  });
});
