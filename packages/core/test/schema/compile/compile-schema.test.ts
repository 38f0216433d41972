import type { JsonObject } from '../../../src/base/json.js';
import { DaemonError } from '../../../src/protocol/errors.js';
import { compileSchema } from '../../../src/schema/compile/compile-schema.js';

function problems(schema: JsonObject, value: unknown, options = { defaults: true }): readonly string[] {
  const result = compileSchema(schema, options)(value);
  return result.ok ? [] : result.problems;
}

/** A value with as many levels as asked for, made without recursion. */
function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = { c: value };
  return value;
}

const order: JsonObject = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 5 },
    color: { enum: ['red', 'green'] },
    count: { type: 'number', exclusiveMinimum: 0, maximum: 10 },
    items: {
      type: 'array',
      maxItems: 3,
      items: {
        type: 'object',
        properties: { sku: { type: 'string', pattern: '^[A-Z]+$' }, qty: { type: 'integer', minimum: 1 } },
        required: ['sku', 'qty'],
        additionalProperties: false,
      },
    },
    note: { type: ['string', 'null'] },
  },
  required: ['name'],
  additionalProperties: false,
};

describe('a failed check', () => {
  it('lists all problems, each with its path', () => {
    const value = {
      name: 'too long',
      color: 'blue',
      count: 0,
      items: [{ sku: 'a', qty: 0 }, { sku: 'A', extra: true }, 7],
      note: 3,
      colour: 'red',
    };
    expect(problems(order, value)).toEqual([
      'name: must have at most 5 characters, got 8',
      'color: must be one of "red", "green", got "blue"',
      'count: must be > 0, got 0',
      'items[0].sku: must match the pattern "^[A-Z]+$", got "a"',
      'items[0].qty: must be >= 1, got 0',
      'items[1]: missing required property "qty"',
      'items[1]: unknown property "extra" (known: sku, qty)',
      'items[2]: must be an object, got 7 (number)',
      'note: must be a string or null, got 3 (number)',
      'unknown argument "colour" (known: name, color, count, items, note)',
    ]);
  });

  it.each<[JsonObject, unknown, string]>([
    [{ type: 'object' }, null, 'must be an object, got null'],
    [{ properties: { query: { type: 'string' } } }, { query: null }, 'query: must be a string, got null'],
    [{ type: 'object' }, undefined, 'must be an object, got undefined'],
    [{ type: 'object' }, [], 'must be an object, got [] (array)'],
    [{ properties: { a: { type: 'integer' } } }, { a: 'x' }, 'a: must be an integer, got "x" (string)'],
    [{ properties: { a: { type: 'number' } } }, { a: Infinity }, 'a: must be a number, got Infinity (number)'],
    [{ required: ['b'] }, {}, 'missing required argument "b"'],
    [{ additionalProperties: false }, { a: 1 }, 'unknown argument "a" (known: none)'],
    [{ properties: { a: false } }, { a: 1 }, 'a: is not allowed here'],
    [{ properties: { a: { const: { b: 1 } } } }, { a: [1] }, 'a: must be {"b":1}, got [1]'],
    [{ properties: { 'a b': { const: 1 } } }, { 'a b': 2 }, '["a b"]: must be 1, got 2'],
    [{ properties: { a: { multipleOf: 0.1 } } }, { a: 0.25 }, 'a: must be a multiple of 0.1, got 0.25'],
    [{ properties: { a: { minimum: 2, exclusiveMaximum: 4 } } }, { a: 4 }, 'a: must be < 4, got 4'],
    [{ properties: { a: { minLength: 1 } } }, { a: '' }, 'a: must have at least 1 character, got 0'],
    [{ properties: { a: { minItems: 2 } } }, { a: [1] }, 'a: must have at least 2 items, got 1'],
    [
      { properties: { a: { uniqueItems: true } } },
      { a: [1, { b: 1 }, { b: 1 }] },
      'a: must not have duplicate items: [1] and [2] are equal',
    ],
    [{ properties: { a: { prefixItems: [true], items: false } } }, { a: [1, 2] }, 'a: must have at most 1 item, got 2'],
    [
      { properties: { a: { contains: { type: 'null' }, minContains: 2 } } },
      { a: [null, 1] },
      'a: must have at least 2 items matching "contains", got 1',
    ],
    [
      { properties: { a: { contains: { type: 'null' }, maxContains: 1 } } },
      { a: [null, null] },
      'a: must have at most 1 item matching "contains", got 2',
    ],
    [{ properties: { a: { not: { type: 'string' } } } }, { a: 'x' }, 'a: must not match the schema in "not", got "x" (string)'],
    [{ minProperties: 1 }, {}, 'must have at least 1 argument, got 0'],
    [{ properties: { a: { maxProperties: 1 } } }, { a: { b: 1, c: 2 } }, 'a: must have at most 1 property, got 2'],
    [{ propertyNames: { maxLength: 3 } }, { long: 1 }, 'the name of argument "long" must have at most 3 characters, got 4'],
    [{ dependentRequired: { a: ['b'] } }, { a: 1 }, 'missing argument "b", required when "a" is given'],
    [{ properties: { a: {} }, unevaluatedProperties: false }, { a: 1, b: 2 }, 'unknown argument "b" (known: a)'],
    [{ properties: { a: { unevaluatedItems: false } } }, { a: [1] }, 'a[0]: is not allowed here'],
  ])('by %j of %j says: %s', (schema, value, problem) => {
    expect(problems(schema, value)).toEqual([problem]);
  });

  it('of anything but arguments calls members properties', () => {
    expect(problems({ required: ['b'] }, {}, { defaults: false })).toEqual(['missing required property "b"']);
  });

  it('reports nothing else about a value of the wrong type', () => {
    expect(problems({ properties: { a: { type: 'integer', enum: [1, 2], minimum: 1 } } }, { a: 'x' })).toEqual([
      'a: must be an integer, got "x" (string)',
    ]);
  });
});

