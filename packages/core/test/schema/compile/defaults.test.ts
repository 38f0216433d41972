import fc from 'fast-check';

import type { JsonObject } from '../../../src/base/json.js';
import { compileSchema } from '../../../src/schema/compile/compile-schema.js';

function filled(schema: JsonObject, value: unknown): unknown {
  const result = compileSchema(schema, { defaults: true })(value);
  if (!result.ok) throw new Error(result.problems.join('; '));
  return result.value;
}

const node = {
  properties: { size: { default: 1 }, children: { type: 'array', items: { $ref: '#/$defs/node' } } },
};

describe('defaults', () => {
  it.each<[string, JsonObject, unknown, unknown]>([
    ['an argument', { properties: { a: { default: 1 }, b: {} } }, { b: 2 }, { a: 1, b: 2 }],
    ['a required argument', { properties: { a: { default: 1 } }, required: ['a'] }, {}, { a: 1 }],
    ['null and false', { properties: { a: { default: null }, b: { default: false } } }, {}, { a: null, b: false }],
    ['a property of an argument', { properties: { a: { properties: { b: { default: 1 } } } } }, { a: {} }, { a: { b: 1 } }],
    ['no property of a missing argument', { properties: { a: { properties: { b: { default: 1 } } } } }, {}, {}],
    ['a property of a default', { properties: { a: { default: {}, properties: { b: { default: 1 } } } } }, {}, { a: { b: 1 } }],
    [
      'a property of items',
      { properties: { a: { items: { properties: { b: { default: 1 } } } } } },
      { a: [{}, { b: 2 }, 3] },
      { a: [{ b: 1 }, { b: 2 }, 3] },
    ],
    ['the first items', { prefixItems: [true, { properties: { b: { default: 1 } } }] }, [{}, {}, {}], [{}, { b: 1 }, {}]],
    [
      'items before 2020-12',
      {
        $schema: 'http://json-schema.org/draft-07/schema#',
        items: [{ properties: { b: { default: 1 } } }],
        additionalItems: { properties: { c: { default: 2 } } },
      },
      [{}, {}],
      [{ b: 1 }, { c: 2 }],
    ],
    ['behind a reference', { $defs: { node }, $ref: '#/$defs/node' }, { children: [{}] }, { size: 1, children: [{ size: 1 }] }],
    [
      'behind a reference alone',
      {
        $schema: 'http://json-schema.org/draft-07/schema#',
        definitions: { n: { properties: { a: { default: 1 } } } },
        properties: { x: { $ref: '#/definitions/n', properties: { b: { default: 2 } } } },
      },
      { x: {} },
      { x: { a: 1 } },
    ],
    [
      'in all of some schemas',
      { allOf: [{ properties: { a: { default: 1 } } }, { properties: { b: { default: 2 } } }] },
      {},
      { a: 1, b: 2 },
    ],
    ['not in one of several', { anyOf: [{ properties: { a: { default: 1 } } }] }, {}, {}],
    ['undefined is missing', { properties: { a: { default: 1 } } }, { a: undefined }, { a: 1 }],
    ['a name that everything has', { properties: { constructor: { default: 1 } } }, {}, { constructor: 1 }],
  ])('%s', (_, schema, value, expected) => {
    const before = structuredClone(value);
    expect(filled(schema, value)).toEqual(expected);
    expect(value).toEqual(before);
  });

  it('of a property named __proto__ do not set the prototype', () => {
    const schema = JSON.parse('{"properties":{"__proto__":{"default":{"__proto__":{"x":1}}}}}') as JsonObject;
    const value = filled(schema, {}) as object;
    expect(JSON.stringify(value)).toBe('{"__proto__":{"__proto__":{"x":1}}}');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect('x' in value).toBe(false);
  });

  it('are copied for each call', () => {
    const initial = { list: [{ a: 1 }] };
    const check = compileSchema({ properties: { a: { default: initial } } }, { defaults: true });
    const [one, two] = [check({}), check({})].map((result) => result.ok && (result.value as { a: typeof initial }).a);
    expect(one).toEqual(initial);
    expect(one).not.toBe(two);
    expect(one && one.list[0]).not.toBe(initial.list[0]);
  });

  it('copy only the objects in which they are missing', () => {
    const schema = {
      properties: {
        a: { default: 1 },
        b: { properties: { c: { default: 1 } } },
        d: { items: { properties: { e: { default: 1 } } } },
      },
    };
    const full = { a: 1, b: { c: 2 }, d: [{ e: 1 }] };
    expect(filled(schema, full)).toBe(full);
    const partial = { b: { c: 2 }, d: [{ e: 1 }, {}] };
    const copy = filled(schema, partial) as typeof partial;
    expect(copy).toEqual({ a: 1, b: { c: 2 }, d: [{ e: 1 }, { e: 1 }] });
    expect(copy.b).toBe(partial.b);
    expect(copy.d[0]).toBe(partial.d[0]);
  });

  it.each([
    ['null for a string', { type: 'string', default: null }],
    ['an empty text for an enum', { type: 'string', enum: ['asc', 'desc'], default: '' }],
    ['a text for a number', { type: 'integer', default: '10' }],
    ['a text for a boolean', { type: 'boolean', default: 'false' }],
    ['a parent that misses a required member', { type: 'object', required: ['x'], default: {} }],
    ['a default behind a reference', { $ref: '#/$defs/text', default: 1 }],
    ['a default beside an allOf', { allOf: [{ type: 'string' }], default: 1 }],
    ['a list with an item that does not fit', { type: 'array', items: { type: 'string' }, default: [1] }],
  ])('that do not fit their own schema are left out: %s', (_, property) => {
    const schema = { properties: { a: property, limit: { default: 5 } }, $defs: { text: { type: 'string' } } };
    expect(compileSchema(schema, { defaults: true })({})).toEqual({ ok: true, value: { limit: 5 } });
  });

  it('that do not fit are left out inside objects and items too', () => {
    const inner = { type: 'object', properties: { a: { type: 'string', default: null }, b: { default: 1 } } };
    const check = compileSchema({ properties: { o: inner, l: { items: inner } } }, { defaults: true });
    expect(check({ o: {}, l: [{}] })).toEqual({ ok: true, value: { o: { b: 1 }, l: [{ b: 1 }] } });
  });

  it('that another part of the schema forbids do not make a valid value invalid', () => {
    const schema = { properties: { a: { default: 1 } }, allOf: [{ properties: { a: { const: 2 } } }] };
    const check = compileSchema(schema, { defaults: true });
    expect(check({})).toEqual({ ok: true, value: {} });
    expect(check({ a: 3 })).toMatchObject({ ok: false });
  });

  it('do not make a required argument optional by a value that does not fit', () => {
    const check = compileSchema({ properties: { a: { type: 'string', default: null } }, required: ['a'] }, { defaults: true });
    expect(check({})).toEqual({ ok: false, problems: ['missing required argument "a"'] });
  });

  it('are ignored in keywords that the dialect does not have', () => {
    const items = [{ $ref: '#/definitions/a', default: 2 }];
    const schema = { properties: { x: { prefixItems: items, default: 1 } }, definitions: { a: {} } };
    expect(filled({ $schema: 'http://json-schema.org/draft-07/schema#', ...schema }, {})).toEqual({ x: 1 });
  });

  it('are not filled into results', () => {
    const value = {};
    expect(compileSchema({ properties: { a: { default: 1 } } })(value)).toEqual({ ok: true, value: {} });
  });

  it('never change the given value', () => {
    const schema = { $defs: { node }, properties: { a: { default: [] }, tree: { $ref: '#/$defs/node' } } };
    fc.assert(
      fc.property(
        fc.record({ a: fc.jsonValue(), tree: fc.jsonValue(), children: fc.jsonValue() }, { requiredKeys: [] }),
        (value) => {
          const before = JSON.stringify(value);
          compileSchema(schema, { defaults: true })(value);
          expect(JSON.stringify(value)).toBe(before);
        },
      ),
    );
  });
});
