import type { JsonObject } from '../../src/base/json.js';
import { listedOutput } from '../../src/schema/listed-output.js';

const both = (schema: JsonObject): (JsonObject | undefined)[] => [listedOutput(schema, 'legacy'), listedOutput(schema, 'modern')];

describe('an outputSchema, as clients are shown it', () => {
  it('is the schema itself, if every client understands it', () => {
    const schema = {
      type: 'object',
      $defs: { x: { pattern: '^a$' } },
      properties: { a: { $ref: '#/$defs/x' }, b: { items: {} } },
    };
    for (const shown of both(schema)) expect(shown).toBe(schema);
  });

  it('has no names: references lead to places', () => {
    expect(both({ $id: 'a', properties: { b: { $ref: '#' } } })).toEqual([
      { properties: { b: { $ref: '#' } } },
      { properties: { b: { $ref: '#' } } },
    ]);
    const named = {
      $id: 'https://example.com/a',
      $defs: { 'b c': { $id: 'b', $defs: { d: { $anchor: 'e' } } }, f: { $anchor: 'g' } },
      properties: { b: { $ref: 'b' }, d: { $ref: 'b#/$defs/d' }, e: { $ref: 'b#e' }, g: { $ref: '#g' }, a: { $ref: 'a' } },
    };
    const placed = {
      $defs: { 'b c': { $defs: { d: {} } }, f: {} },
      properties: {
        b: { $ref: '#/$defs/b%20c' },
        d: { $ref: '#/$defs/b%20c/$defs/d' },
        e: { $ref: '#/$defs/b%20c/$defs/d' },
        g: { $ref: '#/$defs/f' },
        a: { $ref: '#' },
      },
    };
    expect(both(named)).toEqual([placed, placed]);
    const twice = { properties: { a: { $anchor: 'x' }, b: { $anchor: 'x' } } };
    expect(both(twice)).toEqual([{ properties: { a: {}, b: {} } }, { properties: { a: {}, b: {} } }]);
    const dynamic = { $id: 'a', $defs: { b: { $dynamicAnchor: 'c' } }, properties: { b: { $dynamicRef: '#c' } } };
    for (const shown of both(dynamic)) expect(shown).toBe(dynamic);
  });

  it('is not shown if a reference leads to what has moved, or is in an unknown keyword and was not rewritten', () => {
    const moved = { properties: { a: { items: [{}] }, b: { $ref: '#/properties/a/items/0' } } };
    const unknown = { parts: { a: { pattern: '\\-' } }, properties: { b: { $ref: '#/parts/a' } } };
    const nowhere = { properties: { b: { $ref: 'https://example.com/else' } } };
    for (const schema of [moved, unknown, nowhere]) expect(both(schema)).toEqual([undefined, undefined]);
  });

  it('has patterns that are valid with the flag u, wherever they are', () => {
    const schema = { propertyNames: { pattern: '\\-' }, not: { patternProperties: { '\\:': {} } } };
    for (const shown of both(schema))
      expect(shown).toEqual({ propertyNames: { pattern: '-' }, not: { patternProperties: { ':': {} } } });
  });

  it('is not shown if two patterns would become one', () => {
    expect(both({ patternProperties: { '\\-': { type: 'string' }, '-': { minLength: 1 } } })).toEqual([undefined, undefined]);
  });

  it('has, for older clients, nothing that refuses more in draft-07', () => {
    const tuple = { prefixItems: [{}], items: false };
    const none = { contains: {}, minContains: 0 };
    const schema = { properties: { tuple, none } };
    expect(both(schema)).toEqual([{ properties: { tuple: { prefixItems: [{}] }, none: { minContains: 0 } } }, schema]);
  });

  it('accepts one alternative or several, and forbids nothing, where a client could read a part differently', () => {
    const texts = { prefixItems: [{ type: 'string' }] };
    const schema = {
      properties: { a: { oneOf: [texts, {}] }, b: { not: texts }, c: { if: texts, then: false }, d: { not: {} } },
    };
    expect(both(schema)).toEqual([
      { properties: { a: { anyOf: [texts, {}] }, b: {}, c: { then: false }, d: { not: {} } } },
      schema,
    ]);
    const cents = { type: 'number', multipleOf: 0.01 };
    const price = {
      oneOf: [cents, { type: 'integer' }],
      contains: cents,
      maxContains: 1,
      not: { $ref: '#/$defs/a' },
      $defs: { a: {} },
    };
    const shown = { anyOf: [{ type: 'number' }, { type: 'integer' }], contains: { type: 'number' }, $defs: { a: {} } };
    expect(both(price)).toEqual([shown, shown]);
    expect(both({ multipleOf: 5 })).toEqual([{ multipleOf: 5 }, { multipleOf: 5 }]);
  });

  it('does not say what is left over where alternatives or parts are left out', () => {
    const schema = { prefixItems: [{}], items: {}, unevaluatedItems: false };
    expect(both(schema)).toEqual([{ prefixItems: [{}] }, schema]);
    const closed = { allOf: [{ properties: { a: {} } }], unevaluatedProperties: false };
    expect(both(closed)).toEqual([closed, closed]);
    expect(both({ ...closed, oneOf: [{}] })).toEqual([
      { allOf: closed.allOf, oneOf: [{}] },
      { allOf: closed.allOf, oneOf: [{}] },
    ]);
  });

  it('has nothing that ajv cannot compile or run', () => {
    const shown = (schema: JsonObject): unknown => {
      const [legacy, modern] = both(schema);
      expect(legacy).toEqual(modern);
      return modern;
    };
    expect(shown({ nullable: true, anyOf: [{ nullable: false, type: 'null' }] })).toEqual({ anyOf: [{ type: 'null' }] });
    expect(shown({ dependencies: { a: { pattern: '\\-' }, b: ['a'] } })).toEqual({
      dependencies: { a: { pattern: '-' }, b: ['a'] },
    });
    expect(shown({ patternProperties: { a: {} }, if: {}, then: { properties: { b: {} } } })).not.toHaveProperty('if');
    expect(shown({ properties: { constructor: { type: 'string' }, a: {} }, dependentRequired: { toString: ['a'] } })).toEqual({
      properties: { a: {} },
      patternProperties: { '^constructor$': { type: 'string' } },
      dependentRequired: {},
    });
  });

  it('has nothing beside a reference that turns it off', () => {
    const $schema = 'http://json-schema.org/draft-07/schema#';
    const definitions = { a: { type: 'object' } };
    const schema = { $schema, $ref: '#/definitions/a', type: 'object', title: 'A', minProperties: 1, const: 1, definitions };
    expect(both(schema)).toEqual([
      { $schema, $ref: '#/definitions/a', type: 'object', title: 'A', definitions },
      { $schema, $ref: '#/definitions/a', title: 'A', definitions },
    ]);
  });

  it('has the keywords of its dialect in place of older ones', () => {
    const old = { id: 'a', properties: { n: { minimum: 0, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false } } };
    const limits = { properties: { n: { exclusiveMinimum: 0, maximum: 9 } } };
    expect(both(old)).toEqual([limits, limits]);
    expect(both({ items: [{}], additionalItems: false })).toEqual([{ prefixItems: [{}] }, { prefixItems: [{}] }]);
    const draft04 = { $schema: 'http://json-schema.org/draft-04/schema#', items: [{}] };
    const draft07 = { $schema: 'http://json-schema.org/draft-07/schema#', items: [{}] };
    expect(both(draft04)).toEqual([draft07, draft07]);
  });

  it('does not change the schema that was given', () => {
    const schema = Object.freeze({ $id: 'a', properties: Object.freeze({ n: Object.freeze({ pattern: '\\-' }) }) });
    expect(both(schema)).toEqual([{ properties: { n: { pattern: '-' } } }, { properties: { n: { pattern: '-' } } }]);
  });
});
