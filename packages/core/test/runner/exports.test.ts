import { mergeExports } from '../../src/runner/exports.js';

const namespace = (members: Record<string, unknown>): Record<string, unknown> =>
  Object.assign(Object.create(null) as Record<string, unknown>, members);

describe('the merged exports of a module', () => {
  it('are the namespace itself if there is no default export', () => {
    const given = namespace({ a: 1 });
    expect(mergeExports(given)).toBe(given);
  });

  it('prefer named exports to members of the default export, and read them on access', () => {
    const given = namespace({ a: 'named', default: { a: 'member', b: 'member' } });
    const merged = mergeExports(given);
    expect({ ...merged }).toEqual({ a: 'named', b: 'member', default: { a: 'member', b: 'member' } });
    given['a'] = 'later';
    expect(merged['a']).toBe('later');
  });

  it('do not read a member until it is accessed', () => {
    const lazy = {
      get heavy(): never {
        throw new Error('read');
      },
      light: 1,
    };
    expect(mergeExports(namespace({ default: lazy }))['light']).toBe(1);
  });

  it('bind functions to their object, and leave classes as they are', () => {
    class Klass {
      readonly name = 'Klass';
    }
    const standard = {
      who: 'me',
      hello(): string {
        return this.who;
      },
      Klass,
    };
    const { hello, Klass: found } = mergeExports(namespace({ default: standard })) as { hello: () => string; Klass: unknown };
    expect(hello()).toBe('me');
    expect(found).toBe(Klass);
  });

  it('have a default function by its name, and its members', () => {
    function hello(): void {}
    expect(Object.keys(mergeExports(namespace({ default: Object.assign(hello, { extra: 2 }) })))).toEqual([
      'default',
      'extra',
      'hello',
    ]);
    expect(Object.keys(mergeExports(namespace({ default: () => 1 })))).toEqual(['default']);
  });

  it('do not have the members of a default export that is neither an object nor a function', () => {
    for (const value of [null, undefined, 1, 'text', [1, 2], new Uint8Array(2)]) {
      expect(Object.keys(mergeExports(namespace({ default: value })))).toEqual(['default']);
    }
  });

  it('of an ES module compiled to CommonJS are those of the ES module', () => {
    const compiled = { __esModule: true, default: { inner: 1 }, other: 2 };
    const merged = mergeExports(namespace({ default: compiled, other: 2 }));
    expect(merged).toMatchObject({ default: { inner: 1 }, inner: 1, other: 2 });
  });
});
