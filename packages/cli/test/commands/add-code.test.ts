/** What `add tool` reads of code, and what it writes into it. */
import { readArgument } from '../../src/commands/add-arguments.js';
import { readCode } from '../../src/commands/add-code.js';
import type { NewFunction } from '../../src/commands/add-stub.js';
import { camelCase, isIdentifier, withFunction } from '../../src/commands/add-stub.js';
import { errorsOf } from '../typescript/compile.js';

const made = (more: Partial<NewFunction> = {}, ...words: string[]): NewFunction => ({
  ...{ name: 'added', tool: 'added', description: undefined, arguments: words.map(readArgument) },
  ...more,
});

describe('readCode', () => {
  it.each<[file: string, text: string, exported: string[], declared: string[]]>([
    ['a.mjs', 'export function a() {}', ['a'], ['a']],
    ['a.mjs', 'export const { b, x: [c, ...d], y: e = 1 } = f, g = 1;', ['b', 'c', 'd', 'e', 'g'], ['b', 'c', 'd', 'e', 'g']],
    ['a.mjs', 'function a() {} export { a as b, c as "d-e" }; let c;', ['b', 'd-e'], ['a', 'c']],
    ['a.mjs', "import x, { y as z } from 'y'; import * as w from 'w';", [], ['x', 'z', 'w']],
    ['a.mjs', "export { a } from 'b'; export * from 'c';", ['a'], []],
    ['a.mjs', 'export default { a, b() {}, "c": 1 }; const a = 1;', ['a', 'b', 'c'], ['a']],
    ['a.mjs', '#!/usr/bin/env node\nexport default class A {}', ['A'], ['A']],
    ['a.cjs', 'exports.a = 1; module.exports.b = 2; function c() {} return;', ['a', 'b'], ['c']],
    ['a.js', 'module.exports = { a, b: 1 }; var a;', ['a', 'b'], ['a']],
    ['a.js', 'other.exports.a = 1; x = 2;', [], []],
    ['a.mts', 'interface A { a: 1 } export const b = <T,>(x: T): T => x; type C = 1;', ['b'], ['b']],
    ['a.ts', "import type { A } from 'a'; const ü: string = 'ä'; export { ü };", ['ü'], ['ü']],
  ])('%s: %s', async (file, text, exported, declared) => {
    const code = await readCode(text, file);
    expect([...code.exported].sort()).toEqual([...exported].sort());
    expect([...code.declared].sort()).toEqual([...declared].sort());
  });

  it.each([
    'class A { a() {} static b = 1; ["c"]() {} #d; "e"() {} }',
    'export class A { a() {} static b = 1; "e"() {} }',
    'export default class A { a() {} b; e; }',
    'const A = class { a() {} b; e; };',
    'exports.A = class { a() {} b; e; };',
  ])('finds the class of %s', async (text) => {
    const found = (await readCode(text, 'a.js')).classes.get('A')!;
    expect(['a', 'b', 'c', 'e', 'z'].filter((name) => found.members.has(name))).toEqual(['a', 'b', 'e']);
    expect(text.slice(found.end)).toMatch(/^\};?$/);
  });

  it.each([
    ['a.mjs', 'export const a = 1;\nexport function (', ':2: Unexpected token'],
    ['a.js', 'const a = 1;\n)', ':2: Unexpected token'],
    ['a.ts', 'const a = 1;\nenum B { C }', 'enum'],
    ['a.mjs', 'return;', ':1: '],
  ])('refuses %s: %j', async (file, text, message) => {
    const failed = readCode(text, file);
    await expect(failed).rejects.toThrow(`cannot read ${file}`);
    await expect(failed).rejects.toThrow(message);
  });
});

