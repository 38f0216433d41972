import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { LinkBinding } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { until } from '../../../tests/until.js';
import { differences, filesOf, markMissing, withImporters, writtenAfter } from '../src/graph.js';
import type { LocalModules, ModuleChange } from '../src/index.js';
import { localModules } from '../src/index.js';
import { decorated } from '../src/syntax.js';
import { folderOf } from './support.js';

const link = (module_name: string, more: Partial<LinkBinding> = {}): LinkBinding => ({
  kind: 'link',
  package_name: module_name,
  module_name,
  function_name: 'hello',
  setting: {},
  ...more,
});

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => 'it loaded',
    (reason: unknown) => reason,
  );
  if (!(error instanceof DaemonError)) throw new Error(`no DaemonError: ${String(error)}`);
  return `${error.code}: ${error.message}`;
}

describe('a source of local modules', () => {
  let modules: LocalModules;
  afterEach(() => modules.close());

  it('accepts links without a source, or with a path', () => {
    modules = localModules({ base: '.' });
    expect(modules.accepts(link('x'))).toBe(true);
    expect(modules.accepts(link('x', { source: './lib' }))).toBe(true);
    expect(modules.accepts(link('x', { source: 's3' }))).toBe(false);
  });

  it('loads modules, and says why one cannot be loaded', async () => {
    const base = folderOf({
      'tools.mjs': `export const hello = () => 'hello';`,
      'throws.mjs': `\nthrow new RangeError('boom');`,
      'text.mjs': `throw 'text';`,
      'odd.mjs': `throw { toString() { throw 1; } };`,
      'silent.mjs': `throw new Error('');`,
      'node_modules/pkg/package.json': `{ "type": "module", "exports": "./main.js" }`,
      'node_modules/pkg/main.js': `export const space = { hello: () => 'space' }; export class Klass {}`,
    });
    modules = localModules({ base });
    const { exports, digest } = await modules.load(link('tools'), 'default');
    expect([(exports['hello'] as () => string)(), digest]).toEqual(['hello', null]);
    expect(await codeOf(modules.load(link('tolls'), 'default'))).toMatch(/^module_not_found: .*did you mean "tools"\?$/);
    expect(await codeOf(modules.load(link('throws'), 'default'))).toMatch(/^module_failed: module "throws" .*RangeError: boom/);
    expect(await codeOf(modules.load(link('throws'), 'default'))).toMatch(/boom/);
    expect(await codeOf(modules.load(link('text'), 'default'))).toMatch(/could not be loaded: text$/);
    expect(await codeOf(modules.load(link('odd'), 'default'))).toMatch(/the thrown value is not an error$/);
    expect(await codeOf(modules.load(link('silent'), 'default'))).toMatch(/no message/);
    expect(await codeOf(modules.load(link('tools', { sha256: 'x' }), 'default'))).toMatch(/sha256/);
    const inner = await modules.load(link('space', { package_name: 'pkg' }), 'default');
    expect((inner.exports['hello'] as () => string)()).toBe('space');
    expect((await modules.load(link('Klass', { package_name: 'pkg' }), 'default')).exports['Klass']).toBeInstanceOf(Function);
    expect(await codeOf(modules.load(link('none', { package_name: 'pkg' }), 'default'))).toMatch(
      /^module_not_found: .*exports Klass, space$/,
    );
  });

  it('reports edits to its listeners until they stop', async () => {
    const base = folderOf({ 'tools.mjs': `import './part.mjs';`, 'part.mjs': '', 'other.mjs': '' });
    const warnings: string[] = [];
    modules = localModules({ base, logger: { warn: (_, message) => warnings.push(message) } });
    const changes: ModuleChange[] = [];
    const watching = modules.watch((change) => changes.push(change));
    modules.watch(() => {
      throw new Error('listener');
    });
    await modules.load(link('tools'), 'default');
    await modules.load(link('other'), 'default');
    writeFileSync(join(base, 'part.mjs'), '// edited');
    await until(() => changes.length === 1);
    expect(changes[0]!.files.map((file) => file.slice(base.length + 1)).sort()).toEqual(['part.mjs', 'tools.mjs']);
    expect(changes[0]!.affects(link('tools'))).toBe(true);
    expect(changes[0]!.affects(link('other'))).toBe(false);
    expect(warnings).toEqual(['a listener for edited modules failed: listener']);
    rmSync(join(base, 'part.mjs'));
    await until(() => changes.length === 2);
    const reported = warnings.length;
    watching.close();
    writeFileSync(join(base, 'part.mjs'), '// back');
    await until(() => warnings.length > reported, 'the call of the other listener');
    expect(changes.length).toBe(2);
  });
});

