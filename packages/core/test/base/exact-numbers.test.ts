import { exactJson, exactJsonWithout, keepNumberText, numberText, withNumberTexts } from '../../src/base/exact-numbers.js';

/** What JavaScript makes of the texts below. */
const BIG = Number('9223372036854775807');

describe('a number whose text is kept', () => {
  it('is encoded as it was written, in objects and in arrays', () => {
    const list = [1, BIG, BIG];
    const value = { a: BIG, b: { list }, c: BIG, d: '9223372036854775807' };
    keepNumberText(value, 'a', '9223372036854775807');
    keepNumberText(list, 1, '9223372036854775806');
    expect(exactJson(value)).toBe(
      '{"a":9223372036854775807,"b":{"list":[1,9223372036854775806,9223372036854776000]},"c":9223372036854776000,"d":"9223372036854775807"}',
    );
    expect(numberText(list, 1)).toBe('9223372036854775806');
    expect(numberText(list, 2)).toBeUndefined();
  });

  it('is not used for another value that took its place', () => {
    const value: { a: unknown } = { a: BIG };
    keepNumberText(value, 'a', '9223372036854775807');
    value.a = 'text';
    expect(exactJson(value)).toBe('{"a":"text"}');
  });

  it('is that of a copy too, if the copy was given the texts', () => {
    const value = { a: BIG };
    keepNumberText(value, 'a', '9223372036854775807');
    expect(exactJson({ ...value })).toBe('{"a":9223372036854776000}');
    expect(exactJson(withNumberTexts({ ...value, b: 1 }, value))).toBe('{"a":9223372036854775807,"b":1}');
  });
});

it('members that are left out become null, and the other numbers stay exact', () => {
  const value = { text: 'long', id: 9223372036854776000 };
  expect(exactJsonWithout(value, ['text'])).toBe('{"text":null,"id":9223372036854776000}');
  keepNumberText(value, 'id', '9223372036854775807');
  expect(exactJsonWithout(value, ['text'])).toBe('{"text":null,"id":9223372036854775807}');
  expect(value.text).toBe('long');
});
