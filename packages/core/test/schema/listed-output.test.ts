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

  it('has no $id at its root, unless a reference needs it', () => {
    expect(both({ $id: 'a', properties: { b: { $ref: '#' } } })).toEqual([
      { properties: { b: { $ref: '#' } } },
      { properties: { b: { $ref: '#' } } },
    ]);
    const needed = { $id: 'https://example.com/a', $defs: { b: {} }, properties: { b: { $ref: 'a#/$defs/b' } } };
    const nested = { $id: 'https://example.com/a', $defs: { b: { $id: 'b' } } };
    for (const shown of [...both(needed), ...both(nested)]) expect(shown).toHaveProperty('$id');
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
    const schema = { properties: { tuple, none }, not: tuple };
    expect(both(schema)).toEqual([
      { properties: { tuple: { prefixItems: [{}] }, none: { minContains: 0 } }, not: tuple },
      schema,
    ]);
  });

  it('has the keywords of its dialect in place of older ones', () => {
    const old = { id: 'a', properties: { n: { minimum: 0, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false } } };
    const limits = { properties: { n: { exclusiveMinimum: 0, maximum: 9 } } };
    expect(both(old)).toEqual([limits, limits]);
    expect(both({ items: [{}], additionalItems: false })).toEqual([{ prefixItems: [{}] }, { prefixItems: [{}], items: false }]);
    const draft04 = { $schema: 'http://json-schema.org/draft-04/schema#', items: [{}] };
    const draft07 = { $schema: 'http://json-schema.org/draft-07/schema#', items: [{}] };
    expect(both(draft04)).toEqual([draft07, draft07]);
  });

  it('does not change the schema that was given', () => {
    const schema = Object.freeze({ $id: 'a', properties: Object.freeze({ n: Object.freeze({ pattern: '\\-' }) }) });
    expect(both(schema)).toEqual([{ properties: { n: { pattern: '-' } } }, { properties: { n: { pattern: '-' } } }]);
  });
});