describe('withFunction', () => {
  const add = async (text: string, file: string, more: Partial<NewFunction> = {}, ...words: string[]): Promise<string> => {
    const code = await readCode(text, file);
    const added = withFunction(text, code, file, code.isModule || /\.m/.test(file) ? 'module' : 'commonjs', made(more, ...words));
    expect(added.text.split('\n')[added.line - 1]).toContain('async ');
    const after = await readCode(added.text, file);
    expect(after.exported.has('added') || after.classes.get('A')?.members.has('added')).toBe(true);
    return added.text;
  };

  it.each([
    ['', "export async function added() {\n  throw new Error('added has no code yet');\n}\n"],
    ['export {};', "export {};\n\nexport async function added() {\n  throw new Error('added has no code yet');\n}\n"],
    ['export {};\n\n', "export {};\n\nexport async function added() {\n  throw new Error('added has no code yet');\n}\n"],
    [
      'export {};\r\n',
      "export {};\r\n\r\nexport async function added() {\r\n  throw new Error('added has no code yet');\r\n}\r\n",
    ],
  ])('adds to %j', async (text, after) => {
    expect(await add(text, 'a.mjs')).toBe(after);
  });

  it('adds to CommonJS, also behind module.exports', async () => {
    const text = await add('module.exports = { a: 1 };\n', 'a.cjs', {}, 'a!');
    expect(text).toContain('\nmodule.exports.added = async function added({ a }) {\n');
    const module = { exports: {} as Record<string, (args: object) => Promise<void>> };
    new Function('module', 'exports', text)(module, module.exports);
    await expect(module.exports['added']!({ a: 'x' })).rejects.toThrow('added has no code yet');
    expect(module.exports['a']).toBe(1);
  });

  it.each([
    ['class A {\n  a() {} // last }\n}\nexport { A };\n', 'class A {\n  a() {} // last }\n\n  async added() {'],
    ['export class A {}\n', 'export class A {\n  async added() {\n    throw'],
    ['export class A { a() {} }\n', 'export class A { a() {}\n\n  async added() {'],
    ['{\n\tlet x;\n}\nexport class A {\n\ta() {}\n}', 'export class A {\n\ta() {}\n\n\tasync added() {\n\t\tthrow'],
    ['export class A {\n  a = `\n}`;\n}', 'a = `\n}`;\n\n  async added() {'],
  ])('adds a method to %j', async (text, start) => {
    const after = await add(text, 'a.js', { className: 'A' });
    expect(after).toContain(start);
    expect(
      after.replace(/\n*[ \t]+async added\(\) \{\s*throw new Error\('added has no code yet'\);\s*\}/, '').replace(/\s/g, ''),
    ).toBe(text.replace(/\s/g, ''));
  });

  it('makes a file, with a class if it is wanted', () => {
    const { text, line } = withFunction(undefined, undefined, 'a.mjs', 'module', made({ className: 'A' }));
    expect([text, line]).toEqual([
      "export class A {\n  async added() {\n    throw new Error('added has no code yet');\n  }\n}\n",
      2,
    ]);
    expect(withFunction(undefined, undefined, 'a.cjs', 'commonjs', made({ className: 'A' })).text).toMatch(
      /^module\.exports\.A = class A/,
    );
  });

  it('writes types that compile, in which defaults are always there', async () => {
    const words = [
      'city:string! Where',
      'days:integer=3',
      'unit:a|b',
      'max-results:number[]',
      'class',
      'number:number!',
      'x:object',
    ];
    const text = await add('export {};\n', 'a.mts', { description: 'ends */ here\nasync too' }, ...words);
    expect(text).toContain(
      `added({ city, days, unit, 'max-results': maxResults, class: classValue, number, x }: { city: string; days: number; unit?: 'a' | 'b';`,
    );
    expect(errorsOf({ 'a.mts': text }, { noUnusedParameters: false, noUnusedLocals: false })).toEqual([]);
  });

  it('gives parameters different names', async () => {
    const text = await add('', 'a.mjs', {}, 'maxResults', 'max-results', 'max_results', 'max.results', '1st', 'eval');
    expect(text).toContain(
      "{ maxResults, 'max-results': maxResults_, max_results, 'max.results': maxResults__, '1st': _1st, eval: evalValue }",
    );
  });
});

describe('the name of a function', () => {
  it.each([
    ['get_weather', 'getWeather'],
    ['get-weather.now', 'getWeatherNow'],
    ['GetWeather', 'getWeather'],
    ['delete', 'deleteTool'],
    ['2fa', '_2fa'],
    ['--', 'tool'],
  ])('of the tool %s is %s', (tool, name) => {
    expect(camelCase(tool, 'Tool')).toBe(name);
    expect(isIdentifier(name)).toBe(true);
  });
});
