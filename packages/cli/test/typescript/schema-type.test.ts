import { createNames } from '../../src/typescript/names.js';
import { print } from '../../src/typescript/print.js';
import type { Declaration } from '../../src/typescript/schema-type.js';
import { declareSchema, OBJECTS } from '../../src/typescript/schema-type.js';
import { errorsOf } from './compile.js';

const declare = (schema: unknown): Declaration[] => {
  const names = createNames([]);
  return declareSchema(schema, { name: names.take('T'), names });
};

/** A type on one line, without the sign that a list of lines begins with. */
const oneLine = (type: string): string => type.replace(/\s+/g, ' ').replace(/(^|\() [|&] /g, '$1');

/** The types of a schema, on one line each. */
const typesOf = (schema: unknown): string =>
  declare(schema)
    .map(({ name, type }) => `${name} = ${oneLine(print(type))}`)
    .join('; ');

describe('the type of a schema', () => {
  it.each<[name: string, schema: unknown, type: string]>([
    ['of true is unknown', true, 'unknown'],
    ['of false is never', false, 'never'],
    ['of {} is unknown', {}, 'unknown'],
    ['of not {} is never', { not: {} }, 'never'],
    ['of a string is string', { type: 'string', minLength: 1, pattern: '^a' }, 'string'],
    ['of an integer is number', { type: 'integer' }, 'number'],
    ['of a nullable string is a union', { type: ['string', 'null'] }, 'string | null'],
    ['of integer and number is number once', { type: ['integer', 'number'] }, 'number'],
    ['of a wrong type word is unknown', { type: 'any' }, 'unknown'],
    ['of const is the literal', { const: "it's" }, String.raw`'it\'s'`],
    ['of an object as const has its members', { const: { a: [1, null] } }, '{ a: [1, null]; }'],
    ['of {} as const is an object without members', { const: {} }, '{ [name: string]: never }'],
    ['of enum is a union of literals', { enum: ['a', 1, true, null] }, "'a' | 1 | true | null"],
    ['of enum with a type has the values of that type', { type: 'string', enum: ['a', 1, 'b'] }, "'a' | 'b'"],
    ['of an empty enum is never', { enum: [] }, 'never'],
    ['of an object without properties is any object', { type: 'object' }, '{ [name: string]: unknown }'],
    [
      'of a closed object without properties has no members',
      { type: 'object', additionalProperties: false },
      '{ [name: string]: never }',
    ],
    [
      'of an object has optional and required members',
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } }, required: ['b'] },
      '{ a?: string; b: number; }',
    ],
    [
      'quotes names that are no identifiers',
      { type: 'object', properties: { 'a-b': true, '1': true } },
      "{ '1'?: unknown; 'a-b'?: unknown; }",
    ],
    ['has required members that no property describes', { type: 'object', required: ['x'] }, '{ x: unknown; }'],
    [
      'allows other members where the schema says so',
      { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: true },
      '{ a?: string; [name: string]: unknown; }',
    ],
    [
      'of other members includes that of the named ones',
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: { type: 'number' } },
      '{ a: string; [name: string]: number | string; }',
    ],
    [
      'of a record has an index signature',
      { type: 'object', additionalProperties: { type: 'number' } },
      '{ [name: string]: number }',
    ],
    [
      'of patterns is an index signature',
      { type: 'object', patternProperties: { '^x': { type: 'number' } }, additionalProperties: false },
      '{ [name: string]: number }',
    ],
    ['of a member that must be absent is never', { type: 'object', properties: { a: false } }, '{ a?: never; }'],
    ['of a list is an array', { type: 'array', items: { type: ['string', 'null'] } }, '(string | null)[]'],
    ['of any list is unknown[]', { type: 'array' }, 'unknown[]'],
    [
      'of prefixItems is a tuple',
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], minItems: 1, items: false },
      '[string, number?]',
    ],
    [
      'of prefixItems with items has a rest',
      { type: 'array', prefixItems: [{ type: 'string' }], minItems: 1, items: { type: 'number' } },
      '[string, ...number[]]',
    ],
    [
      'of prefixItems with maxItems has no rest',
      { type: 'array', prefixItems: [{ type: 'string' }], minItems: 1, maxItems: 1 },
      '[string]',
    ],
    [
      'of a list of items in draft-07 is a tuple',
      {
        $schema: 'http://json-schema.org/draft-07/schema#',
        type: 'array',
        items: [{ type: 'string' }],
        additionalItems: false,
        minItems: 1,
      },
      '[string]',
    ],
    ['of anyOf is a union', { anyOf: [{ type: 'string' }, { type: 'number' }] }, 'string | number'],
    [
      'of oneOf with a type is a union of what has that type',
      { type: 'object', oneOf: [{ required: ['a'] }, { required: ['b'] }] },
      '{ a: unknown; } | { b: unknown; }',
    ],
    [
      'of properties and anyOf is an intersection',
      { type: 'object', properties: { a: { type: 'string' } }, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
      '{ a?: string; } & ({ a: unknown; } | { b: unknown; })',
    ],
    [
      'of allOf is an intersection',
      {
        allOf: [
          { type: 'object', required: ['a'] },
          { type: 'object', required: ['b'] },
        ],
      },
      '{ a: unknown; } & { b: unknown; }',
    ],
    ['of if, then and else is a union', { if: { type: 'string' }, then: { const: 'a' }, else: { type: 'null' } }, "'a' | null"],
    [
      'of properties without a type is wide',
      { properties: { a: { type: 'string' } } },
      'string | number | boolean | null | unknown[] | { a?: string; }',
    ],
    [
      'of unevaluatedProperties that are allowed has an index signature',
      { type: 'object', properties: { a: true }, unevaluatedProperties: {} },
      '{ a?: unknown; [name: string]: unknown; }',
    ],
    [
      'of unevaluatedProperties: false has none',
      { type: 'object', properties: { a: true }, unevaluatedProperties: false },
      '{ a?: unknown; }',
    ],
    ['of an unknown dialect is unknown', { $schema: 'https://example.com/mine', type: 'string' }, 'unknown'],
    ['of a reference to elsewhere is unknown', { $ref: 'https://example.com/other.json' }, 'unknown'],
  ])('%s', (_, schema, type) => {
    expect(typesOf(schema)).toBe(`T = ${type}`);
  });

  it('of a recursive definition has a name', () => {
    const node = { type: 'object', properties: { next: { $ref: '#/$defs/node' }, all: { type: 'array', items: { $ref: '#' } } } };
    expect(typesOf({ $ref: '#/$defs/node', $defs: { node } })).toBe('T = TNode; TNode = { next?: TNode; all?: T[]; }');
  });

  it('of references by $id, $anchor and encoded pointers is found', () => {
    const schema = {
      type: 'object',
      properties: { a: { $ref: 'https://example.com/a' }, b: { $ref: '#here' }, c: { $ref: '#/$defs/x%20y~1z' } },
      $defs: {
        one: { $id: 'https://example.com/a', type: 'string' },
        two: { $anchor: 'here', type: 'number' },
        'x y/z': { type: 'boolean' },
      },
    };
    expect(typesOf(schema)).toBe('T = { a?: TA; b?: THere; c?: TXYZ; }; TA = string; THere = number; TXYZ = boolean');
  });

  it('of definitions that consist of themselves is unknown, because TypeScript refuses such types', () => {
    const $defs = { a: { $ref: '#/$defs/b' }, b: { anyOf: [{ $ref: '#/$defs/a' }, { type: 'string' }] } };
    expect(typesOf({ $ref: '#/$defs/a', $defs })).toBe('T = TA; TA = unknown; TB = unknown');
    expect(typesOf({ $ref: '#' })).toBe('T = unknown');
  });

  it('of a recursive tuple compiles', () => {
    const inner = { type: 'array', prefixItems: [true, { $ref: '#' }], minItems: 2, items: false };
    const [{ type }] = declare({ type: 'array', prefixItems: [inner], items: false }) as [Declaration];
    const text = `export type T = ${print(type)};\n`;
    expect(text).toBe('export type T = [unknown, T][];\n');
    expect(errorsOf({ 'tuple.ts': text })).toEqual([]);
  });

  it('of arguments is an object, whatever the schema leaves out', () => {
    const names = createNames([]);
    const [declaration] = declareSchema({}, { name: 'Args', names, allowed: OBJECTS });
    expect(print(declaration!.type)).toBe('{ [name: string]: unknown }');
  });

  it('of a deep schema ends in unknown, and does not overflow the stack', () => {
    let schema: object = { type: 'string' };
    for (let depth = 0; depth < 50_000; depth++) schema = { type: 'array', items: schema };
    expect(typesOf(schema)).toMatch(/^T = unknown(\[\])+$/);
  });

  it('has doc comments that nothing in a schema can end', () => {
    const schema = {
      type: 'object',
      properties: {
        a: { description: 'ends */ here\r\nand\u2028goes on\u202e \u0007', default: '*/', deprecated: true },
        b: { title: 'A title', default: 5 },
      },
    };
    const [{ type }] = declare(schema) as [Declaration];
    const text = `export type T = ${print(type)};\n`;
    expect(text).toContain(`   * ends *\\/ here
   * and
   * goes on
   * @default "*\\/"
   * @deprecated
   */
  a?: unknown;`);
    expect(text).toContain('   * A title\n   * @default 5\n');
    expect(errorsOf({ 'doc.ts': text })).toEqual([]);
  });
});
