/** Forms that are made from JSON Schemas: what they make is what the schema allows, and what they cannot express is JSON text. */
import type { JsonObject as CoreObject } from '@mcp-daemon/core';
import { compileSchema } from '@mcp-daemon/core';
import fc from 'fast-check';

import type { Json, JsonObject } from '../../src/base/json.js';
import type { Field, Input } from '../../src/form/field.js';
import { keyOf } from '../../src/form/field.js';
import { initialInput, inputOf } from '../../src/form/input.js';
import { fieldOf } from '../../src/form/read-schema.js';
import { readInput } from '../../src/form/value.js';

const isValid = (schema: JsonObject, value: Json): boolean => compileSchema(schema as CoreObject)(value).ok;
const read = (schema: JsonObject, input: Input) => readInput(fieldOf(schema), input);
const text = (value: string): Input => ({ kind: 'text', text: value });

/** Whether some part of the form is JSON text, which only the server checks. */
function hasJson(field: Field): boolean {
  if (field.kind === 'json') return true;
  if (field.kind === 'list') return hasJson(field.item);
  if (field.kind === 'group') return field.members.some((member) => hasJson(member.field));
  return field.kind === 'variants' && field.options.some((option) => hasJson(option.field));
}

const short = fc.string({ maxLength: 6, unit: 'grapheme' });
const small = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.constantFrom(0.5, -1.25, 0.1));

/** Schemas of all kinds that forms offer fields for. */
const schemas = fc.letrec<{ any: JsonObject }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'schema' },
    fc.record(
      {
        type: fc.constant('string'),
        minLength: fc.nat(3),
        maxLength: fc.nat(5),
        pattern: fc.constantFrom('^a', 'b$', '^[0-9]*$'),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      {
        type: fc.constantFrom('number', 'integer'),
        ...{ minimum: small, maximum: small, exclusiveMinimum: small, exclusiveMaximum: small },
        multipleOf: fc.constantFrom(0.1, 2, 0.25, 3),
      },
      { requiredKeys: ['type'] },
    ),
    fc.constantFrom<JsonObject>(
      { type: 'boolean' },
      { type: 'null' },
      { const: 'x' },
      { const: { a: [1] } },
      { $ref: '#/$defs/word' },
    ),
    fc
      .array(fc.oneof(short, small, fc.constant(null)), { minLength: 1, maxLength: 4 })
      .map((values): JsonObject => ({ enum: values })),
    fc.constantFrom<JsonObject>(
      { type: ['string', 'null'] },
      { type: ['integer', 'boolean'] },
      { enum: [1, 'a'], type: 'string' },
    ),
    fc.record(
      { type: fc.constant('array'), items: tie('any'), minItems: fc.nat(2), maxItems: fc.nat(3), uniqueItems: fc.boolean() },
      { requiredKeys: ['type', 'items'] },
    ),
    fc
      .record({
        properties: fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'a/b'), tie('any'), { maxKeys: 3 }),
        all: fc.boolean(),
        min: fc.nat(2),
      })
      .map(({ properties, all, min }): JsonObject => {
        const required = all ? Object.keys(properties) : Object.keys(properties).slice(1);
        return { type: 'object', properties, required, additionalProperties: false, minProperties: min };
      }),
    fc.record({ anyOf: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ oneOf: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
  ),
})).any;

const withWord = schemas.map((schema): JsonObject => ({ ...schema, $defs: { word: { type: 'string', maxLength: 3 } } }));

/** What a user may enter into a field: anything that its controls let them. */
function inputs(field: Field, required: boolean): fc.Arbitrary<Input> {
  switch (field.kind) {
    case 'text':
      return fc.oneof(short, fc.constantFrom('', 'a', 'ab', '12', '123')).map(text);
    case 'number':
      return fc
        .oneof(small.map(String), fc.constantFrom('', ' 4 ', '1e2', '-0', '.5', 'x', '0x10', '1e999', '9007199254740993'))
        .map(text);
    case 'json':
      return fc.json({ maxDepth: 1 }).map(text);
    case 'flag':
    case 'constant':
      return fc.constantFrom<Input>({ kind: 'flag', on: true }, { kind: 'flag', on: required ? true : undefined });
    case 'choice':
      return fc
        .integer({ min: -1, max: field.options.length - 1 })
        .map((at): Input => ({ kind: 'choice', at: at < 0 ? undefined : at }));
    case 'list':
      return fc.array(inputs(field.item, true), { maxLength: 4 }).map((items): Input => ({ kind: 'list', items }));
    case 'group':
      return fc
        .tuple(fc.boolean(), ...field.members.map((member) => inputs(member.field, member.required)))
        .map(([open, ...given]): Input => ({
          kind: 'group',
          open,
          members: new Map(field.members.map(({ name }, at) => [name, given[at]!])),
        }));
    case 'variants':
      return fc
        .nat(field.options.length - 1)
        .chain((at) => inputs(field.options[at]!.field, true).map((input): Input => ({ kind: 'variants', at, input })));
  }
}

