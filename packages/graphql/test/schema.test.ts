/** The schema itself: its text, its roles, its descriptions. */
import { readFile } from 'node:fs/promises';

import {
  buildSchema,
  getDirectiveValues,
  isEnumType,
  isInputObjectType,
  isObjectType,
  isSpecifiedScalarType,
  specifiedRules,
} from 'graphql';

import { DEFAULT_GRAPHQL_LIMITS, GRAPHQL_ERROR_CODES, SCHEMA_TEXT } from '../src/index.js';
import { createSchema } from '../src/schema.js';

const folder = new URL('../', import.meta.url);
const schema = createSchema();
const types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type));

it('the text in the program is that of schema.graphql: run packages/graphql/build.mjs after a change', async () => {
  expect(SCHEMA_TEXT).toBe(await readFile(new URL('schema.graphql', folder), 'utf8'));
});

it('the text is a valid schema', () => {
  expect(() => buildSchema(SCHEMA_TEXT)).not.toThrow();
  expect(specifiedRules.length).toBeGreaterThan(20);
});

it('every type, field, argument and value has a description', () => {
  const without: string[] = [];
  const check = (name: string, { description }: { description?: string | null | undefined }): void => {
    if (!description?.endsWith('.') && !/[`!]\.?$/.test(description ?? '')) without.push(name);
  };
  for (const type of types) {
    check(type.name, type);
    if (isEnumType(type)) for (const value of type.getValues()) check(`${type.name}.${value.name}`, value);
    if (isInputObjectType(type)) for (const field of Object.values(type.getFields())) check(`${type.name}.${field.name}`, field);
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      check(`${type.name}.${field.name}`, field);
      for (const argument of field.args) check(`${type.name}.${field.name}(${argument.name})`, argument);
    }
  }
  expect(without).toEqual([]);
});

describe('roles', () => {
  const directive = schema.getDirective('role');
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const roleOf = (field: { astNode?: Parameters<typeof getDirectiveValues>[1] | null | undefined }): unknown =>
    directive && field.astNode ? getDirectiveValues(directive, field.astNode)?.['requires'] : undefined;

  it('every root field has one', () => {
    const fields = roots.flatMap((type) => Object.values(type?.getFields() ?? {}));
    expect(fields.length).toBeGreaterThan(30);
    expect(fields.filter((field) => roleOf(field) === undefined).map(({ name }) => name)).toEqual([]);
  });

  it('every mutation needs the role admin', () => {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
    expect(new Set(fields.map(roleOf))).toEqual(new Set(['ADMIN']));
  });

  it('every field with a role refuses a caller without one before it does anything', () => {
    const ranks = ['VIEWER', 'USER', 'ADMIN'];
    const guarded = types.filter(isObjectType).flatMap((type) =>
      Object.values(type.getFields()).flatMap((field) => {
        const role = roleOf(field);
        return typeof role === 'string' ? [{ name: `${type.name}.${field.name}`, field, role }] : [];
      }),
    );
    expect(guarded.length).toBeGreaterThan(30);
    for (const { name, field, role } of guarded) {
      for (const rank of ranks.slice(0, ranks.indexOf(role))) {
        const context = { caller: { role: rank.toLowerCase() } };
        const run = (field.subscribe ?? field.resolve) as (...all: unknown[]) => unknown;
        let refused: unknown;
        try {
          run({}, {}, context, {});
        } catch (error) {
          refused = error;
        }
        expect([name, refused]).toEqual([name, expect.objectContaining({ code: 'FORBIDDEN' })]);
      }
    }
  });
});

describe('README.md', () => {
  it('lists every error code with its meaning, and every limit with its default', async () => {
    const text = await readFile(new URL('README.md', folder), 'utf8');
    for (const [code, meaning] of Object.entries(GRAPHQL_ERROR_CODES)) expect(text).toContain(`| \`${code}\` | ${meaning} |`);
    for (const [name, value] of Object.entries(DEFAULT_GRAPHQL_LIMITS))
      expect(text).toContain(`| \`${name}\` | ${value.toLocaleString('en')} |`);
  });
});
