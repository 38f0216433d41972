import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';

import type { JsonObject } from '../../../src/base/json.js';
import { compileSchema } from '../../../src/schema/compile/compile-schema.js';

/** Few names and small numbers, so that schemas and values meet. */
const name = fc.constantFrom('a', 'b', 'ab', 'constructor', '__proto__');
const small = fc.integer({ min: -2, max: 3 });
const scalar = fc.oneof(small, fc.constantFrom(0.5, 1.5, 2 ** 53, '', 'a', 'ab', 'x😀', true, false, null));
const record = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<JsonObject> =>
  fc.array(fc.tuple(name, values), { maxLength: 3 }).map((entries) => Object.fromEntries(entries));

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3, depthSize: 'small' }, scalar, fc.array(tie('value'), { maxLength: 3 }), record(tie('value'))),
}));

const type = fc.constantFrom('array', 'boolean', 'integer', 'null', 'number', 'object', 'string');
const count = fc.integer({ min: 0, max: 3 });
const pattern = fc.constantFrom('^a', 'b$', '^[a-z]*$', '😀');

const { schema } = fc.letrec<{ schema: JsonObject | boolean }>((tie) => {
  const nested = tie('schema');
  const list = fc.array(nested, { minLength: 1, maxLength: 3 });
  const some = (keywords: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<JsonObject> =>
    fc.record(keywords, { requiredKeys: [] }).map((made) => ({ ...made }));
  const parts = [
    some({ type: fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 })) }),
    some({ enum: fc.array(value, { minLength: 1, maxLength: 3 }), const: value }),
    some({
      minimum: small,
      maximum: small,
      exclusiveMinimum: small,
      exclusiveMaximum: small,
      multipleOf: fc.constantFrom(0.5, 1, 2),
    }),
    some({ minLength: count, maxLength: count, pattern }),
    some({ properties: record(nested), required: fc.uniqueArray(name, { maxLength: 2 }), additionalProperties: nested }),
    some({
      patternProperties: fc.dictionary(pattern, nested, { maxKeys: 2 }),
      propertyNames: nested,
      minProperties: count,
      maxProperties: count,
    }),
    some({ prefixItems: list, items: nested, minItems: count, maxItems: count, uniqueItems: fc.boolean() }),
    // ajv is wrong about `contains: false` next to other keywords.
    some({ contains: nested.map((one) => one || { not: {} }), minContains: count, maxContains: count }),
    some({ allOf: list, anyOf: list, oneOf: list }),
    some({ not: nested }),
    some({ if: nested, then: nested, else: nested }),
    some({ dependentRequired: record(fc.uniqueArray(name, { maxLength: 2 })), dependentSchemas: record(nested) }),
    some({ unevaluatedProperties: nested, unevaluatedItems: nested }),
    some({ properties: record(fc.constant({ $ref: '#' })), items: fc.constant({ $ref: '#/$defs/x' }) }),
  ];
  const object = fc.tuple(fc.oneof(...parts), fc.oneof(...parts)).map(([one, two]) => ({ ...one, ...two }));
  return { schema: fc.oneof({ maxDepth: 3, depthSize: 'small' }, fc.boolean(), object, object) };
});

/** Whether a text has `__proto__` as a name: ajv ignores such properties. */
const hasProto = (text: string): boolean => text.includes('"__proto__"');

function ajvVerdict(root: JsonObject, given: unknown): boolean | undefined {
  try {
    const ajv = new Ajv2020({ allErrors: true, strict: false, validateSchema: false, logger: false, ownProperties: true });
    return ajv.compile(root)(given);
  } catch {
    // It cannot compile some schemas, such as an empty list of enum values or a schema that is only itself.
    return undefined;
  }
}

describe('a compiled schema', () => {
  it('accepts what ajv accepts', () => {
    let compared = 0;
    fc.assert(
      fc.property(schema, fc.oneof(schema), fc.array(value, { minLength: 1, maxLength: 4 }), (one, x, values) => {
        const root: JsonObject = { ...(typeof one === 'boolean' ? { not: one } : one), $defs: { x } };
        const check = compileSchema(root);
        for (const given of values) {
          if (hasProto(JSON.stringify([root, given]))) {
            check(given);
            continue;
          }
          const expected = ajvVerdict(root, given);
          if (expected === undefined) continue;
          compared += 1;
          const result = check(given);
          expect(result.ok).toBe(expected);
          if (result.ok) expect(result.value).toBe(given);
          else expect(result.problems.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300, seed: 20201208 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  it('reports problems within their limits for every invalid value, and never changes the value', () => {
    fc.assert(
      fc.property(schema, value, (one, given) => {
        const root: JsonObject = { ...(typeof one === 'boolean' ? { not: one } : one), $defs: { x: true } };
        const before = JSON.stringify(given);
        const result = compileSchema(root, { defaults: true })(given);
        if (!result.ok) {
          expect(result.problems.length).toBeGreaterThan(0);
          expect(result.problems.length).toBeLessThanOrEqual(10);
          expect(result.problems.every((problem) => problem.length <= 300)).toBe(true);
        }
        expect(JSON.stringify(given)).toBe(before);
      }),
      { numRuns: 500 },
    );
  });
});
