import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';

import { canonicalJson, equalJson } from '../../src/base/equality.js';

/** As deep as asked for, made without recursion. */
function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = { a: [value] };
  return value;
}

describe('equality of JSON values', () => {
  it.each<[string, unknown, unknown, boolean]>([
    ['members in another order', { a: 1, b: [2] }, { b: [2], a: 1 }, true],
    ['items in another order', [1, 2], [2, 1], false],
    ['a member that is undefined', { a: 1, b: undefined }, { a: 1 }, true],
    ['undefined members of different names', { a: undefined, b: 1 }, { b: 1, c: undefined }, true],
    ['0 and -0', [0], [-0], true],
    ['a list and an object', [1], { 0: 1 }, false],
    ['null and an empty object', null, {}, false],
    ['a number and its text', 1, '1', false],
    ['texts with quotes', ['a","b'], ['a', 'b'], false],
    ['a member that every object inherits', { constructor: 1 }, {}, false],
    ['an own __proto__', JSON.parse('{"__proto__":{}}'), {}, false],
  ])('judges %s', (_, a, b, expected) => {
    expect(equalJson(a, b)).toBe(expected);
    expect(equalJson(b, a)).toBe(expected);
    expect(canonicalJson(a) === canonicalJson(b)).toBe(expected);
  });

  it('is the same by comparison, by canonical text and by the platform', () => {
    const value = fc.jsonValue({ maxDepth: 3 }).map((given) => JSON.parse(JSON.stringify(given)) as unknown);
    fc.assert(
      fc.property(value, value, (a, b) => {
        const expected = isDeepStrictEqual(a, b);
        expect(equalJson(a, b)).toBe(expected);
        expect(canonicalJson(a) === canonicalJson(b)).toBe(expected);
        expect(equalJson(a, structuredClone(a))).toBe(true);
        expect(JSON.parse(canonicalJson(a))).toEqual(a);
      }),
      { numRuns: 1_000 },
    );
  });

  it('ends with an error at the depth that its caller sets', () => {
    const [one, two] = [nested(60), nested(60)];
    expect(equalJson(one, two)).toBe(true);
    expect(() => equalJson(one, two, 100)).toThrow(RangeError);
    expect(() => canonicalJson(one, 100)).toThrow(new RangeError('nested more than 100 levels deep'));
    expect(() => canonicalJson(nested(200_000))).toThrow(RangeError);
  });
});
