import { folderOf, inChild } from './support.js';

const ESM = { 'package.json': '{"type":"module"}' };
const COMMONJS = { 'package.json': '{"type":"commonjs"}' };

const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript);
/** Whether this Node fails by itself where it imports CommonJS in TypeScript that requires an ES module. */
const fails = stripsTypes && process.versions.node.startsWith('22.');

/** Puts the first line of a stack that is in the module into `out`. */
const stackOf = `const stackOf = (run) => { try { run(); } catch (e) { return e.stack.split('\\n').find((line) => line.includes(base)).trim().replaceAll(base, ''); } };`;

describe('a TypeScript module', () => {
  it('imports other TypeScript files by their names, or by the names that they have once compiled', async () => {
    const base = folderOf({
      ...ESM,
      'tools.ts': [
        `import type { Who } from './who.js';`,
        `import { type Greeting, greet } from './lib/greet.js';`,
        `import { bye } from './lib/bye.ts';`,
        `import plain from './plain.js';`,
        `export const hello = <T extends Who>(who: T): string[] => [greet(who satisfies Who), bye(who!), plain];`,
        `export class Counter { private n: number = 0; declare size: number; next(this: Counter, by?: number): number { return (this.n += by ?? 1); } }`,
      ].join('\n'),
      'who.ts': 'export type Who = string;',
      'lib/greet.ts': `export type Greeting = string;\nexport { greet } from './deep.mjs';`,
      'lib/deep.mts': `export const greet = (who: string): string => 'Hello, ' + who;`,
      'lib/bye.ts': `export const bye = (who: string) => 'Bye, ' + who as string;`,
      // The file that is there comes first.
      'plain.js': `export default 'from JavaScript';`,
      'plain.ts': `export default 'from TypeScript';`,
    });
    const result = await inChild(
      base,
      `const { hello, Counter } = await load('tools'); out.hello = hello('Ada'); out.next = new Counter().next(2);`,
    );
    expect(result).toEqual({ warnings: [], hello: ['Hello, Ada', 'Bye, Ada', 'from JavaScript'], next: 2 });
  });

  it('may be CommonJS: by its package, its extension or its code', async () => {
    const required = `const { part } = require('./part.js') as { part: (x: string) => string };\nconst hello = (who: string): string => part(who);\nmodule.exports = { hello };`;
    const part = `exports.part = (who: string): string => 'Hello, ' + who;`;
    const folder = (name: string, files: Record<string, string>) =>
      Object.fromEntries(Object.entries(files).map(([file, text]) => [`${name}/${file}`, text]));
    const base = folderOf({
      ...folder('package', { ...COMMONJS, 'tools.ts': required, 'part.ts': part }),
      ...folder('extension', { ...ESM, 'tools.cts': required.replace('part.js', 'part.cjs'), 'part.cts': part }),
      ...folder('code', { 'tools.ts': required, 'part.ts': part }),
      ...folder('module', {
        'tools.ts': `import { part } from './part.js';\nexport const hello = (x: string) => part(x);`,
        'part.ts': `export const part = (x: string): string => 'Hello, ' + x;`,
      }),
      ...folder('mixed', {
        ...COMMONJS,
        'tools.mts': `import * as ns from './part.js';\nexport const hello = (x: string): string => (ns as any).default.part(x);`,
        'part.ts': part,
      }),
    });
    const result = await inChild(
      base,
      `for (const name of ['package', 'extension', 'code', 'module', 'mixed']) out[name] = await load('./' + name + '/tools').then((m) => m.hello('Ada'), (e) => e.message);`,
    );
    const hello = 'Hello, Ada';
    expect(result).toEqual({ warnings: [], package: hello, extension: hello, code: hello, module: hello, mixed: hello });
  });

  (fails ? it.skip : it)('may require() an ES module (not on Node 22.18 and newer 22, which fail to)', async () => {
    const base = folderOf({
      'tools.cts': `const { part } = require('./part.mjs') as any;\nmodule.exports = { hello: (who: string): string => part(who) };`,
      'part.mts': `export const part = (who: string): string => 'Hello, ' + who;`,
    });
    const result = await inChild(base, `out.hello = (await load('tools')).hello('Ada');`, ['--no-warnings']);
    expect(result).toEqual({ warnings: [], hello: 'Hello, Ada' });
  });

  it('is loaded again after an edit, with the TypeScript that it imports, as an ES module and as CommonJS', async () => {
    const base = folderOf({
      ...ESM,
      'tools.ts': `import { part } from './part.js';\nimport old from './old.cjs';\nexport const hello = (): string => part + old.part;`,
      'part.ts': `export const part: string = 'one ';`,
      'old.cts': `const { part } = require('./older.cjs') as any;\nmodule.exports = { part };`,
      'older.cts': `exports.part = 'one' as string;`,
    });
    const result = await inChild(
      base,
      `
      watch();
      const first = await load('tools');
      write('part.ts', "export const part: string = 'two ';");
      out.files = (await change()).files.map((file) => file.slice(base.length + 1)).sort();
      const second = await load('tools');
      write('older.cts', "exports.part = 'three' as string;");
      await change(2);
      const third = await load('tools');
      out.hello = [first.hello(), second.hello(), third.hello()];
      `,
    );
    expect(result).toEqual({ warnings: [], files: ['part.ts', 'tools.ts'], hello: ['one one', 'two one', 'two three'] });
  });

  it('may be imported by JavaScript, at its first load and after an edit', async () => {
    const base = folderOf({
      'tools.mjs': `import { hello as typed } from './typed.mts';\nglobalThis.runs = (globalThis.runs ?? 0) + 1;\nexport const hello = () => [typed('Ada'), globalThis.runs];`,
      'typed.mts': `import { greet } from './greet.mjs';\nexport const hello = (who: string): string => greet(who);`,
      'greet.mts': `export const greet = (who: string): string => 'Hello, ' + who;`,
      'plain.mjs': `export const hello = () => 'plain';`,
    });
    const result = await inChild(
      base,
      `
      watch();
      out.plain = (await load('plain')).hello();
      const [first, other] = await Promise.all([load('tools'), load('typed')]);
      out.other = other.hello('Bob');
      write('greet.mts', "export const greet = (who: string): string => 'Bye, ' + who;");
      await change();
      out.hello = [first.hello(), (await load('tools')).hello()];
      `,
    );
    expect(result).toEqual({
      warnings: [],
      plain: 'plain',
      other: 'Hello, Bob',
      hello: [
        ['Hello, Ada', 1],
        ['Bye, Ada', 2],
      ],
    });
  });

  it('may be imported by JavaScript within a call, while its edits are watched', async () => {
    const base = folderOf({
      'tools.mjs': `export const hello = async () => (await import('./typed.mts')).hello('Ada');`,
      'typed.mts': `export const hello = (who: string): string => 'Hello, ' + who;`,
    });
    const result = await inChild(
      base,
      `
      watch();
      const { hello } = await load('tools');
      await watched();
      out.hello = await hello();
      `,
    );
    expect(result).toEqual({ warnings: [], hello: 'Hello, Ada' });
  });

  it('has errors with the line and column of its own text', async () => {
    const base = folderOf({
      ...ESM,
      'tools.ts': `import type { A } from './a.js';\n\nexport function esm(value: Record<string, number>): never { throw new Error('here'); }\nexport { fail } from './old.cjs';`,
      'old.cts': `interface Wide {\n  a: string;\n}\nexports.fail = function fail(wide: Wide): never { throw new Error('there'); };`,
      'top.ts': `type X = { a: 1 };\n\nthrow new Error('at the top' as string);\nexport {};`,
    });
    const result = await inChild(
      base,
      `${stackOf} const { esm, fail } = await load('tools'); out.stacks = [stackOf(() => esm({})), stackOf(() => fail({}))]; out.top = (await failure('top')).message;`,
    );
    expect(result).toEqual({
      warnings: [],
      stacks: [
        expect.stringMatching(/\(file:\/\/\/tools\.ts:3:67\)$/),
        expect.stringMatching(/[ (](?:file:\/\/)?\/old\.cts:4:57\)?$/),
      ],
      top: 'module "top" (./top.ts) could not be loaded: at the top (at ./top.ts:3)',
    });
  });

  it('is refused with the place of what is not TypeScript, or is more than types', async () => {
    const base = folderOf({
      ...ESM,
      'syntax.ts': `export const a = 1;\nexport const b: = 2;`,
      'imported.ts': `import './syntax.js';`,
      'enum.ts': `export const a = 1;\nenum Colour { Red }`,
      'namespace.ts': `namespace N { export const a = 1; }`,
      'property.ts': `export class A {\n  constructor(readonly a: string) {}\n}`,
      'twice.ts': `type A = 1;\nlet a: A = 1;\nlet a = 2;`,
      'old.cts': `const a: number = 1;\nconst b: = 2;`,
      'lost.ts': `import './nowhere.js';`,
    });
    const names = ['syntax', 'imported', 'enum', 'namespace', 'property', 'twice', 'old', 'lost'];
    const result = await inChild(
      base,
      `for (const name of ${JSON.stringify(names)}) out[name] = (await failure(name)).message.replaceAll(base, '');
       write('syntax.ts', 'export const b: number = 2;');
       out.repaired = (await load('imported'))[Symbol.toStringTag];`,
    );
    const failed = (name: string, why: string): unknown =>
      expect.stringMatching(new RegExp(`^module "${name.split('.')[0] ?? ''}" \\(\\./${name}\\) could not be loaded: .*${why}`));
    expect(result).toEqual({
      warnings: [],
      syntax: failed('syntax.ts', '\\(at \\./syntax\\.ts:2\\)$'),
      imported: failed('imported.ts', '\\(at \\./syntax\\.ts:2\\)$'),
      enum: failed('enum.ts', 'TypeScript enum is not supported in strip-only mode \\(at \\./enum\\.ts:2\\)$'),
      namespace: failed('namespace.ts', 'namespace .*\\(at \\./namespace\\.ts:1\\)$'),
      property: failed('property.ts', 'parameter property .*\\(at \\./property\\.ts:2\\)$'),
      twice: failed('twice.ts', `Identifier 'a' has already been declared \\(at \\./twice\\.ts:3\\)$`),
      old: failed('old.cts', '\\(at \\./old\\.cts:2\\)$'),
      lost: failed('lost.ts', 'nowhere\\.js'),
      repaired: 'Module',
    });
  });

  it('in an installed package is refused', async () => {
    const base = folderOf({
      'node_modules/typed/package.json': '{"name":"typed","main":"index.ts","type":"module"}',
      'node_modules/typed/index.ts': 'export const hello = (): string => "typed";',
      'own.ts': 'export const hello = (): string => "own";',
      ...ESM,
    });
    const result = await inChild(base, `out.own = (await load('own')).hello(); out.why = (await failure('typed')).message;`);
    expect(result).toEqual({
      warnings: [],
      own: 'own',
      why: 'module "typed" (./node_modules/typed/index.ts) could not be loaded: Node loads no TypeScript from node_modules: install a package that contains JavaScript',
    });
  });
});

describe('a process that loads JavaScript alone', () => {
  it('gets no hooks for TypeScript, and does not load what strips types', async () => {
    const base = folderOf({ 'tools.mjs': 'export const hello = () => 1;', 'typed.cts': 'exports.hello = (): number => 2;' });
    const result = await inChild(
      base,
      `
      const { createRequire, default: loader } = await import('node:module');
      const state = () => [Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('wasm-typescript')), loader._extensions['.ts']?.toString().includes('_compile') === true];
      const before = state();
      await load('tools');
      out.javascript = state().join() === before.join() && !state()[0];
      await load('typed');
      out.typescript = state()[0];
      `,
    );
    // Where Node strips types itself, nothing else ever does.
    expect(result).toEqual({ warnings: [], javascript: true, typescript: !stripsTypes });
  });
});
