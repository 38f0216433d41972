import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { LinkBinding } from '@mcp-daemon/core';

import { pythonModules } from '../src/python-modules.js';
import { folderOf } from './support.js';

const base = folderOf({
  'weather.py': 'X = 1',
  'shared.py': '',
  'both.py': '',
  'both.mjs': '',
  'package/__init__.py': '',
  'package/inner/deep.py': '',
  'mixed/index.js': '',
  'mixed/helper.py': '',
  'plain.mjs': '',
  'bundle/tools.py': '',
  'lib/other.py': '',
  'lib/single.py': '',
});
const locator = pythonModules({ base });
const link = (module_name: string, more: Partial<LinkBinding> = {}): LinkBinding => ({
  ...{ kind: 'link', module_name, package_name: module_name, function_name: 'f', setting: {} },
  ...more,
});

it.each<[string, Partial<LinkBinding>, boolean]>([
  ['weather', {}, true],
  ['weather.py', {}, true],
  ['package', {}, true],
  ['package.inner.deep', {}, true],
  ['package/inner/deep', {}, true],
  ['tools', { package_name: 'bundle' }, true],
  ['other', { source: './lib' }, true],
  ['anything', { source: './lib/single.py' }, true],
  ['both', {}, false], // JavaScript comes first
  ['both', { runtime: 'python' }, true],
  ['mixed', {}, false],
  ['plain', {}, false],
  ['absent', {}, false],
  ['installed', { runtime: 'python' }, true],
  ['weather', { runtime: 'node' }, false],
  ['weather', { source: 's3' }, false],
  ['weather', { source: 'zip', runtime: 'python' }, false],
])('"%s" with %j is Python: %s', (module, more, expected) => {
  expect(locator.accepts(link(module, more))).toBe(expected);
});

it('the code is in the folder of the config file, or in the one that source names', async () => {
  const found = async (module: string, more = {}): Promise<unknown> => locator.locate(link(module, more), 'a');
  const digest = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
  expect(await found('weather')).toEqual({ runtime: 'python', root: base, file: null, digest });
  expect(await found('other', { source: './lib' })).toEqual({ runtime: 'python', root: join(base, 'lib'), file: null, digest });
  const file = join(base, 'lib/single.py');
  expect(await found('x', { source: './lib/single.py' })).toEqual({ runtime: 'python', root: join(base, 'lib'), file, digest });
  await expect(found('weather', { sha256: 'a' })).rejects.toMatchObject({ code: 'module_failed' });
});

it('the digest changes with the files beside the module and in its package', async () => {
  const digest = async (): Promise<unknown> => (await locator.locate(link('package'), 'a')).digest;
  const first = await digest();
  expect(await digest()).toBe(first);
  const changes = ['package/inner/deep.py', 'shared.py'].map((name) => join(base, name));
  for (const path of changes) {
    const before = await digest();
    writeFileSync(path, 'changed = True');
    utimesSync(path, 1, Date.now() / 1000 + 10);
    expect(await digest()).not.toBe(before);
  }
  rmSync(join(base, 'shared.py'));
  writeFileSync(join(base, 'package/inner/deep.py'), '');
  expect(await digest()).not.toBe(first); // a file is gone
});

it('code that only Python finds has no digest', async () => {
  const empty = pythonModules({ base: folderOf({ 'x.mjs': '' }) });
  expect((await empty.locate(link('installed', { runtime: 'python' }), 'a')).digest).toBe(null);
});
