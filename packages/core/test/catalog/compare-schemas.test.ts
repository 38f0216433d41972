import fc from 'fast-check';

import type { JsonObject } from '../../src/base/json.js';
import { isObject } from '../../src/base/json.js';
import { compareSchemas } from '../../src/catalog/compare-schemas.js';
import { checkSchema } from '../../src/schema/check.js';
import { compileSchema } from '../../src/schema/compile/compile-schema.js';

const name = fc.constantFrom('a', 'b', 'ab');
const small = fc.integer({ min: -1, max: 3 });
const scalar = fc.oneof(small, fc.constantFrom(0.5, 1.5, '', 'a', 'ab', true, false, null));
const record = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<JsonObject> =>
  fc.array(fc.tuple(name, values), { maxLength: 3 }).map((entries) => Object.fromEntries(entries));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3, depthSize: 'small' }, scalar, fc.array(tie('value'), { maxLength: 3 }), record(tie('value'))),
}));
const type = fc.constantFrom('array', 'boolean', 'integer', 'null', 'number', 'object', 'string');
const count = fc.integer({ min: 0, max: 3 });
const pattern = fc.constantFrom('^a', 'b$');

const { schema } = fc.letrec<{ schema: JsonObject | boolean }>((tie) => {
  const nested = tie('schema');
  const list = fc.array(nested, { minLength: 1, maxLength: 3 });
  const some = (keywords: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<JsonObject> =>
    fc.record(keywords, { requiredKeys: [] }).map((made) => ({ ...made }));
  const parts = [
    some({ type: fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 })) }),
    some({ enum: fc.array(value, { minLength: 1, maxLength: 3 }), const: value, title: fc.constant('x') }),
    some({ minimum: small, exclusiveMaximum: small, maximum: small, multipleOf: fc.constantFrom(0.5, 1, 2) }),
    some({ minLength: count, maxLength: count, pattern, minProperties: count, maxProperties: count }),
    some({ properties: record(nested), required: fc.uniqueArray(name, { maxLength: 2 }), additionalProperties: nested }),
    some({ properties: record(nested), required: fc.uniqueArray(name, { maxLength: 2 }) }),
    some({ patternProperties: fc.dictionary(pattern, nested, { maxKeys: 2 }), propertyNames: nested }),
    some({ prefixItems: list, items: nested, minItems: count, maxItems: count, uniqueItems: fc.boolean() }),
    some({ contains: nested, minContains: count, maxContains: count }),
    some({ allOf: list, anyOf: list }),
    some({ oneOf: list, not: nested, if: nested, then: nested, else: nested }),
    some({ dependentRequired: record(fc.uniqueArray(name, { maxLength: 2 })), dependentSchemas: record(nested) }),
    some({ unevaluatedProperties: nested, unevaluatedItems: nested }),
    some({ properties: record(fc.constant({ $ref: '#/$defs/x' })), items: fc.constant({ $ref: '#' }) }),
    fc.constant({ $ref: '#/$defs/x' }),
  ];
  const object = fc.tuple(fc.oneof(...parts), fc.oneof(...parts)).map(([one, two]) => ({ ...one, ...two }));
  return { schema: fc.oneof({ maxDepth: 3, depthSize: 'small' }, fc.boolean(), object, object) };
});

const root = fc
  .tuple(schema, schema)
  .map(([one, x]): JsonObject => ({ ...(isObject(one) ? one : { not: one }), $defs: { x } }))
  .filter((made) => checkSchema(made).length === 0);

/** A schema near another: one part of it is replaced. */
const near = fc.tuple(root, schema, schema, fc.nat({ max: 8 })).map(([before, part, x, choice]) => {
  const after = structuredClone(before);
  const objects: JsonObject[] = [];
  const walk = (at: unknown): void => {
    if (Array.isArray(at)) at.forEach(walk);
    else if (isObject(at)) {
      objects.push(at);
      Object.values(at).forEach(walk);
    }
  };
  walk(after);
  const target = objects[choice % objects.length] as JsonObject;
  if (isObject(part) && choice % 3 === 0) Object.assign(target, part);
  else if (choice % 3 === 1) Reflect.deleteProperty(target, Object.keys(target)[0] ?? '');
  else if (isObject(after['$defs'])) after['$defs']['x'] = x;
  return { before, after };
});

const IN_PLACE = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas', 'patternProperties', '$ref'];

/** A schema that refuses members that nobody sends: those that it does not declare, where it declares others. */
function closed(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const made: JsonObject = { ...schema };
  for (const key of ['properties', '$defs'])
    if (isObject(made[key]))
      made[key] = Object.fromEntries(Object.entries(made[key]).map(([member, part]) => [member, closed(part)]));
  if (Array.isArray(made['prefixItems'])) made['prefixItems'] = made['prefixItems'].map(closed);
  for (const key of ['items', 'additionalProperties']) if (key in made) made[key] = closed(made[key]);
  if (isObject(made['properties']) && !('additionalProperties' in made) && !IN_PLACE.some((key) => key in made))
    made['additionalProperties'] = false;
  return made;
}

const effects = (before: JsonObject, after: JsonObject): string[] =>
  compareSchemas(before, after).map(({ steps, effect }) => `${steps.join('/')}: ${effect}`);

