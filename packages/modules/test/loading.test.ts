import { folderOf, inChild } from './support.js';

describe('loading a module', () => {
  const base = folderOf({
    'class.mjs': `export class Tools { constructor({ setting }) { this.setting = setting } hello() { return 'class ' + this.setting.a } }`,
    'function.mjs': `export const hello = () => 'function'; export default 1;`,
    'default-class.mjs': `export default class Tools { hello() { return 'default class' } static make() { return this.name } }`,
    'default-object.mjs': `export default { who: 'object', hello() { return 'default ' + this.who } }`,
    'default-instance.mjs': `class Tools { #who = 'instance'; hello() { return 'an ' + this.#who } } export default new Tools();`,
    'awaited.mjs': `const who = await Promise.resolve('awaited'); export const hello = () => who;`,
    'class.cjs': `class Tools { hello() { return 'cjs class' } } module.exports = Tools;`,
    'object.cjs': `const hello = () => 'cjs object'; module.exports = { hello, later: undefined }; module.exports.dynamic = () => 'dynamic';`,
    'this.cjs': `exports.who = 'cjs'; exports.hello = function () { return 'this is ' + this.who };`,
    'function.cjs': `module.exports = function hello() { return 'cjs function' }; module.exports.other = () => 'other';`,
    'compiled.cjs': `Object.defineProperty(exports, '__esModule', { value: true }); exports.default = class Tools { hello() { return 'compiled' } }; exports.other = () => 'other';`,
    'plain/index.js': `exports.hello = () => 'a folder';`,
    'package.json': `{ "type": "commonjs" }`,
  });

  it('works for ES modules: a class, a function, each kind of default export, top-level await', async () => {
    const result = await inChild(
      base,
      `
      const one = await modules.load(link('class'), 'default');
      out.digest = one.digest;
      out.class = new (one.exports.Tools)({ setting: { a: 1 } }).hello();
      out.function = (await load('function.mjs')).hello();
      out.defaultClass = new ((await load('default-class')).Tools)().hello();
      const { make } = await load('default-class');
      out.static = make();
      const { hello } = await load('default-object');
      out.defaultObject = hello();
      const { hello: inherited } = await load('default-instance');
      out.defaultInstance = inherited();
      out.awaited = (await load('awaited')).hello();
      out.same = (await load('class')).Tools === one.exports.Tools;
      out.sameFile = (await load('./class.mjs')).Tools === one.exports.Tools;
      `,
    );
    expect(result).toEqual({
      warnings: [],
      digest: null,
      class: 'class 1',
      function: 'function',
      defaultClass: 'default class',
      static: 'Tools',
      defaultObject: 'default object',
      defaultInstance: 'an instance',
      awaited: 'awaited',
      same: true,
      sameFile: true,
    });
  });

  it('works for CommonJS: a class, an object, a function, a compiled ES module', async () => {
    const result = await inChild(
      base,
      `
      const Tools = (await load('class.cjs')).Tools;
      out.class = new Tools().hello();
      const object = await load('object');
      out.object = [object.hello(), object.dynamic(), 'later' in object, Object.keys(object).includes('hello')];
      const { hello } = await load('this.cjs');
      out.this = hello();
      const fn = await load('function.cjs');
      out.function = [fn.hello(), fn.other()];
      const compiled = await load('compiled');
      out.compiled = [new compiled.default().hello(), new compiled.Tools().hello(), compiled.other()];
      out.folder = (await load('plain')).hello();
      `,
    );
    expect(result).toEqual({
      warnings: [],
      class: 'cjs class',
      object: ['cjs object', 'dynamic', true, true],
      this: 'this is cjs',
      function: ['cjs function', 'other'],
      compiled: ['compiled', 'compiled', 'other'],
      folder: 'a folder',
    });
  });

  it('works for packages: exports, scopes, subpaths, parent folders, exports of the main file', async () => {
    const root = folderOf({
      'node_modules/upper/package.json': `{ "name": "upper", "exports": { "import": "./esm.mjs", "require": "./cjs.cjs" } }`,
      'node_modules/upper/esm.mjs': `export const hello = () => 'upper, imported'`,
      'node_modules/upper/cjs.cjs': `exports.hello = () => 'upper, required'`,
      'app/node_modules/@team/tools/package.json': `{ "name": "@team/tools", "type": "module", "exports": { ".": "./main.js", "./sub": "./lib/sub.js", "./deep/*": "./lib/deep/*.js" } }`,
      'app/node_modules/@team/tools/main.js': `export const hello = () => 'main'; export * as space from './lib/sub.js'; export class Klass { hello() { return 'Klass' } }`,
      'app/node_modules/@team/tools/lib/sub.js': `export const hello = () => 'sub'`,
      'app/node_modules/@team/tools/lib/deep/er.js': `export const hello = () => 'deeper'`,
      'app/node_modules/old/package.json': `{ "name": "old", "main": "lib/main" }`,
      'app/node_modules/old/lib/main.js': `exports.hello = () => 'old main'`,
      'app/node_modules/old/extra/part.js': `exports.hello = () => 'old part'`,
    });
    const result = await inChild(
      `${root}/app`,
      `
      const hello = async (...args) => (await load(...args)).hello();
      const p = { package_name: '@team/tools' };
      out.found = [
        await hello('upper'), await hello('@team/tools'), await hello('sub', p), await hello('deep/er', p), await hello('deep.er', p),
        await hello('@team/tools/sub'), await hello('space', p), new ((await load('Klass', p)).Klass)().hello(),
        await hello('old'), await hello('extra/part', { package_name: 'old' }), await hello('old.extra.part', { package_name: 'old' }),
      ];
      out.none = await failure('spice', p);
      `,
    );
    expect(result['found']).toEqual([
      'upper, imported',
      'main',
      'sub',
      'deeper',
      'deeper',
      'sub',
      'sub',
      'Klass',
      'old main',
      'old part',
      'old part',
    ]);
    expect(result['none']).toMatchObject({
      code: 'module_not_found',
      message:
        'module "spice" not found: the package "@team/tools" has no file or subpath of that name, and exports Klass, hello, space; did you mean "space"?',
    });
  });

  it('uses the import conditions of this Node for packages', async () => {
    const base = folderOf({
      'probe.mjs': `export { hello } from 'sync';`,
      'node_modules/sync/package.json': `{ "type": "module", "exports": { "module-sync": "./sync.js", "default": "./default.js" } }`,
      'node_modules/sync/sync.js': `export const hello = () => 'module-sync';`,
      'node_modules/sync/default.js': `export const hello = () => 'default';`,
    });
    const result = await inChild(base, `out.ours = (await load('sync')).hello(); out.nodes = (await load('probe')).hello();`);
    expect(result['ours']).toBe(result['nodes']);
  });

  it('happens once for two loads at the same time', async () => {
    const once = folderOf({
      'slow.mjs': `globalThis.times = (globalThis.times ?? 0) + 1; await new Promise((r) => setTimeout(r, 30)); export const hello = 1;`,
    });
    expect(await inChild(once, `await Promise.all([load('slow'), load('slow')]); out.times = globalThis.times;`)).toMatchObject({
      times: 1,
    });
  });
});

