/** For random schemas: every value that the schema accepts has the type. ajv and our own compiler say what is accepted. */
import { compileSchema } from '@mcp-daemon/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';

import { createNames } from '../../src/typescript/names.js';
import { print } from '../../src/typescript/print.js';
import { declareSchema } from '../../src/typescript/schema-type.js';
import type { Type } from '../../src/typescript/type.js';
import { literal } from '../../src/typescript/type.js';
import { errorsOf } from './compile.js';

type Schema = Record<string, unknown>;

/** Few names and small numbers, so that schemas and values meet. Some are no identifiers, and some are what all objects have. */
const name = fc.constantFrom('a', 'b', 'c-d', 'toString', 'constructor', "it's");
const scalar = fc.constantFrom<unknown>(0, 1, -2, 0.5, 1e21, '', 'a', 'b', "'\u2028", true, false, null);
const record = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.array(fc.tuple(name, values), { maxLength: 3 }).map((entries) => Object.fromEntries(entries));

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3, depthSize: 'small' }, scalar, fc.array(tie('value'), { maxLength: 3 }), record(tie('value'))),
}));

const type = fc.constantFrom('array', 'boolean', 'integer', 'null', 'number', 'object', 'string');
const count = fc.integer({ min: 0, max: 3 });
const reference = fc.constantFrom('#', '#/$defs/x', '#/$defs/y', '#anchor', 'https://example.com/elsewhere', '#/properties/a');

const { schema } = fc.letrec<{ schema: Schema | boolean }>((tie) => {
  const nested = tie('schema');
  const list = fc.array(nested, { minLength: 1, maxLength: 3 });
  const some = (keywords: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Schema> =>
    fc.record(keywords, { requiredKeys: [] }).map((made) => ({ ...made }));
  const required = fc.uniqueArray(name, { maxLength: 2 });
  const parts = [
    some({ type: fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 })) }),
    some({ enum: fc.array(value, { minLength: 1, maxLength: 3 }) }),
    some({ const: value, type }),
    some({ minimum: fc.constant(0), minLength: count, pattern: fc.constant('^a') }),
    some({ type: fc.constant('object'), properties: record(nested), required }),
    some({ properties: record(nested), required, additionalProperties: nested }),
    some({ patternProperties: fc.dictionary(fc.constantFrom('^a', 'b$'), nested, { maxKeys: 2 }), propertyNames: nested }),
    some({ prefixItems: list, items: nested, minItems: count, maxItems: count }),
    some({ type: fc.constant('array'), items: nested, contains: nested.map((one) => one || { not: {} }) }),
    some({ allOf: list, anyOf: list }),
    some({ oneOf: list, type }),
    some({ not: nested }),
    some({ if: nested, then: nested, else: nested }),
    some({ dependentRequired: record(required), dependentSchemas: record(nested) }),
    some({ unevaluatedProperties: nested, unevaluatedItems: nested }),
    some({ $ref: reference }),
    some({ $ref: reference, properties: record(fc.record({ $ref: reference })), items: fc.record({ $ref: reference }) }),
    some({ $dynamicRef: fc.constant('#') }),
  ];
  const object = fc.tuple(fc.oneof(...parts), fc.oneof(...parts)).map(([one, two]) => ({ ...one, ...two }));
  return { schema: fc.oneof({ maxDepth: 3, depthSize: 'small' }, fc.boolean(), object, object, object) };
});

const rooted = fc.tuple(schema, schema, schema).map(([root, x, y]): Schema => {
  const $defs = { x, y: { allOf: [y], $anchor: 'anchor' } };
  return { ...(typeof root === 'boolean' ? { allOf: [root] } : root), $defs };
});

/**
 * Whether a value is accepted by ajv and by our own compiler, or by one where the other cannot tell: ajv cannot compare
 * values with a member "toString", and we refuse circles of references.
 */
function acceptedBy(root: Schema): (value: unknown) => boolean {
  const verdicts: ((value: unknown) => boolean | undefined)[] = [];
  const add = (compile: () => (value: unknown) => boolean): void => {
    try {
      const validate = compile();
      verdicts.push((given) => {
        try {
          return validate(given);
        } catch {
          return undefined;
        }
      });
    } catch {
      // A reference to elsewhere, or a circle of references.
    }
  };
  add(() => {
    const validate = new Ajv2020({ strict: false, validateSchema: false, logger: false, ownProperties: true }).compile(root);
    return (given) => validate(given) === true;
  });
  add(() => {
    const check = compileSchema(root);
    return (given) => check(given).ok;
  });
  return (given) => {
    const found = verdicts.map((verdict) => verdict(given)).filter((verdict) => verdict !== undefined);
    return found.length > 0 && found.every(Boolean);
  };
}

