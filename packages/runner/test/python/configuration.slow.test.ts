import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { tempFolder } from '../../../../tests/temp-folder.js';
import { readPythonConfiguration } from '../../src/runtimes/python-configuration.js';
import { programsFolder } from '../support.js';
import { PYTHON } from './child.js';

const FILES = {
  'pkg/__init__.py': 'print("noise")\nfrom .pkg import Thing',
  'pkg/pkg.py':
    'import sys\nprint("more", file=sys.stderr)\nclass Thing: pass\nMCP_CONFIGURATION = {"tools": [{"name": "a"}], "n": 1.5}',
  'plain.py': '',
  'broken.py': 'import nothing_of_this_name',
  'odd.py': 'MCP_CONFIGURATION = {"tools": [print]}',
  'loops.py': 'while True: pass',
  'large.py': 'MCP_CONFIGURATION = {"x": "y" * 11_000_000}',
  'exits.py': 'import os\nos._exit(3)',
};

let root: string;
beforeAll(() => {
  root = tempFolder();
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
});

const read = async (module: string, more = {}): Promise<string | undefined> =>
  readPythonConfiguration({
    ...{ module, root, programs: await programsFolder(), env: { PATH: process.env['PATH'] ?? '' }, python: PYTHON },
    ...more,
  });

it('the configuration is JSON, whatever the code prints; a module without one has none', async () => {
  expect(JSON.parse((await read('pkg')) ?? '')).toEqual({ tools: [{ name: 'a' }], n: 1.5 });
  expect(await read('plain')).toBeUndefined();
});

it.each([
  ['absent', {}, 'module_not_found', /could not be read: module "absent" was not found/],
  ['broken', {}, 'module_failed', /"broken" could not be loaded: ModuleNotFoundError: No module named 'nothing_of_this_name'/],
  ['odd', {}, 'module_failed', /MCP_CONFIGURATION of module odd is not JSON: it has a builtin_function_or_method/],
  ['large', {}, 'module_failed', /it has more than 10000000 bytes/],
  ['loops', { timeoutMs: 500 }, 'module_failed', /was not loaded within 500 ms/],
  ['exits', {}, 'module_failed', /could not be read: no reason/],
  ['plain', { python: '/nowhere/python' }, 'module_failed', /PYTHON is "\/nowhere\/python", and there is no such program/],
])('"%s" with %j is %s', async (module, more, code, message) => {
  await expect(read(module, more)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});