describe('the problem of alternatives', () => {
  const circle = { type: 'object', properties: { kind: { const: 'circle' }, r: { type: 'number' } }, required: ['kind', 'r'] };
  const square = { type: 'object', properties: { kind: { const: 'square' }, w: { type: 'number' } }, required: ['kind', 'w'] };
  const shape = { properties: { s: { oneOf: [circle, square] } } };

  it.each<[string, JsonObject, unknown, string]>([
    [
      'the value has none of their types',
      { anyOf: [{ type: 'string' }, { type: ['null', 'array'] }] },
      3,
      'must be a string, null or an array, got 3 (number)',
    ],
    ['a constant shows which one is meant', shape, { s: { kind: 'circle' } }, 's: missing required property "r"'],
    [
      'the value has none of their constants',
      shape,
      { s: { kind: 'oval' } },
      's.kind: must be one of "circle", "square", got "oval"',
    ],
    ['all have the same problem', shape, { s: {} }, 's: missing required property "kind"'],
    ['the value has the type of one', { anyOf: [{ type: 'string' }, { type: 'number', minimum: 1 }] }, 0, 'must be >= 1, got 0'],
    [
      'nothing shows which one is meant',
      { properties: { a: { anyOf: [{ minLength: 3 }, { pattern: '^x$' }] } } },
      { a: 'q' },
      'a: must match one of 2 alternatives: (1) must have at least 3 characters, got 1; (2) must match the pattern "^x$", got "q"',
    ],
    ['too many match', { oneOf: [true, { type: 'null' }, true] }, 1, 'must match exactly one of 3 alternatives, matches 1 and 3'],
  ])('is short when %s', (_, schema, value, problem) => {
    expect(problems(schema, value)).toEqual([problem]);
  });

  it('quotes the value of nested alternatives as it was given', () => {
    const schema = { anyOf: [{ anyOf: [{ const: 'a' }, { const: 'b' }] }, { const: 'c' }] };
    expect(problems(schema, 'x')).toEqual(['must be one of "a", "b", "c", got "x"']);
  });
});

