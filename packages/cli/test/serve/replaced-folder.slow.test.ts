import { execSync } from 'node:child_process';

import type { Sidecar } from '../support.js';
import { TempFolder, toolsConfig } from '../support.js';

describe('a sidecar follows folders that are replaced', () => {
  let temp: TempFolder;
  beforeEach(async () => {
    temp = new TempFolder();
    for (const name of ['one', 'two']) {
      await temp.write(`${name}/mcp.json`, toolsConfig('functions', name, 'both'));
      await temp.write(
        `${name}/functions.mjs`,
        `export const ${name} = () => '${name}'; export const both = () => 'both of ${name}';`,
      );
    }
  });
  afterEach(() => temp.remove());

  const names = async (sidecar: Sidecar): Promise<string[]> => {
    const { result } = await sidecar.request('tools/list');
    return (result?.tools ?? []).map(({ name }) => name);
  };

  it.each([
    ['a link to it is switched', 'ln -s one current', 'ln -s two next && mv -T next current'],
    ['it is removed and made again', 'cp -r one current', 'rm -r current && mkdir current && cp two/* current'],
    ['it is renamed and another takes its place', 'cp -r one current', 'mv current old && cp -r two current'],
    ['its files are synchronized one by one', 'cp -r one current', 'rm current/* && cp two/* current'],
  ])('when %s', async (_, prepare, replace) => {
    execSync(prepare, { cwd: temp.path });
    const sidecar = await temp.sidecar(['--config', 'current/mcp.json']);
    expect(await sidecar.call('both')).toBe('both of one');
    // The first edit that is noticed shows that it watches.
    execSync('touch current/mcp.json', { cwd: temp.path });
    await sidecar.until(() => sidecar.stderr.includes('config file reloaded'), 'a first reload');
    const from = sidecar.messages.length;
    execSync(replace, { cwd: temp.path });
    await sidecar.notification('notifications/tools/list_changed', from);
    expect(await names(sidecar)).toEqual(['two', 'both']);
    expect(await sidecar.call('two')).toBe('two');
    await sidecar.until(() => sidecar.stderr.includes('code changed'), 'a log line about the code');
    expect(await sidecar.call('both')).toBe('both of two');
    sidecar.child.stdin.end();
    await sidecar.exited;
  });
});