describe('a form', () => {
  it('makes no value that its schema does not allow', () => {
    let values = 0;
    fc.assert(
      fc.property(
        withWord
          .filter((schema) => !hasJson(fieldOf(schema)))
          .chain((schema) => inputs(fieldOf(schema), true).map((input) => ({ schema, input }))),
        ({ schema, input }) => {
          const reading = read(schema, input);
          if (!('value' in reading)) return; // the user is told what is wrong
          values += 1;
          expect({ schema, value: reading.value, ok: isValid(schema, reading.value as Json) }).toMatchObject({ ok: true });
        },
      ),
      { numRuns: 1_500 },
    );
    expect(values).toBeGreaterThan(300);
  });

  it('shows the arguments of an earlier call, and makes the same ones again', () => {
    fc.assert(
      fc.property(
        withWord.chain((schema) => inputs(fieldOf(schema), true).map((input) => ({ schema, input }))),
        ({ schema, input }) => {
          const field = fieldOf(schema);
          const reading = readInput(field, input);
          if (!('value' in reading)) return;
          const again = inputOf(field, reading.value as Json);
          // A variant before the right one may look right, too, as a text does for a list of choices: then it makes the same, or nothing.
          const second = again === undefined ? undefined : readInput(field, again);
          if (second !== undefined && 'value' in second) expect(second.value).toEqual(reading.value);
          else expect(JSON.stringify(schema)).toMatch(/"(anyOf|oneOf)"|"type":\[/);
        },
      ),
      { numRuns: 800 },
    );
  });

  it.each<[string, JsonObject]>([
    ['not', { type: 'string', not: { const: 'x' } }],
    ['if', { type: 'object', if: { required: ['a'] }, properties: { a: {} } }],
    [
      'patternProperties',
      { type: 'object', properties: { a: { type: 'string' } }, patternProperties: { '^a': { maxLength: 1 } } },
    ],
    ['contains', { type: 'array', items: { type: 'string' }, contains: { const: 'x' } }],
    ['prefixItems', { type: 'array', prefixItems: [{ type: 'string' }] }],
    ['anyOf beside properties', { properties: { a: { type: 'string' } }, anyOf: [{ required: ['a'] }] }],
    ['oneOf with overlapping parts', { oneOf: [{ type: 'string' }, { type: 'string', maxLength: 3 }] }],
    ['a foreign reference', { $ref: 'https://schemas.example/a' }],
    ['no type', {}],
  ])('leaves what it cannot express to JSON text: %s', (_, schema) => {
    expect(fieldOf({ type: 'object', properties: { a: schema } })).toMatchObject({ members: [{ field: { kind: 'json' } }] });
  });

  it('offers tagged forms of a oneOf, and titled values as one list', () => {
    const tagged = (kind: string): JsonObject => ({ type: 'object', properties: { kind: { const: kind } }, required: ['kind'] });
    expect(fieldOf({ oneOf: [tagged('a'), tagged('b')] }).kind).toBe('variants');
    const titled = fieldOf({
      oneOf: [
        { const: 1, title: 'One' },
        { const: 2, title: 'Two' },
      ],
    });
    expect(titled).toMatchObject({
      kind: 'choice',
      options: [
        { label: 'One', value: 1 },
        { label: 'Two', value: 2 },
      ],
    });
  });

  it('ends a schema that refers to itself in JSON text', () => {
    const node: JsonObject = { type: 'object', properties: { child: { $ref: '#' } } };
    expect(hasJson(fieldOf(node))).toBe(true);
  });

  it('starts with the defaults, and says at which field something is missing', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer', default: 3, maximum: 5 } },
      required: ['city'],
    };
    const input = initialInput(fieldOf(schema), true);
    const reading = read(schema, input);
    const problems = 'problems' in reading ? (reading.problems ?? []) : [];
    expect(problems.map(({ path }) => keyOf(path))).toEqual(['/city']);
    expect(read(schema, inputOf(fieldOf(schema), { city: 'Oslo', days: 3 })!)).toEqual({ value: { city: 'Oslo', days: 3 } });
    expect(read(schema, inputOf(fieldOf(schema), { city: 'Oslo', days: 9 })!)).toMatchObject({ problems: [{ path: ['days'] }] });
  });
});