describe('a module that cannot be loaded', () => {
  it('has an error that says what failed and where, with its cause', async () => {
    const base = folderOf({
      'throws.mjs': `const x = 1;\nthrow new TypeError('boom\\nand more');`,
      'deep.mjs': `import './lib/throws.cjs';`,
      'lib/throws.cjs': `\n\nfunction broken() { throw new Error('deep boom'); }\nbroken();`,
      'a folder/throws.cjs': `throw new Error('spaces');`,
      'null.mjs': `throw null;`,
      'text.mjs': `throw 'text';`,
      'parsed.mjs': `JSON.parse('{');`,
      'needs.mjs': `import 'not-installed';`,
      'needs-file.mjs': `import './lib/nothing.mjs';`,
      'data.json': `{}`,
      'tools.py': `def hello(): pass`,
    });
    const result = await inChild(
      base,
      `for (const name of ['throws', 'deep', 'a folder/throws', 'null', 'text', 'parsed', 'needs', 'needs-file', 'data.json', 'tools.py']) {
        out[name] = await failure(name);
      }
      out.sha = await failure('throws', { sha256: '00' });`,
    );
    const message = (name: string): string => {
      const { code, message: text } = result[name] as { code: string; message: string };
      expect(code).toBe('module_failed');
      return text.replace(/^module ".*?" /, '');
    };
    expect(message('throws')).toBe('(./throws.mjs) could not be loaded: TypeError: boom (at ./throws.mjs:2)');
    expect((result['throws'] as { cause: string }).cause).toBe('boom\nand more');
    expect(message('deep')).toBe('(./deep.mjs) could not be loaded: deep boom (at ./lib/throws.cjs:3)');
    expect(message('a folder/throws')).toBe('(./a folder/throws.cjs) could not be loaded: spaces (at ./a folder/throws.cjs:1)');
    expect(message('null')).toBe('(./null.mjs) could not be loaded: null');
    expect(message('text')).toBe('(./text.mjs) could not be loaded: text');
    expect(message('parsed')).toMatch(/^\(\.\/parsed\.mjs\) could not be loaded: SyntaxError: .*JSON.*\(at \.\/parsed\.mjs:1\)$/);
    expect(message('needs')).toBe(
      "(./needs.mjs) could not be loaded: Cannot find package 'not-installed' imported from ./needs.mjs",
    );
    expect(message('needs-file')).toBe(
      "(./needs-file.mjs) could not be loaded: Cannot find module './lib/nothing.mjs' imported from ./needs-file.mjs",
    );
    expect(message('data.json')).toBe(
      '(./data.json) could not be loaded: it is JSON; functions must be in .js, .mjs or .cjs files',
    );
    expect(message('tools.py')).toMatch(/Unknown file extension "\.py"/);
    expect(message('sha')).toMatch(/^could not be loaded: sha256 is only supported for bundles/);
  });

  it('does not keep an unrelated rejection from ending the process', async () => {
    const base = folderOf({ 'bad.mjs': `import './bad.cjs';`, 'bad.cjs': `throw new Error('expected');` });
    const result = await inChild(base, `out.failed = (await failure('bad')).cause; await turns();`);
    expect(result).toMatchObject({ failed: 'expected' });
    const unrelated = `const failing = failure('bad'); modules.load(link('bad')).catch(() => Promise.reject(new Error('unrelated')));`;
    await expect(inChild(base, `${unrelated} await failing; await turns();`)).rejects.toThrow('unrelated');
  });

  it('has an error with the file and line of a syntax error in any of its files', async () => {
    const base = folderOf({
      'tools.mjs': `export const a = 1;\nexport function hello() {\n  return 1 +;\n}\n`,
      'top.mjs': `import './lib/part.mjs';`,
      'lib/part.mjs': `export const b = 2;\nconst c = ;`,
      'tools.cjs': `exports.a = 1;\nexports.b = ;`,
      'wants.mjs': `\nimport { nothing } from './has.mjs';`,
      'has.mjs': `export const something = 1;`,
    });
    const result = await inChild(
      base,
      `for (const name of ['tools.mjs', 'top', 'tools.cjs', 'wants']) out[name] = (await failure(name)).message;`,
    );
    expect(result['tools.mjs']).toBe(
      `module "tools.mjs" (./tools.mjs) could not be loaded: SyntaxError: Unexpected token ';' (at ./tools.mjs:3)`,
    );
    expect(result['top']).toBe(
      `module "top" (./top.mjs) could not be loaded: SyntaxError: Unexpected token ';' (at ./lib/part.mjs:2)`,
    );
    expect(result['tools.cjs']).toBe(
      `module "tools.cjs" (./tools.cjs) could not be loaded: SyntaxError: Unexpected token ';' (at ./tools.cjs:2)`,
    );
    expect(result['wants']).toMatch(/does not provide an export named 'nothing' \(at \.\/wants\.mjs:2\)$/);
  });

  it('is tried again at the next call', async () => {
    const base = folderOf({
      'flaky.mjs': `globalThis.tries = (globalThis.tries ?? 0) + 1; if (globalThis.tries < 3) throw new Error('try ' + globalThis.tries); export const hello = () => 'at last';`,
      'broken.mjs': `import { part } from './part.mjs'; export const hello = () => part;`,
      'part.mjs': `export const part = ;`,
      'broken.cjs': `exports.hello = () => require('./part.cjs');\nexports.hello();`,
      'part.cjs': `throw new Error('not yet');`,
      'lacks.mjs': `import './later.mjs'; export const hello = () => 'later';`,
      'node_modules/late/index.js': `require('./inner.js'); exports.hello = () => 'installed';`,
      'node_modules/late/inner.js': `globalThis.inner = (globalThis.inner ?? 0) + 1; if (globalThis.inner < 2) throw new Error('inner');`,
      'node_modules/late-esm/package.json': `{ "type": "module", "exports": "./index.js" }`,
      'node_modules/late-esm/index.js': `import './inner.js'; export const hello = () => 'installed module';`,
      'node_modules/late-esm/inner.js': `globalThis.innerEsm = (globalThis.innerEsm ?? 0) + 1; if (globalThis.innerEsm < 2) throw new Error('inner');`,
    });
    const result = await inChild(
      base,
      `
      out.flaky = [(await failure('flaky.mjs')).cause, (await failure('flaky.mjs')).cause, (await load('flaky.mjs')).hello()];
      const before = await failure('broken.mjs');
      const again = await failure('broken.mjs');
      out.unchanged = before.message === again.message;
      write('part.mjs', 'export const part = "fixed";');
      out.broken = (await load('broken.mjs')).hello();
      out.cjs = [(await failure('broken.cjs')).cause];
      write('part.cjs', 'module.exports = "fixed too"');
      out.cjs.push((await load('broken.cjs')).hello());
      out.lacks = [(await failure('lacks')).code];
      write('later.mjs', '');
      out.lacks.push((await load('lacks')).hello());
      out.installed = [(await failure('late')).cause, (await load('late')).hello()];
      out.installedEsm = [(await failure('late-esm')).cause, (await load('late-esm')).hello()];
      out.appears = [(await failure('appears')).code];
      write('appears.mjs', 'export const hello = () => "here"');
      out.appears.push((await load('appears')).hello());
      `,
    );
    expect(result).toEqual({
      warnings: [],
      flaky: ['try 1', 'try 2', 'at last'],
      unchanged: true,
      broken: 'fixed',
      cjs: ['not yet', 'fixed too'],
      lacks: ['module_failed', 'later'],
      installed: ['inner', 'installed'],
      installedEsm: ['inner', 'installed module'],
      appears: ['module_not_found', 'here'],
    });
  });

  it('does not reset the state of another module when it is tried again', async () => {
    const base = folderOf({
      'good.mjs': `import { state } from './shared.mjs'; export const hello = () => state;`,
      'bad.mjs': `import { state } from './shared.mjs'; if (state.size === 0) throw new Error('empty'); export const hello = () => state;`,
      'shared.mjs': `export const state = new Set();`,
    });
    const result = await inChild(
      base,
      `
      const state = (await load('good')).hello();
      out.first = (await failure('bad')).cause;
      state.add(1);
      out.shared = (await load('bad')).hello() === state;
      `,
    );
    expect(result).toMatchObject({ first: 'empty', shared: true });
  });
});