describe('the files of a module', () => {
  const base = folderOf({
    'top.mjs': `
      import a from './a.mjs'; import"./b.mjs"
      import {
        c,
      } from './c.cjs';
      export * from "./d.mjs";
      import '../outside-the-folder.mjs'; import 'installed'; import node from 'node:fs';
      const e = await import('./e.mjs'); import data from './data.json' with { type: 'json' };
      const f = await import(/* a comment */ './f.mjs?query'); import './lost.mjs';`,
    'a.mjs': `import './cycle.mjs';`,
    'cycle.mjs': `import './top.mjs';`,
    'b.mjs': '',
    'c.cjs': `require('./c2'); require('./folder'); require('./node_modules/x/index.js');`,
    'c2.js': '',
    'folder/index.js': '',
    'd.mjs': '',
    'e.mjs': '',
    'f.mjs': '',
    'data.json': `{ "from": "./b.mjs" }`,
    'node_modules/x/index.js': `require('./y.js')`,
    'node_modules/x/y.js': '',
    'all/index.mjs': `for (const name of names) await import(name);`,
    'all/one.mjs': '',
    'all/deep/two.cjs': '',
    'all/.hidden/three.js': '',
    'all/node_modules/four.js': '',
    'all/notes.txt': '',
  });
  const at = (file: string): string => join(base, file);
  const of = (file: string): string[] => [...filesOf(at(file))].map((path) => path.slice(base.length + 1)).sort();

  it('are those that it imports by any syntax, without installed packages', () => {
    expect(of('top.mjs')).toEqual(
      [
        'a.mjs',
        'b.mjs',
        'c.cjs',
        'c2.js',
        'cycle.mjs',
        'd.mjs',
        'data.json',
        'e.mjs',
        'f.mjs',
        'folder/index.js',
        'top.mjs',
      ].sort(),
    );
    expect(of('node_modules/x/index.js')).toEqual(['node_modules/x/index.js', 'node_modules/x/y.js']);
  });

  it('are all in its folder if an import is computed at run time', () => {
    expect(of('all/index.mjs')).toEqual(['all/deep/two.cjs', 'all/index.mjs', 'all/one.mjs']);
  });

  it('are reported as changed or missing when compared', () => {
    const files = filesOf(at('top.mjs'));
    expect(differences(files)).toEqual({ changed: [], missing: [] });
    writeFileSync(at('d.mjs'), `import './g.mjs';`);
    writeFileSync(at('g.mjs'), '');
    expect(differences(files)).toEqual({ changed: [at('d.mjs')], missing: [] });
    expect(of('top.mjs')).toContain('g.mjs');
    expect(withImporters([at('g.mjs')])).toEqual(new Set(['g.mjs', 'd.mjs', 'top.mjs', 'cycle.mjs', 'a.mjs'].map(at)));
    rmSync(at('g.mjs'));
    expect(differences(filesOf(at('top.mjs')))).toEqual({ changed: [], missing: [at('g.mjs')] });
    markMissing(at('g.mjs'));
    expect(differences([at('g.mjs')])).toEqual({ changed: [], missing: [] });
    writeFileSync(at('g.mjs'), '');
    expect(differences([at('g.mjs')])).toEqual({ changed: [at('g.mjs')], missing: [] });
  });

  it('are found by the time of their last change', () => {
    expect(writtenAfter([at('b.mjs'), at('nowhere')], 0)).toEqual([at('b.mjs')]);
    expect(writtenAfter([at('b.mjs')], Date.now() + 1000)).toEqual([]);
  });
});

describe("the first line of Node's syntax errors", () => {
  it.each([
    ['/a b/c.js:3\nx', { file: '/a b/c.js', line: 3 }],
    ['file:///a%20b/c.mjs?mcpd=2:14\nx', { file: '/a b/c.mjs', line: 14 }],
    ['SyntaxError: x\n at y', undefined],
  ])('names the place: %j', (stack, expected) => {
    expect(decorated(stack)).toEqual(expected);
  });
});