describe('the limits of a check', () => {
  it('are ten problems of 300 characters, and values of 60', () => {
    const names = Array.from({ length: 50 }, (_, i) => `${i}${'n'.repeat(100)}`);
    const found = problems(
      { required: names, enum: [names] },
      Object.fromEntries(names.map((name) => [`${name}!`, 'y'.repeat(1_000)])),
    );
    expect(found).toHaveLength(10);
    expect(found.every((problem) => problem.length <= 300)).toBe(true);
    const [long] = problems({ properties: { a: { type: 'integer' } } }, { a: 'y'.repeat(1_000) });
    expect(long).toBe(`a: must be an integer, got "${'y'.repeat(58)}… (string)`);
  });

  it('never cut an emoji in half', () => {
    const [problem] = problems({ type: 'null' }, '😀'.repeat(1_000));
    expect(() => encodeURIComponent(problem ?? '\ud83d')).not.toThrow();
  });

  it('let only the beginning of a large value be read', () => {
    const list: unknown[] = Array.from({ length: 1_000 }, (_, i) => ({ i }));
    Object.defineProperty(list, 100, {
      get: () => {
        throw new Error('too far');
      },
    });
    expect(problems({ type: 'string' }, list)).toEqual([
      'must be a string, got [{"i":0},{"i":1},{"i":2},{"i":3},{"i":4},{"i":5},{"i":6},{"… (array)',
    ]);
    expect(problems({ type: 'string' }, { a: list })).toEqual([
      'must be a string, got {"a":[{"i":0},{"i":1},{"i":2},{"i":3},{"i":4},{"i":5},{"i":… (object)',
    ]);
    expect(problems({ type: 'string' }, nested(100_000))).toEqual([`must be a string, got ${'{"c":'.repeat(11)}{"c"… (object)`]);
    const [wide] = problems({ type: 'integer' }, Object.fromEntries([['k'.repeat(100_000), 'v']]));
    expect(wide).toBe(`must be an integer, got {"${'k'.repeat(57)}… (object)`);
  });

  it('keep the end of a long path', () => {
    const [problem] = problems(
      { $defs: { n: { properties: { c: { $ref: '#/$defs/n' } }, type: 'object' } }, $ref: '#/$defs/n' },
      nested(150),
    );
    expect(problem).toMatch(/^….{100,120}\.c: must be an object, got 1 \(number\)$/);
  });

  const deep = ['nested more than 200 levels deep'];
  it.each<[string, JsonObject, unknown]>([
    ['a value below a recursive schema', { properties: { c: { $ref: '#' } } }, nested(100_000)],
    ['a list below a recursive schema', { items: { $ref: '#' } }, JSON.parse('['.repeat(5_000) + ']'.repeat(5_000))],
    ['a search below a recursive schema', { contains: { $ref: '#' } }, JSON.parse('['.repeat(5_000) + ']'.repeat(5_000))],
    ['a schema that is only itself', { $ref: '#' }, 1],
    ['a schema that is only itself inside not', { not: { $ref: '#' } }, 1],
    ['items to compare', { uniqueItems: true }, [nested(100_000), nested(100_000)]],
    ['a constant to compare', { const: nested(300) }, nested(300)],
    ['defaults below a recursive schema', { properties: { a: { default: 1 }, c: { $ref: '#' } } }, nested(100_000)],
    [
      'defaults in a recursive list',
      { properties: { a: { default: 1 } }, items: { $ref: '#' } },
      JSON.parse('['.repeat(5_000) + ']'.repeat(5_000)),
    ],
  ])('apply to the depth of %s', (_, schema, value) => {
    expect(problems(schema, value)).toEqual(deep);
  });

  it('do not apply to parts of the value that the schema does not describe', () => {
    expect(problems({ properties: { c: { type: 'object' } } }, nested(100_000))).toEqual([]);
    expect(problems({ properties: { c: { $ref: '#' } } }, nested(199))).toEqual([]);
  });
});

