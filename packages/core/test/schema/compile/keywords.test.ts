import type { JsonObject } from '../../../src/base/json.js';
import { compileSchema } from '../../../src/schema/compile/compile-schema.js';

const seven = { $schema: 'http://json-schema.org/draft-07/schema#' };
const nineteen = { $schema: 'https://json-schema.org/draft/2019-09/schema' };

/** A JSON text whose names have to survive being read. */
const json = (text: string): unknown => JSON.parse(text);

type Row = [what: string, schema: JsonObject, good: readonly unknown[], bad: readonly unknown[]];

const rows: Record<string, Row[]> = {
  types: [
    ['integers are numbers without a fraction', { type: 'integer' }, [1, 1.0, -0, 1e300], [1.5, '1', null, true, Infinity, NaN]],
    ['numbers are finite', { type: 'number' }, [1.5, -1e308], [Infinity, NaN, '1']],
    ['a list is no object', { type: 'object' }, [{}], [[], null]],
    ['one of some types', { type: ['array', 'null', 'boolean', 'string'] }, [[], null, false, ''], [{}, 1]],
  ],
  equality: [
    [
      'properties in any order',
      { const: { a: [1], b: null } },
      [{ b: null, a: [1.0] }],
      [{ a: [1] }, { a: [1], b: null, c: 1 }, { a: [2], b: null }, [1]],
    ],
    ['null', { const: null }, [null], [0, false, '']],
    ['lists', { const: [1, 2] }, [[1, 2]], [[2, 1], [1], { 0: 1, 1: 2 }]],
    ['0 and -0 are one, false is another', { enum: [0, [false]] }, [0, -0, [false]], [false, [0], '0']],
    ['both enum and const', { enum: [1, 2], const: 2 }, [2], [1]],
    [
      'names that everything has',
      { const: json('{"__proto__":1}') as JsonObject },
      [json('{"__proto__":1}')],
      [{}, { constructor: 1 }],
    ],
    ['an undefined member is no member', { const: { a: 1 } }, [{ a: 1, b: undefined }], [{ a: undefined }]],
  ],
  numbers: [
    ['limits', { minimum: 0, maximum: 2 }, [0, 2, '3'], [-1, 3]],
    ['exclusive limits', { exclusiveMinimum: 0, exclusiveMaximum: 2 }, [1], [0, 2]],
    ['multiples in decimal digits', { multipleOf: 0.1 }, [0.3, 1.1, 4, -0.7, 0], [0.25, 1e-2]],
    ['small multiples', { multipleOf: 1e-7 }, [1e-7, 12.345678e-1, 1e22], [1.5e-8]],
    ['large multiples', { multipleOf: 3 }, [2 ** 53 + 4, 3e300], [1, 2 ** 53]],
    ['of a large number', { multipleOf: 1e100 }, [2e100, 0], [1e99]],
  ],
  texts: [
    ['characters, not code units', { minLength: 2, maxLength: 2 }, ['ab', '😀a', '😀😀', 5], ['😀', 'a', '😀😀😀', 'abc']],
    ['half an emoji is one', { maxLength: 2 }, ['\ud83d\ud83d'], ['\ud83d\ud83d\ude00\ude00']],
    ['patterns are searched for', { pattern: 'b+' }, ['abc', 1], ['ac']],
    ['patterns know Unicode', { pattern: '^\\p{Letter}.$' }, ['é😀'], ['1a']],
    ['patterns that Unicode mode refuses', { pattern: '^[\\w-.]+$' }, ['a-.b'], ['a b']],
    ['format is a note', { format: 'email', contentEncoding: 'base64' }, ['%'], []],
  ],
  objects: [
    ['own properties only', { required: ['constructor'] }, [{ constructor: 1 }], [{}]],
    ['own rules only', { properties: { toString: { type: 'string' } } }, [{}, { toString: 'x' }], [{ toString: 1 }]],
    [
      '__proto__ in the schema and the value',
      json('{"properties":{"__proto__":{"type":"string"}},"required":["__proto__"],"additionalProperties":false}') as JsonObject,
      [json('{"__proto__":"x"}')],
      [{}, json('{"__proto__":1}'), json('{"__proto__":"x","a":1}')],
    ],
    [
      'names that are not known',
      { properties: { a: {} }, patternProperties: { '^x': { type: 'number' } }, additionalProperties: false },
      [{ a: 1, x1: 1 }, [], { c: undefined }],
      [{ b: 1 }, { x1: 'a' }, { hasOwnProperty: 1 }],
    ],
    [
      'a pattern and a name',
      { properties: { ax: { minimum: 1 } }, patternProperties: { x: { maximum: 2 } } },
      [{ ax: 1 }],
      [{ ax: 0 }, { ax: 3 }],
    ],
    ['other properties', { additionalProperties: { type: 'string' } }, [{ a: 'x' }], [{ a: 1 }]],
    ['how many', { minProperties: 1, maxProperties: 2 }, [{ a: 1 }, 'x'], [{}, { a: 1, b: 2, c: 3 }, { a: undefined }]],
    ['names', { propertyNames: { pattern: '^a' } }, [{ ab: 1 }, {}, 1], [{ b: 1 }]],
    ['dependent names', { dependentRequired: { a: ['b'] } }, [{ b: 1 }, { a: 1, b: 1 }, 1], [{ a: 1 }]],
    [
      'dependent schemas',
      { dependentSchemas: { a: { required: ['b'] }, c: true } },
      [{ b: 1 }, { a: 1, b: 1 }, { c: 1 }],
      [{ a: 1 }],
    ],
    [
      'dependencies',
      { ...seven, dependencies: { a: ['b'], c: { required: ['d'] } }, dependentRequired: { b: ['z'] } },
      [{ a: 1, b: 1 }],
      [{ a: 1 }, { c: 1 }],
    ],
  ],
  arrays: [
    [
      'first items and others',
      { prefixItems: [{ type: 'string' }], items: { type: 'number' } },
      [['a', 1], [], {}],
      [[1], ['a', 'b']],
    ],
    ['no other items', { prefixItems: [true], items: false }, [[1]], [[1, 2]]],
    [
      'before 2020-12',
      { ...nineteen, items: [{ type: 'string' }], additionalItems: { type: 'number' } },
      [['a', 1]],
      [[1], ['a', 'b']],
    ],
    ['additionalItems alone', { ...seven, items: { type: 'string' }, additionalItems: false }, [['a', 'b']], [[1]]],
    ['how many', { minItems: 1, maxItems: 2.0 }, [[1], 'abc'], [[], [1, 2, 3]]],
    [
      'unique',
      { uniqueItems: true },
      [
        [1, '1', true, [1], { a: 1 }, [true], 'true', null],
        [
          { a: 1, b: 2 },
          { a: 2, b: 1 },
        ],
      ],
      [
        [1, 1.0],
        [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
        [[1], [1]],
        [0, -0],
        [[{ a: 'x' }], [{ a: 'x' }]],
      ],
    ],
    ['contains', { contains: { type: 'string' } }, [['a'], [1, 'a'], {}], [[], [1]]],
    [
      'contains some',
      { contains: { type: 'string' }, minContains: 2, maxContains: 3 },
      [['a', 1, 'b']],
      [['a'], ['a', 'b', 'c', 'd']],
    ],
    ['contains none', { contains: true, minContains: 0 }, [[], [1]], []],
    ['contains before 2019-09', { ...seven, contains: { type: 'string' }, minContains: 2 }, [['a']], [[1]]],
  ],
  combinations: [
    ['all', { allOf: [{ minimum: 1 }, { maximum: 2 }, true] }, [1, 2], [0, 3]],
    ['any', { anyOf: [{ type: 'string' }, { minimum: 1 }] }, ['a', 1], [0]],
    ['one', { oneOf: [{ type: 'integer' }, { minimum: 2 }, false] }, [1, 2.5, null].slice(0, 2), [3, 1.5]],
    ['none', { not: { type: 'string' } }, [1], ['a']],
    ['not anything', { not: {} }, [], [1]],
    ['if', { if: { type: 'string' }, then: { minLength: 2 }, else: { minimum: 2 } }, ['ab', 2], ['a', 1]],
    ['if alone', { if: false, then: false }, [1], []],
    ['then alone', { then: false, else: false }, [1], []],
  ],
  references: [
    ['itself', { properties: { a: { $ref: '#' } }, additionalProperties: false }, [{ a: { a: {} } }], [{ a: { b: 1 } }]],
    ['escaped places', { $defs: { 'a/b~%': { type: 'string' } }, $ref: '#/$defs/a~1b~0%25' }, ['x'], [1]],
    ['neighbours count', { $defs: { a: { minimum: 1 } }, $ref: '#/$defs/a', maximum: 2 }, [1], [0, 3]],
    [
      'neighbours before 2019-09',
      { ...seven, definitions: { a: { minimum: 1 } }, allOf: [{ $ref: '#/definitions/a', maximum: 2 }] },
      [1, 3],
      [0],
    ],
    ['anchors', { $defs: { a: { $anchor: 'x', type: 'string' } }, $ref: '#x' }, ['x'], [1]],
    ['anchors of draft-07', { ...seven, definitions: { a: { $id: '#x', type: 'string' } }, allOf: [{ $ref: '#x' }] }, ['x'], [1]],
    [
      'URIs',
      {
        $id: 'https://x.y/root',
        $defs: { a: { $id: 'sub/a', $defs: { b: { type: 'string' } }, $ref: '#/$defs/b' } },
        $ref: 'sub/a',
      },
      ['x'],
      [1],
    ],
    [
      'a place in another resource',
      { $id: 'urn:x:root', $defs: { a: { $id: 'urn:x:a', $defs: { b: { type: 'string' } } } }, $ref: 'urn:x:a#/$defs/b' },
      ['x'],
      [1],
    ],
    [
      'an $id inside a constant is none',
      { $defs: { a: { const: { $id: 'urn:x:a' } } }, const: { $ref: '#/$defs/a' } },
      [{ $ref: '#/$defs/a' }],
      [1],
    ],
    [
      'a place that no keyword knows',
      { somewhere: { a: { properties: { b: { $ref: '#/somewhere/c' } } }, c: { type: 'string' } }, $ref: '#/somewhere/a' },
      [{ b: 'x' }],
      [{ b: 1 }],
    ],
    [
      'to true and false',
      { $defs: { t: true, f: false }, properties: { a: { $ref: '#/$defs/t' }, b: { $ref: '#/$defs/f' } } },
      [{ a: 1 }],
      [{ b: 1 }],
    ],
    [
      'dynamic ones go to the outermost anchor',
      {
        $id: 'https://x.y/strings',
        $defs: {
          item: { $dynamicAnchor: 'item', type: 'string' },
          list: { $id: 'list', $defs: { item: { $dynamicAnchor: 'item' } }, items: { $dynamicRef: '#item' } },
        },
        $ref: 'list',
      },
      [['a']],
      [[1]],
    ],
    ['dynamic ones in one resource', { $defs: { a: { $dynamicAnchor: 'x', type: 'string' } }, $dynamicRef: '#x' }, ['a'], [1]],
    [
      'dynamic ones to a plain anchor',
      {
        $id: 'https://x.y/',
        $defs: { a: { $anchor: 'x', type: 'string' }, b: { $id: 'b', $dynamicAnchor: 'x' } },
        $dynamicRef: '#x',
      },
      ['a'],
      [1],
    ],
    [
      'recursive ones of 2019-09',
      {
        ...nineteen,
        $id: 'https://x.y/strict',
        $recursiveAnchor: true,
        $defs: { tree: { $id: 'tree', $recursiveAnchor: true, properties: { down: { $recursiveRef: '#' }, name: {} } } },
        $ref: 'tree',
        unevaluatedProperties: false,
      },
      [{ name: 1, down: { name: 2 } }],
      [{ nam: 1 }, { down: { nam: 1 } }],
    ],
    [
      'recursive ones in one resource',
      { ...nineteen, properties: { a: { $recursiveRef: '#' } }, additionalProperties: false },
      [{ a: {} }],
      [{ a: { b: 1 } }],
    ],
  ],
  unevaluated: [
    [
      'properties of all',
      { allOf: [{ properties: { a: {} } }], properties: { b: {} }, unevaluatedProperties: false },
      [{ a: 1, b: 1 }, 'x'],
      [{ c: 1 }],
    ],
    [
      'properties of those that fit',
      { anyOf: [{ properties: { a: { const: 1 } } }, { properties: { b: {} } }], unevaluatedProperties: false },
      [{ a: 1, b: 1 }, { b: 1 }],
      [{ a: 2 }, { a: 2, b: 1 }],
    ],
    [
      'properties of the one',
      {
        oneOf: [
          { required: ['a'], properties: { a: {} } },
          { required: ['b'], properties: { b: {} } },
        ],
        unevaluatedProperties: { type: 'string' },
      },
      [{ a: 1 }, { b: 1, c: 'x' }],
      [{ a: 1, c: 1 }],
    ],
    [
      'properties of a condition',
      {
        if: { properties: { a: { const: 1 } }, required: ['a'] },
        then: { properties: { b: {} } },
        else: { properties: { c: {} } },
        unevaluatedProperties: false,
      },
      [{ a: 1, b: 1 }, { c: 1 }],
      [{ a: 1, c: 1 }, { b: 1 }],
    ],
    [
      'properties behind references',
      {
        $defs: { a: { properties: { a: {} } } },
        $ref: '#/$defs/a',
        dependentSchemas: { a: { properties: { b: {} } } },
        unevaluatedProperties: false,
      },
      [{ a: 1, b: 1 }],
      [{ b: 1 }],
    ],
    [
      'properties by pattern and by all others',
      { allOf: [{ patternProperties: { '^x': true } }], unevaluatedProperties: false },
      [{ x1: 1 }],
      [{ y: 1 }],
    ],
    [
      'other properties are seen',
      { allOf: [{ additionalProperties: { type: 'number' } }], unevaluatedProperties: false },
      [{ a: 1 }],
      [{ a: 'x' }],
    ],
    [
      'nested unevaluated ones are seen',
      { allOf: [{ unevaluatedProperties: true }], unevaluatedProperties: false },
      [{ a: 1 }],
      [],
    ],
    ['not in not', { not: { not: { properties: { a: {} } } }, unevaluatedProperties: false }, [{}], [{ a: 1 }]],
    [
      'items',
      { prefixItems: [true], contains: { type: 'string' }, unevaluatedItems: { type: 'number' } },
      [[null, 'a', 1]],
      [[null, 'a', null]],
    ],
    ['items of all', { allOf: [{ items: true }], unevaluatedItems: false }, [[1]], []],
    [
      'items of those that fit',
      { anyOf: [{ prefixItems: [true] }, { prefixItems: [true, { const: 1 }] }], unevaluatedItems: false },
      [[0], [0, 1]],
      [
        [0, 2],
        [0, 1, 2],
      ],
    ],
    ['items that contains has met, 2019-09', { ...nineteen, contains: { type: 'string' }, unevaluatedItems: false }, [], [['a']]],
    ['not in draft-07', { ...seven, unevaluatedProperties: false, unevaluatedItems: false }, [{ a: 1 }, [1]], []],
  ],
};

describe.each(Object.entries(rows))('%s', (_, group) => {
  it.each(group)('%s', (_what, schema, good, bad) => {
    const check = compileSchema(schema);
    for (const value of good) expect([value, check(value)]).toEqual([value, { ok: true, value }]);
    for (const value of bad)
      expect([value, check(value)]).toEqual([value, { ok: false, problems: [expect.any(String), ...more(check(value))] }]);
  });
});

/** The problems after the first: there is at least one, and each is a text. */
function more(result: ReturnType<ReturnType<typeof compileSchema>>): unknown[] {
  return result.ok ? [] : result.problems.slice(1).map(() => expect.any(String));
}
