import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { DaemonError } from '@mcp-daemon/core';

import { isPath, locate, shown } from '../src/locate.js';
import { folderOf } from './support.js';

const base = folderOf({
  'both.js': '',
  'both.mjs': '',
  'both/index.js': '',
  'only.cjs': '',
  'typed.ts': '',
  'v1.2.mjs': '',
  'folder/index.mjs': '',
  'described/package.json': '{ "main": "src/start.js" }',
  'described/src/start.js': '',
  'described/index.js': '',
  'misdescribed/package.json': '{ "exports": "./lost.js" }',
  'misdescribed/index.js': '',
  'pkg/tools.mjs': '',
  'pkg/pkg.mjs': '',
  'pkg/sub/mod.js': '',
  'pkg/shadowed.js': '',
  'shadowed.js': '',
  'lib/tools/index.js': '',
  'lib/tools/part.js': '',
  'lib/node_modules/inner/index.js': '',
  'node_modules/installed/index.js': '',
  'node_modules/installed/lib/part.js': '',
  'node_modules/pkg/index.js': '',
  'node_modules/pkg/far.js': '',
  'node_modules/no-main/readme': '',
  'node_modules/@scope/weather/index.js': '',
  'node_modules/weather-tools/index.js': '',
  'weather_tool.mjs': '',
});

/** The file from the base folder, or the error's message. */
function where(module_name: string, package_name = module_name, source?: string): string {
  try {
    const { file, member } = locate(base, { module_name, package_name, ...(source === undefined ? {} : { source }) });
    return shown(base, file) + (member === undefined ? '' : `#${member}`);
  } catch (error) {
    if (!(error instanceof DaemonError) || error.code !== 'module_not_found') throw error;
    return error.message;
  }
}

describe('finding a module', () => {
  it('tries a path from the base folder first', () => {
    expect(where('both')).toBe('./both.js');
    expect(where('both.mjs')).toBe('./both.mjs');
    expect(where('./both')).toBe('./both.js');
    expect(where('only')).toBe('./only.cjs');
    expect(where('typed')).toBe('./typed.ts');
    expect(where('v1.2')).toBe('./v1.2.mjs');
    expect(where('folder')).toBe('./folder/index.mjs');
    expect(where(join(base, 'only.cjs'))).toBe('./only.cjs');
    expect(where(pathToFileURL(join(base, 'only.cjs')).href)).toBe('./only.cjs');
    expect(where('shadowed', 'pkg')).toBe('./shadowed.js');
  });

  it('uses the main file in the package.json of a folder, else its index file', () => {
    expect(where('described')).toBe('./described/src/start.js');
    expect(where('misdescribed')).toBe('./misdescribed/index.js');
  });

  it('tries the folder of the package second', () => {
    expect(where('tools', 'pkg')).toBe('./pkg/tools.mjs');
    expect(where('tools.mjs', './pkg')).toBe('./pkg/tools.mjs');
    expect(where('pkg')).toBe('./pkg/pkg.mjs');
  });

  it("tries Python's dotted names as paths", () => {
    expect(where('pkg.sub.mod')).toBe('./pkg/sub/mod.js');
    expect(where('sub.mod', 'pkg')).toBe('./pkg/sub/mod.js');
    expect(where('pkg/sub/mod', 'pkg')).toBe('./pkg/sub/mod.js');
  });

  it('tries installed packages last', () => {
    expect(where('installed')).toBe('./node_modules/installed/index.js');
    expect(where('lib/part', 'installed')).toBe('./node_modules/installed/lib/part.js');
    expect(where('lib.part', 'installed')).toBe('./node_modules/installed/lib/part.js');
    expect(where('installed.lib.part', 'installed')).toBe('./node_modules/installed/lib/part.js');
    expect(where('installed/lib/part')).toBe('./node_modules/installed/lib/part.js');
    expect(where('far', 'pkg')).toBe('./node_modules/pkg/far.js');
    expect(where('member', 'installed')).toBe('./node_modules/installed/index.js#member');
    expect(where('@scope/weather')).toBe('./node_modules/@scope/weather/index.js');
  });

  it('searches the source instead of the base folder', () => {
    expect(where('tools', 'tools', './lib')).toBe('./lib/tools/index.js');
    expect(where('part', 'tools', 'lib/')).toBe('./lib/tools/part.js');
    expect(where('anything', 'anything', './pkg/tools.mjs')).toBe('./pkg/tools.mjs');
    expect(where('tools', 'tools', './lib/tools')).toBe('./lib/tools/index.js');
    expect(where('tools', 'tools', pathToFileURL(join(base, 'lib')).href)).toBe('./lib/tools/index.js');
    expect(where('inner', 'inner', './lib')).toBe('./lib/node_modules/inner/index.js');
    expect(where('only', 'only', '')).toBe('./only.cjs');
    expect(where('tools', 'tools', './nowhere')).toBe('module "tools" not found: its source ./nowhere does not exist');
  });
});

describe('a module that is not found', () => {
  it('has an error with all places that were tried, and the name that was probably meant', () => {
    expect(where('tols.x', 'pkgs')).toBe(
      `module "tols.x" not found: looked for ./tols.x, ./tols/x, ./pkgs/tols.x, ./pkgs/tols/x, the package "pkgs" (is not installed) ` +
        `from the config file's folder (files with .js, .mjs, .cjs or .ts, or a folder with an index file); did you mean "pkg"?`,
    );
    expect(where('tols', 'pkg')).toBe('./node_modules/pkg/index.js#tols');
    expect(where('x', 'no-main')).toMatch(/the package "no-main" \(has no file "\.\/x", has no main file\)/);
  });

  it('has an error with a similar name of a file or an installed package', () => {
    expect(where('weather-tool')).toMatch(/ \(is not installed\) .*; did you mean "weather_tool"\?$/);
    expect(where('weather-toolz')).toMatch(/; did you mean "weather_tool"\?$/);
    expect(where('@scope/wether')).toMatch(/; did you mean "@scope\/weather"\?$/);
    expect(where('only.mjs')).toMatch(/; did you mean "only\.cjs"\?$/);
    expect(where('./onyl')).toBe(
      'module "./onyl" not found: looked for ./onyl from the config file\'s folder (files with .js, .mjs, .cjs or .ts, or a folder with an index file); did you mean "./only"?',
    );
    expect(where('lib/tols/part')).not.toMatch(/did you mean/);
    expect(where('lib/tols')).toMatch(/; did you mean "lib\/tools"\?$/);
    expect(where('pkg.sub.mdo')).toMatch(/; did you mean "pkg\/sub\/mod"\?$/);
    expect(where('nothing-like-it')).not.toMatch(/did you mean/);
  });

  it('is reported as such for names that the file system refuses', () => {
    expect(where('a\0b')).toMatch(/not found/);
    expect(where('x'.repeat(5000))).toMatch(/not found/);
    expect(where('both.js/part')).toMatch(/not found/);
    expect(where('file://host/x')).toMatch(/not found/);
  });
});

describe('a source', () => {
  it.each([undefined, '', '.', './lib', '../lib', '/abs/lib', 'file:///abs/lib', 'lib/tools', '.\\lib'])(
    '%j is a path',
    (source) => {
      expect(isPath(source)).toBe(true);
    },
  );
  it.each(['zip', 's3', 'mcp', 'external', 'https://example.com/x', 's3://bucket/key'])('%j is not a path', (source) => {
    expect(isPath(source)).toBe(false);
  });
});
