import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { realPath } from '../src/files.js';
import { findPackage, splitSpecifier } from '../src/packages.js';
import { folderOf } from './support.js';

const manifest = (value: object): string => JSON.stringify(value);

const root = folderOf({
  'app/package.json': manifest({ name: 'self', exports: { '.': './self.mjs', './part': './part.mjs' } }),
  'app/self.mjs': '',
  'app/part.mjs': '',
  'app/probe.mjs': `
    const ask = (specifier) => { try { return import.meta.resolve(specifier); } catch { return null; } };
    console.log(JSON.stringify(process.argv.slice(2).map(ask)));`,
  'app/node_modules/self/index.js': '',
  'app/node_modules/string/package.json': manifest({ exports: './lib/a.js' }),
  'app/node_modules/string/lib/a.js': '',
  'app/node_modules/conditions/package.json': manifest({
    exports: {
      types: './t.d.ts',
      browser: './b.js',
      require: './r.js',
      node: { require: './nr.js', import: './ni.js' },
      default: './d.js',
    },
  }),
  'app/node_modules/conditions/ni.js': '',
  'app/node_modules/fallthrough/package.json': manifest({
    exports: { '.': [{ browser: './b.js' }, { import: './i.js' }], './none': { browser: './b.js' } },
  }),
  'app/node_modules/fallthrough/i.js': '',
  'app/node_modules/array/package.json': manifest({ exports: { '.': ['not-a-path', './ok.js'], './null': [null, './ok.js'] } }),
  'app/node_modules/array/ok.js': '',
  'app/node_modules/patterns/package.json': manifest({
    exports: {
      './*': './any/*.js',
      './lib/*': './lib/*.js',
      './lib/*.js': './lib/*.js',
      './lib/private/*': null,
      './both/*/x': './both/*/*.js',
      './exact': './any/exact.js',
      './up/*': './../*.js',
      './deep/*': './node_modules/*.js',
      './package.json': './package.json',
    },
  }),
  'app/node_modules/patterns/any/a.js': '',
  'app/node_modules/patterns/any/a/b.js': '',
  'app/node_modules/patterns/any/exact.js': '',
  'app/node_modules/patterns/lib/l.js': '',
  'app/node_modules/patterns/lib/l.js.js': '',
  'app/node_modules/patterns/lib/private/p.js': '',
  'app/node_modules/patterns/both/y/y.js': '',
  'app/node_modules/bad-target/package.json': manifest({
    exports: { '.': '../outside.js', './b': './a/../../x.js', './c': 'bare', './d': './%2e%2e/x.js' },
  }),
  'app/node_modules/main/package.json': manifest({ main: './lib/main' }),
  'app/node_modules/main/lib/main.js': '',
  'app/node_modules/main/lib/other.js': '',
  'app/node_modules/main-folder/package.json': manifest({ main: 'lib' }),
  'app/node_modules/main-folder/lib/index.js': '',
  'app/node_modules/main-lost/package.json': manifest({ main: 'lost.js' }),
  'app/node_modules/main-lost/index.js': '',
  'app/node_modules/bare/index.js': '',
  'app/node_modules/bare/file.js': '',
  'app/node_modules/empty/package.json': '{}',
  'app/node_modules/null-exports/package.json': manifest({ exports: null, main: 'm.js' }),
  'app/node_modules/null-exports/m.js': '',
  'app/node_modules/blank/package.json': manifest({ exports: './a%20b.js' }),
  'app/node_modules/blank/a b.js': '',
  'app/node_modules/@scope/pkg/package.json': manifest({ exports: { '.': './i.js', './s/t': './t.js' } }),
  'app/node_modules/@scope/pkg/i.js': '',
  'app/node_modules/@scope/pkg/t.js': '',
  'node_modules/above/package.json': manifest({ exports: './i.mjs' }),
  'node_modules/above/i.mjs': '',
  'node_modules/bare/only-above.js': '',
});

const specifiers = [
  ['self', 'self/part', 'self/none', 'string', 'string/none', 'string/lib/a.js', 'conditions', 'fallthrough', 'fallthrough/none'],
  [
    'array',
    'array/null',
    'patterns',
    'patterns/a',
    'patterns/a/b',
    'patterns/exact',
    'patterns/lib/l',
    'patterns/lib/l.js',
    'patterns/lib/private/p',
  ],
  [
    'patterns/both/y/x',
    'patterns/up/x',
    'patterns/deep/x',
    'patterns/package.json',
    'patterns/*',
    'patterns/lib/',
    'patterns/',
    'bad-target',
  ],
  [
    'bad-target/b',
    'bad-target/c',
    'bad-target/d',
    'main',
    'main/lib/other.js',
    'main-folder',
    'main-lost',
    'bare',
    'bare/file.js',
    'bare/only-above.js',
  ],
  [
    'empty',
    'null-exports',
    'blank',
    '@scope/pkg',
    '@scope/pkg/s/t',
    '@scope/pkg/none',
    'above',
    'above/none',
    'nowhere',
    '@scope/none',
    '@scope',
  ],
].flat();

describe('finding packages', () => {
  const app = join(root, 'app');

  // Node does not check that an exported file exists until it loads it.
  const node = (
    JSON.parse(spawnSync(process.execPath, ['probe.mjs', ...specifiers], { cwd: app, encoding: 'utf8' }).stdout) as (
      string | null
    )[]
  ).map((url) => {
    const file = url?.startsWith('file:') === true && !url.endsWith('/') ? fileURLToPath(url) : null;
    return file !== null && existsSync(file) ? file : null;
  });

  it.each(specifiers.map((specifier, index) => [specifier, node[index] ?? null] as const))(
    '%s as Node does',
    (specifier, expected) => {
      const split = splitSpecifier(specifier);
      const found = split === undefined ? undefined : findPackage(split.name, split.subpath, app);
      expect(found !== undefined && 'file' in found ? realPath(found.file) : null).toBe(expected);
    },
  );

  it('allows leaving out an extension in a package without exports, unlike Node', () => {
    expect(findPackage('main', './lib/other', app)).toEqual({ file: join(app, 'node_modules/main/lib/other.js') });
    expect(findPackage('main', './lib', app)).toEqual({ missing: 'has no file "./lib"' });
  });

  it('says what is missing', () => {
    const missing = (specifier: string): unknown => {
      const { name, subpath } = splitSpecifier(specifier)!;
      return findPackage(name, subpath, app);
    };
    expect(missing('nowhere')).toEqual({ missing: 'is not installed' });
    expect(missing('string/x')).toEqual({ missing: 'does not export "./x"' });
    expect(missing('fallthrough/none')).toEqual({ missing: 'does not export "./none"' });
    expect(missing('patterns/lib/lost')).toEqual({ missing: 'exports "./lib/lost" as ./lib/lost.js, which does not exist' });
    expect(missing('empty')).toEqual({ missing: 'has no main file' });
    expect(missing('bare/x')).toEqual({ missing: 'has no file "./x"' });
    expect(missing('patterns')).toEqual({ missing: 'exports nothing to import' });
  });

  it('does not find a name that no package can have', () => {
    for (const name of ['', '.', './x', '../x', '/x', '@scope', '@/x', 'a\\b', 'a%2fb'])
      expect(splitSpecifier(name)).toBeUndefined();
    expect(splitSpecifier('@a/b/c/d')).toEqual({ name: '@a/b', subpath: './c/d' });
  });
});