describe('the comparison of schemas', () => {
  it('finds no change between equal schemas', () => {
    fc.assert(fc.property(root, (one) => expect(compareSchemas(one, structuredClone(one))).toEqual([])));
  });

  it.each([
    ['a schema near it', near],
    ['any other schema', fc.record({ before: root, after: root })],
  ])('says so whenever %s refuses a value that was accepted, or accepts one that was refused', (_, pairs) => {
    let [narrowed, widened] = [0, 0];
    fc.assert(
      fc.property(pairs, fc.array(value, { minLength: 5, maxLength: 10 }), ({ before, after }, values) => {
        fc.pre(checkSchema(after).length === 0);
        const found = compareSchemas(before, after).map(({ effect }) => effect);
        const [was, strict, is] = [before, closed(before) as JsonObject, after].map((made) => compileSchema(made));
        for (const each of values) {
          const accepted = was!(each).ok;
          const accepts = is!(each).ok;
          if (accepted && strict!(each).ok && !accepts) {
            narrowed += 1;
            expect(found.some((effect) => effect === 'narrower' || effect === 'either')).toBe(true);
          }
          if (!accepted && accepts) {
            widened += 1;
            expect(found.some((effect) => effect === 'wider' || effect === 'either')).toBe(true);
          }
        }
      }),
      { numRuns: 600 },
    );
    expect(narrowed).toBeGreaterThan(20);
    expect(widened).toBeGreaterThan(20);
  });

  it('judges keywords one by one', () => {
    const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'object', properties, ...more });
    const cases: [JsonObject, JsonObject, string[]][] = [
      [{ type: 'integer' }, { type: 'number' }, ['type: wider']],
      [{ type: ['string', 'null'] }, { type: 'string' }, ['type: narrower']],
      [{ type: 'string' }, { type: 'boolean' }, ['type: either']],
      [{ enum: ['a', 'b'] }, { enum: ['b', 'c', 'a'] }, ['enum: wider']],
      [{ enum: ['a', 'b'] }, { enum: ['b', 'a'] }, ['enum: none']],
      [{ minimum: 1 }, { minimum: 0 }, ['minimum: wider']],
      [{ minimum: 1 }, { minimum: 2 }, ['minimum: narrower']],
      [{}, { maxLength: 2 }, ['maxLength: narrower']],
      [{ maxLength: 2 }, {}, ['maxLength: wider']],
      [{ multipleOf: 4 }, { multipleOf: 2 }, ['multipleOf: wider']],
      [{ multipleOf: 2 }, { multipleOf: 3 }, ['multipleOf: either']],
      [{ pattern: 'a' }, { pattern: 'b' }, ['pattern: either']],
      [{ uniqueItems: false }, { uniqueItems: true }, ['uniqueItems: narrower']],
      [{ description: 'a' }, { description: 'b', 'x-y': 1 }, ['description: none', 'x-y: none']],
      [object({ a: {} }), object({ a: {}, b: { type: 'string' } }), ['properties/b: none']],
      [object({ a: {} }), object({ a: {}, b: {} }, { required: ['b'] }), ['properties/b: none', 'required: narrower']],
      [object({ a: {}, b: {} }), object({ a: {} }), ['properties/b: either']],
      [
        object({ a: {} }, { additionalProperties: false }),
        object({ a: {}, b: {} }, { additionalProperties: false }),
        ['properties/b: wider'],
      ],
      [{ type: 'object' }, object({ a: { type: 'string' } }), ['properties/a: either']],
      [
        object({}, { additionalProperties: true }),
        object({}, { additionalProperties: false }),
        ['additionalProperties: narrower'],
      ],
      [
        object({ a: { default: 1 } }, { required: ['a'] }),
        object({ a: {} }, { required: ['a'] }),
        ['properties/a/default: either'],
      ],
      [object({ a: { default: 1 } }), object({ a: { title: 'x' } }), ['properties/a/default: none', 'properties/a/title: none']],
      [{ anyOf: [{ type: 'string' }] }, { anyOf: [{ type: 'null' }, { type: 'string' }] }, ['anyOf/0: wider']],
      [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, { anyOf: [{ type: 'null' }] }, ['anyOf: narrower']],
      [{ allOf: [{ minimum: 1 }] }, { allOf: [{ minimum: 0 }] }, ['allOf/0/minimum: wider']],
      [{ oneOf: [{ minimum: 1 }] }, { oneOf: [{ minimum: 0 }] }, ['oneOf/0/minimum: either']],
      [{ not: { minimum: 1 } }, {}, ['not: wider']],
      [{ items: { type: 'string' } }, { items: { type: ['string', 'null'] } }, ['items/type: wider']],
      [{ items: [{}] }, { items: [{}, {}] }, ['items: either']],
      [{ prefixItems: [{}] }, { prefixItems: [{}, {}] }, ['prefixItems: either']],
      [
        { $ref: '#/$defs/x', $defs: { x: { maximum: 5 } } },
        { $ref: '#/$defs/y', $defs: { y: { maximum: 4 } } },
        ['$ref/maximum: narrower'],
      ],
      [
        { properties: { a: { $ref: '#' } }, required: [] },
        { properties: { a: { $ref: '#' } }, required: ['a'] },
        ['required: narrower'],
      ],
      [{ type: 'object', $defs: { x: {} } }, { type: 'object', $defs: { x: { type: 'null' } } }, [': none']],
      [{ $schema: 'http://json-schema.org/draft-07/schema#', minimum: 1 }, { minimum: 1 }, ['$schema: either']],
    ];
    for (const [before, after, expected] of cases)
      expect([before, after, effects(before, after)]).toEqual([before, after, expected]);
  });
});
