/** JSON Schemas in words. */
import type { Json } from '../../src/base/json.js';
import { resolve, rulesOf, typeText } from '../../src/form/describe.js';

const root = { $defs: { city: { type: 'string', minLength: 2 }, tree: { type: 'array', items: { $ref: '#/$defs/tree' } } } };

describe('the type of a schema in words', () => {
  it.each<[Json, string]>([
    [{ type: 'integer' }, 'integer'],
    [{ type: ['string', 'null'] }, 'string or null'],
    [{ type: 'array', items: { type: 'number' } }, 'list of number'],
    [{ type: 'array' }, 'list'],
    [{ $ref: '#/$defs/city' }, 'string'],
    [{ $ref: '#/nowhere' }, 'any value'],
    [{ anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'string' }] }, 'string or integer'],
    [{ oneOf: ['a', 'b', 'c', 'd'].map((value) => ({ const: value })) }, 'one of 4 forms'],
    [{ const: 'a\u202e' }, 'always "a‹U+202E›"'],
    [{ properties: {} }, 'object'],
    [{ enum: [1] }, 'choice'],
    [true, 'any value'],
    [false, 'nothing'],
  ])('%j: %s', (schema, words) => {
    expect(typeText(schema, root)).toBe(words);
  });

  it('ends where a schema refers to itself', () => {
    expect(typeText({ $ref: '#/$defs/tree' }, root)).toMatch(/^(list of )+…$/);
  });
});

describe('the rules of a schema in words', () => {
  it('names limits, choices and the default', () => {
    expect(rulesOf({ minimum: 1, maximum: 9, multipleOf: 2, default: 4 })).toEqual(['≥ 1', '≤ 9', 'multiple of 2', 'default 4']);
    expect(rulesOf({ pattern: '^a', maxItems: 3, uniqueItems: true })).toEqual([
      'pattern ^a',
      'at most 3 items',
      'no item twice',
    ]);
    const many = Array.from({ length: 14 }, (_, at) => at);
    expect(rulesOf({ enum: many })).toEqual([`one of ${many.slice(0, 12).join(', ')} and 2 more`]);
  });

  it('keeps what is beside a reference', () => {
    expect(resolve({ $ref: '#/$defs/city', description: 'Where' }, root)).toEqual({
      type: 'string',
      minLength: 2,
      description: 'Where',
    });
  });
});