describe('compiling a wrong schema', () => {
  const list = Array.from({ length: 100_000 }).reduce<unknown>((inner) => ({ not: inner }), {}) as JsonObject;
  it.each<[string, unknown, string]>([
    [
      'another dialect',
      { $schema: 'http://json-schema.org/draft-03/schema#' },
      '#/$schema: must be "https://json-schema.org/draft/2020-12/schema" (the default)',
    ],
    ['an unknown type', { properties: { 'a/b': { type: 'strin' } } }, '#/properties/a~1b/type: unknown type "strin"'],
    ['an empty list of types', { type: [] }, '#/type: must have at least one type'],
    [
      'required that is no list',
      { properties: { a: { required: true } } },
      '#/properties/a/required: must be a list of names, got true',
    ],
    ['enum that is no list', { enum: 'a' }, '#/enum: must be a list of values'],
    ['minimum that is no number', { minimum: '1' }, '#/minimum: must be a number, got "1"'],
    ['multipleOf 0', { multipleOf: 0 }, '#/multipleOf: must be above 0'],
    ['a negative minLength', { minLength: -1 }, '#/minLength: must be a whole number from 0 up, got -1'],
    ['a broken pattern', { pattern: '(' }, '#/pattern: "(" is not a regular expression'],
    ['a pattern that is no string', { pattern: 1 }, '#/pattern: must be a regular expression, got 1'],
    ['properties that are a list', { properties: [] }, '#/properties: must be an object of schemas'],
    [
      'a property that is no schema',
      { properties: { a: 'string' } },
      '#/properties/a: must be a schema (an object, true or false), got "string"',
    ],
    ['an empty anyOf', { anyOf: [] }, '#/anyOf: must be a list of schemas'],
    [
      'another document',
      { $ref: 'https://example.com/x' },
      '#/$ref: refers to "https://example.com/x", which is not in this schema and is never fetched',
    ],
    [
      'a relative document',
      { $id: 'urn:x:y', $ref: 'z' },
      '#/$ref: refers to "z", which is not in this schema and is never fetched',
    ],
    [
      'a missing place',
      { properties: { a: { $ref: '#/$defs/a' } } },
      '#/properties/a/$ref: refers to "#/$defs/a", but there is nothing at that place',
    ],
    [
      'a place that every object inherits',
      { $ref: '#/constructor' },
      '#/$ref: refers to "#/constructor", but there is nothing at that place',
    ],
    ['a place that is no schema', { $ref: '#/title', title: 'x' }, '#/$ref: refers to "#/title", which is not a schema'],
    ['a broken place', { $ref: '#%' }, '#/$ref: refers to "#%", but there is nothing at that place'],
    ['a reference that is no string', { $ref: 1 }, '#/$ref: must be a reference such as "#/$defs/name", got 1'],
    ['an $id that is no URI', { $id: 'http://', $ref: '#' }, '#/$id: must be a URI reference, got "http://"'],
    ['a schema that is a string', 'string', '#: must be a schema (an object, true or false), got "string"'],
    ['endless nesting', list, '#: is nested too deeply'],
    ['a default without end', { properties: { a: { default: nested(100_000) } } }, '#: is nested too deeply'],
  ])('fails for %s', (_, schema, message) => {
    const compile = (): unknown => compileSchema(schema as JsonObject, { defaults: true });
    expect(compile).toThrow(DaemonError);
    expect(compile).toThrow(message);
    expect(compile).toThrow(expect.objectContaining({ code: 'schema_invalid' }));
  });

  it('does not hide an error that reading a value throws', () => {
    const value = Object.defineProperty({}, 'a', {
      enumerable: true,
      get: () => {
        throw new TypeError('mine');
      },
    });
    expect(() => compileSchema({ properties: { a: { type: 'string' } } })(value)).toThrow('mine');
  });
});

describe('a valid value', () => {
  it('is returned itself', () => {
    const value = Object.freeze({ name: 'x', items: Object.freeze([{ sku: 'A', qty: 1 }]) });
    const result = compileSchema(order, { defaults: true })(value);
    expect(result.ok && result.value).toBe(value);
  });

  it('is any value for the schema true, and none for false', () => {
    expect(compileSchema(true as unknown as JsonObject)(1)).toEqual({ ok: true, value: 1 });
    expect(compileSchema(false as unknown as JsonObject)(1)).toEqual({ ok: false, problems: ['is not allowed here'] });
  });
});

it('the dialect is recognized by http and https, with and without #', () => {
  for (const $schema of [
    'http://json-schema.org/draft-07/schema',
    'https://json-schema.org/draft-07/schema#',
    'http://json-schema.org/draft-06/schema#',
  ]) {
    expect(compileSchema({ $schema, items: [{ type: 'string' }] })([1]).ok).toBe(false);
  }
  expect(
    compileSchema({ $schema: 'https://json-schema.org/draft/2020-12/schema#', prefixItems: [{ type: 'string' }] })([1]).ok,
  ).toBe(false);
});

it('a schema may contain one object twice, and $ids of its own', () => {
  const point = { type: 'object', properties: { x: { type: 'number' } } };
  const check = compileSchema({ properties: { from: point, to: point } });
  expect(check({ from: { x: 1 }, to: { x: 'a' } }).ok).toBe(false);
});
