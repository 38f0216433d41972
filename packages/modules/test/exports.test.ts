import { mergeExports } from '../src/exports.js';

const namespace = (members: Record<string, unknown>): Record<string, unknown> =>
  Object.assign(Object.create(null) as Record<string, unknown>, members);

describe('what a module exports', () => {
  it('without a default it is the namespace itself', () => {
    const given = namespace({ a: 1 });
    expect(mergeExports(given)).toBe(given);
  });

  it('named exports come before members of the default, and are read when they are asked for', () => {
    const given = namespace({ a: 'named', default: { a: 'member', b: 'member' } });
    const merged = mergeExports(given);
    expect({ ...merged }).toEqual({ a: 'named', b: 'member', default: { a: 'member', b: 'member' } });
    given['a'] = 'later';
    expect(merged['a']).toBe('later');
  });

  it('a member that is costly to read is not read', () => {
    const lazy = {
      get heavy(): never {
        throw new Error('read');
      },
      light: 1,
    };
    expect(mergeExports(namespace({ default: lazy }))['light']).toBe(1);
  });

  it('functions of an object keep their this, classes stay what they are', () => {
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

  it('a function by its name, with what hangs on it', () => {
    function hello(): void {}
    expect(Object.keys(mergeExports(namespace({ default: Object.assign(hello, { extra: 2 }) })))).toEqual([
      'default',
      'extra',
      'hello',
    ]);
    expect(Object.keys(mergeExports(namespace({ default: () => 1 })))).toEqual(['default']);
  });

  it('values that have no members', () => {
    for (const value of [null, undefined, 1, 'text', [1, 2], new Uint8Array(2)]) {
      expect(Object.keys(mergeExports(namespace({ default: value })))).toEqual(['default']);
    }
  });

  it('an ES module compiled to CommonJS', () => {
    const compiled = { __esModule: true, default: { inner: 1 }, other: 2 };
    const merged = mergeExports(namespace({ default: compiled, other: 2 }));
    expect(merged).toMatchObject({ default: { inner: 1 }, inner: 1, other: 2 });
  });
});