/** Values that are near to the schema: those that it lists, alone, in objects and in arrays. */
function listedIn(part: unknown, found: unknown[] = []): unknown[] {
  if (typeof part !== 'object' || part === null) return found;
  const { const: constant, enum: listed } = part as Schema;
  if (constant !== undefined) found.push(constant);
  if (Array.isArray(listed)) found.push(...(listed as unknown[]));
  for (const each of Object.values(part)) listedIn(each, found);
  return found;
}

/**
 * TypeScript refuses an object that shares no member with a type whose members are all optional, though it has that type. So each
 * object of a value has a mark, and object types may have it.
 */
const HEAD = 'declare const MARK: unique symbol;\nexport {};\n';
const markedType = (type: Type): string => print(type).replace(/\{(?=\n)/g, '{ [MARK]?: true;');
const markedValue = (given: unknown): string =>
  print(literal(given))
    .replaceAll('{ [name: string]: never }', '{ [MARK]: true }')
    .replace(/\{(?=\n)/g, '{ [MARK]: true;');

/** One schema with its values, as statements. */
function statements(root: Schema, values: readonly unknown[], index: number): string[] {
  const names = createNames([]);
  const declarations = declareSchema(root, { name: names.take(`T${index}_`), names });
  const main = declarations[0]?.name;
  const texts = declarations.map(({ name: own, type: its }) => `export type ${own} = ${markedType(its)};`);
  const assigned = values.map((given, i) => `export const v${index}_${i}: ${main} = null! as ${markedValue(given)};`);
  return [...texts, ...assigned];
}

const PLAIN = { types: [], noUnusedLocals: false };

/** What is wrong with the types of schemas, with the schema and the statement of each error. */
function mistakes(cases: readonly { root: Schema; values: readonly unknown[] }[]): string[] {
  const owners: number[] = [];
  const lines = HEAD.split('\n').slice(0, -1);
  for (const [index, { root, values }] of cases.entries()) {
    for (const statement of statements(root, values, index)) {
      for (const line of statement.split('\n')) {
        owners[lines.length] = index;
        lines.push(line);
      }
    }
  }
  return errorsOf({ 'random.ts': lines.join('\n') }, PLAIN).map((error) => {
    const at = Number(/:(\d+):/.exec(error)?.[1]) - 1;
    const { root, values } = cases[owners[at] ?? 0]!;
    return `${error}\n${lines[at]}\n${JSON.stringify(root)}\n${JSON.stringify(values)}\n${statements(root, values, 0).join('\n')}`;
  });
}

const SEED = Number(process.env['TYPES_SEED'] ?? 1);
const RUNS = Number(process.env['TYPES_RUNS'] ?? 400);

test('every value that a random schema accepts is assignable to its type', () => {
  const drawn = fc.sample(fc.tuple(rooted, fc.array(value, { minLength: 12, maxLength: 12 })), { numRuns: RUNS, seed: SEED });
  const cases = drawn.map(([root, values]) => {
    const near = listedIn(root);
    const wrapped = near.flatMap((each) => [each, [each], { a: each }, { b: each, a: 1 }]);
    const simple = [{}, [], { a: 1 }, { a: 'a', b: {} }, { 'c-d': 'x', a: true }, [1, 'a'], [{}, [], null], 'a', 1, true, null];
    const accepted = acceptedBy(root);
    return { root, values: [...values, ...wrapped.slice(0, 20), ...simple].filter((each) => accepted(each)) };
  });
  expect(cases.flatMap(({ values }) => values).length).toBeGreaterThan(RUNS);
  expect(mistakes(cases).slice(0, 3)).toEqual([]);
});

test('the check of random schemas finds a type that is too narrow', () => {
  const root = { type: 'object', properties: { a: { type: 'string' } } };
  expect(mistakes([{ root, values: [{ a: 'x' }, {}, { z: 1 }] }])).toEqual([]);
  expect(mistakes([{ root, values: [{ a: 1 }] }])).toHaveLength(1);
  expect(mistakes([{ root, values: ['a'] }])).toHaveLength(1);
});
