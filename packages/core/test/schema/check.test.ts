import { Ajv } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';

import { addSchemaMistakes, checkSchema, MAX_SCHEMA_DEPTH, MAX_SUBSCHEMAS } from '../../src/schema/check.js';
import { MistakeList } from '../../src/schema/mistakes.js';

const mistakesOf = (schema: unknown, role?: 'input' | 'output'): string[] =>
  checkSchema(schema, '$', role).map(({ path, message }) => `${path}: ${message}`);

describe("the check of a schema's root", () => {
  it('requires "type": "object" for input schemas', () => {
    expect(mistakesOf({ type: 'object' }, 'input')).toEqual([]);
    expect(mistakesOf({}, 'input')).toEqual([expect.stringContaining('$: needs "type": "object"')]);
    expect(mistakesOf({ type: ['object'] }, 'input')).toEqual([expect.stringContaining('$.type: must be "object"')]);
  });

  it('accepts any type for output schemas', () => {
    expect(mistakesOf({ type: 'array' })).toEqual([]);
    expect(mistakesOf({})).toEqual([]);
  });

  it.each([true, null, 'x', [], 3])('reports that %j is not an object', (schema) => {
    expect(mistakesOf(schema)).toEqual([expect.stringContaining('must be a JSON Schema (an object)')]);
  });

  it('accepts the supported dialects, and only one of them in a schema', () => {
    expect(mistakesOf({ $schema: 'http://json-schema.org/draft-03/schema#' })).toEqual([
      expect.stringMatching(/^\$\.\$schema: must be "https:\/\/json-schema.org\/draft\/2020-12\/schema" \(the default\)/),
    ]);
    for (const dialect of [
      'https://json-schema.org/draft/2020-12/schema',
      'https://json-schema.org/draft/2019-09/schema',
      'http://json-schema.org/draft-07/schema#',
      'http://json-schema.org/draft-07/schema',
      'http://json-schema.org/draft-06/schema#',
      'http://json-schema.org/draft-04/schema#',
    ]) {
      expect(mistakesOf({ $schema: dialect })).toEqual([]);
    }
    expect(mistakesOf({ properties: { a: { $schema: 'http://json-schema.org/draft-07/schema#' } } })).toEqual([
      expect.stringContaining('$.properties.a.$schema: must be the dialect of the whole schema (2020-12)'),
    ]);
  });
});

describe('the check of keywords', () => {
  it.each([
    [{ type: 'objekt' }, '$.type'],
    [{ type: [] }, '$.type'],
    [{ type: ['string', 'string'] }, '$.type[1]'],
    [{ properties: [] }, '$.properties'],
    [{ properties: { 'a b': 3 } }, '$.properties["a b"]'],
    [{ required: 'a' }, '$.required'],
    [{ required: ['a', 'a'] }, '$.required[1]'],
    [{ required: [1] }, '$.required[0]'],
    [{ allOf: [] }, '$.allOf'],
    [{ anyOf: [true, 'x'] }, '$.anyOf[1]'],
    [{ items: [3] }, '$.items[0]'],
    [{ multipleOf: 0 }, '$.multipleOf'],
    [{ minLength: 1.5 }, '$.minLength'],
    [{ maximum: '3' }, '$.maximum'],
    [{ maximum: Infinity }, '$.maximum'],
    [{ enum: 'a' }, '$.enum'],
    [{ pattern: '(' }, '$.pattern'],
    [{ pattern: '\\p{Nope}' }, '$.pattern'],
    [{ patternProperties: { '[': {} } }, '$.patternProperties["["]'],
    [{ uniqueItems: 1 }, '$.uniqueItems'],
    [{ dependentRequired: { a: ['b', 'b'] } }, '$.dependentRequired.a[1]'],
    [{ dependencies: { a: 'b' } }, '$.dependencies.a'],
    [{ $anchor: '1' }, '$.$anchor'],
    [{ $id: 'x#y' }, '$.$id'],
    [{ $vocabulary: { a: 1 } }, '$.$vocabulary.a'],
    [{ title: 3 }, '$.title'],
    [{ if: 1 }, '$.if'],
    [{ contentSchema: null }, '$.contentSchema'],
    [{ $ref: 'a b' }, '$.$ref'],
    [{ $defs: { a: { not: { minItems: -1 } } } }, '$.$defs.a.not.minItems'],
  ])('reports a mistake in %j at %s', (schema, path) => {
    expect(checkSchema(schema).map((mistake) => mistake.path)).toEqual([path]);
  });

  it.each([
    ['str', 'string'],
    ['Int', 'integer'],
    ['dict', 'object'],
    ['objekt', 'object'],
    ['STRING', 'string'],
  ])('suggests the type that was meant by %j', (type, meant) => {
    expect(mistakesOf({ type })).toEqual([
      expect.stringMatching(new RegExp(`got the string "${type}"; did you mean "${meant}"\\?$`)),
    ]);
    expect(mistakesOf({ type: ['null', type] })).toEqual([expect.stringContaining(`did you mean "${meant}"?`)]);
  });

  it('suggests no type for a name like none of them', () => {
    expect(mistakesOf({ type: 'constructor' })).toEqual([expect.stringMatching(/got the string "constructor"$/)]);
  });

  it('accepts any value of unknown keywords', () => {
    expect(mistakesOf({ discriminator: 3, 'x-order': [], $weird: null })).toEqual([]);
  });

  it('depends on the dialect', () => {
    const in07 = (schema: object) => mistakesOf({ $schema: 'http://json-schema.org/draft-07/schema#', ...schema });
    expect(in07({ items: [{}], $anchor: 3, prefixItems: 1, $id: '#root', $defs: 7 })).toEqual([]);
    expect(in07({ items: [], additionalItems: 1 })).toHaveLength(2);
    const in2019 = (schema: object) => mistakesOf({ $schema: 'https://json-schema.org/draft/2019-09/schema', ...schema });
    expect(in2019({ items: [{}], $anchor: 'a:b', $recursiveAnchor: true, $dynamicRef: 3 })).toEqual([]);
    expect(in2019({ $recursiveRef: '#/a' })).toEqual([expect.stringContaining('must be "#"')]);
    expect(in2019({ properties: { a: { $recursiveRef: '#' } } })).toEqual([]);
  });
});

describe('the check of references', () => {
  it.each([
    [{ $ref: '#/$defs/a', $defs: { a: {} } }],
    [{ $ref: '#/$defs/a~1b~0c%20d', $defs: { 'a/b~c d': {} } }],
    [{ $ref: '#/$defs/a/allOf/0', $defs: { a: { allOf: [true] } } }],
    [{ $ref: '#here', $defs: { a: { $anchor: 'here' } } }],
    [{ $dynamicRef: '#here', $defs: { a: { $dynamicAnchor: 'here' } } }],
    [{ $ref: 'https://example.com/a', $defs: { a: { $id: 'https://example.com/a' } } }],
    [
      {
        $id: 'https://example.com/root',
        properties: { a: { $ref: '#/$defs/b' }, c: { $ref: 'root' }, d: { $ref: 'other#in' } },
        $defs: { b: {}, o: { $id: '/other', $defs: { x: { $anchor: 'in' } } } },
      },
    ],
    [{ $defs: { o: { $id: 'https://example.com/o', properties: { p: { $ref: '#/$defs/q' } }, $defs: { q: {} } } } }],
    [{ properties: { child: { $ref: '#' } } }],
    [{ $id: 'urn:example:a', properties: { a: { $ref: '#' }, b: { $ref: 'urn:example:a' } } }],
    [{ $ref: '#/components/a', components: { a: { type: 'string' } } }],
    [{ $schema: 'http://json-schema.org/draft-07/schema#', $ref: '#foo', definitions: { a: { $id: '#foo' } } }],
  ])('accepts %j', (schema) => {
    expect(mistakesOf(schema)).toEqual([]);
  });

  it.each([
    [{ $ref: '#/$defs/b', $defs: { a: {} } }, /nothing at that place/],
    [{ $ref: '#b' }, /no \$anchor has that name \(a place in \$defs is written "#\/\$defs\/b"\)/],
    [{ $ref: 'https://example.com/a.json' }, /never fetched/],
    [{ $ref: 'file:///etc/passwd' }, /never fetched/],
    [{ $ref: 'other.json#/a' }, /never fetched/],
    [{ $ref: 'https://json-schema.org/draft/2020-12/schema' }, /never fetched/],
    [{ $ref: '#/required', required: ['a'] }, /is not a schema/],
    [{ $ref: '#/$defs/a/allOf/1', $defs: { a: { allOf: [true] } } }, /nothing at that place/],
    [{ $ref: '#/toString' }, /nothing at that place/],
    [{ $ref: '#/%ff' }, /nothing at that place/],
    [{ $ref: 'http://[' }, /URI reference|never fetched/],
  ])('reports that the reference in %j leads nowhere', (schema, message) => {
    expect(mistakesOf(schema)).toEqual([expect.stringMatching(message)]);
  });

  it('follows references into unknown keywords and checks the schemas there, once', () => {
    expect(mistakesOf({ $ref: '#/components/a', components: { a: { $ref: '#/components/b' }, b: { type: 'text' } } })).toEqual([
      expect.stringMatching(/^\$\.components\.b\.type: must be one of/),
    ]);
    expect(mistakesOf({ $ref: '#/components/a', components: { a: { $ref: '#/nowhere' } } })).toEqual([
      expect.stringMatching(/^\$\.components\.a\.\$ref: .*nothing at that place/),
    ]);
    const twice = {
      properties: { a: { $ref: '#/components/a' }, b: { $ref: '#/components/a' } },
      components: { a: { type: 'x' } },
    };
    expect(mistakesOf(twice)).toHaveLength(1);
  });

  it.each([
    [{ $ref: '#' }],
    [{ allOf: [{ $ref: '#' }] }],
    [{ $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { anyOf: [{ type: 'string' }, { $ref: '#/$defs/a' }] } } }],
    [{ properties: { a: { if: { $ref: '#/properties/a' } } } }],
  ])('reports the circle in %j', (schema) => {
    expect(mistakesOf(schema)).toEqual([expect.stringContaining('refers back to itself without a step into the value')]);
  });

  it('reports a chain of references that is too long', () => {
    const $defs: Record<string, unknown> = { d0: {} };
    for (let index = 1; index <= 2_000; index++) $defs[`d${index}`] = { $ref: `#/$defs/d${index - 1}` };
    expect(mistakesOf({ $defs }).some((mistake) => mistake.includes('more than 256 references in a row'))).toBe(true);
  });

  it('reports $ids and anchors that two parts of the schema have', () => {
    expect(mistakesOf({ $ref: '#a', $defs: { x: { $anchor: 'a' }, y: { $anchor: 'a' } } })).toEqual([
      expect.stringContaining('$.$defs.y.$anchor: "a" is already the name of another part'),
    ]);
    expect(mistakesOf({ $ref: 'u:a', $defs: { x: { $id: 'u:a' }, y: { $id: 'u:a' } } })).toEqual([
      expect.stringContaining('"u:a" is already the name of another part'),
    ]);
  });
});

describe('the limits of the check', () => {
  const nested = (levels: number): object => {
    let schema: object = {};
    for (let level = 1; level < levels; level++) schema = { not: schema };
    return schema;
  };

  it('apply to the depth of subschemas', () => {
    expect(mistakesOf(nested(MAX_SCHEMA_DEPTH))).toEqual([]);
    expect(mistakesOf(nested(MAX_SCHEMA_DEPTH + 1))).toEqual([expect.stringContaining('nested more than 64 levels deep')]);
  });

  it('apply to the number of subschemas', () => {
    const wide = (count: number) => ({ anyOf: Array.from({ length: count }, () => ({})) });
    expect(mistakesOf(wide(MAX_SUBSCHEMAS - 1))).toEqual([]);
    expect(mistakesOf(wide(MAX_SUBSCHEMAS + 50))).toEqual([expect.stringContaining('more than 10000 subschemas')]);
  });

  it('end the check of a schema that contains itself', () => {
    const schema: Record<string, unknown> = {};
    schema['not'] = schema;
    expect(mistakesOf(schema)).toEqual([expect.stringContaining('nested more than 64 levels deep')]);
  });
});

describe('the check of x-mcp-header', () => {
  const withHeader = (name: unknown, type: unknown = 'string') => ({
    type: 'object',
    properties: { a: { type, 'x-mcp-header': name } },
  });

  it.each(['string', 'integer', 'boolean'])('accepts a property of type %s', (type) => {
    expect(mistakesOf(withHeader('Region', type), 'input')).toEqual([]);
  });

  it('accepts properties of nested objects', () => {
    expect(mistakesOf({ type: 'object', properties: { o: withHeader('X') } }, 'input')).toEqual([]);
  });

  it.each(['', 'a b', 'a\r\n', 'ä', 3, 'a:b'])('refuses the name %j', (name) => {
    expect(mistakesOf(withHeader(name), 'input')).toEqual([
      expect.stringContaining('$.properties.a.x-mcp-header: must be an HTTP header name'),
    ]);
  });

  it.each(['number', 'object', ['string', 'null'], undefined])('refuses a property of type %j', (type) => {
    const schema = { type: 'object', properties: { a: { ...(type === undefined ? {} : { type }), 'x-mcp-header': 'A' } } };
    expect(mistakesOf(schema, 'input')).toEqual([
      expect.stringMatching(/^\$\.properties\.a\.type: must be "string", "integer" or "boolean"/),
    ]);
  });

  it('refuses two names that differ only in case', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', 'x-mcp-header': 'Region' }, b: { type: 'string', 'x-mcp-header': 'region' } },
    };
    expect(mistakesOf(schema, 'input')).toEqual([expect.stringContaining('"region" is already the header of $.properties.a')]);
  });

  it.each([
    { properties: { a: { type: 'array', items: { type: 'string', 'x-mcp-header': 'A' } } } },
    { anyOf: [{ properties: { a: { type: 'string', 'x-mcp-header': 'A' } } }] },
    { if: { properties: { a: { type: 'string', 'x-mcp-header': 'A' } } } },
    { $defs: { a: { type: 'string', 'x-mcp-header': 'A' } } },
    { additionalProperties: { type: 'string', 'x-mcp-header': 'A' } },
    {
      components: { a: { properties: { b: { type: 'string', 'x-mcp-header': 'A' } } } },
      properties: { x: { $ref: '#/components/a' } },
    },
  ])('refuses the place in %j', (schema) => {
    expect(mistakesOf({ type: 'object', ...schema }, 'input')).toEqual([
      expect.stringContaining('is allowed only on properties of the arguments'),
    ]);
  });

  it('ignores output schemas, and properties of that name', () => {
    expect(mistakesOf(withHeader(''))).toEqual([]);
    expect(mistakesOf({ type: 'object', properties: { 'x-mcp-header': { type: 'number' } } }, 'input')).toEqual([]);
  });
});

describe('the check of random schemas', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(0, 1, -1, 1.5, '', 'string', 'object', 'a', true, false, null, [], {}),
    fc.array(fc.constantFrom<unknown>('string', 'null', 'a', 'a', 1, true), { maxLength: 3 }),
    fc.dictionary(name, fc.constantFrom<unknown>('a', 1, true, {}, ['a'], ['a', 'a']), { maxKeys: 2 }),
  );
  const KEYWORDS =
    '$id $anchor $vocabulary $comment $defs $dynamicAnchor $recursiveAnchor definitions dependencies dependentSchemas dependentRequired properties items prefixItems additionalItems contains additionalProperties propertyNames unevaluatedItems unevaluatedProperties if then else not allOf anyOf oneOf type const enum multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required title description default deprecated readOnly writeOnly examples format contentEncoding contentMediaType contentSchema unknown'.split(
      ' ',
    );
  const GOOD: Record<string, unknown[]> = {
    type: ['string', ['string', 'null']],
    required: [['a']],
    minimum: [1],
    multipleOf: [2],
    minLength: [3],
    enum: [[1, 'a']],
    title: ['a'],
    uniqueItems: [true],
    $anchor: ['a', 'b'],
  };
  const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4 },
      fc.boolean(),
      fc
        .array(
          fc.oneof(
            fc.tuple(fc.constantFrom(...KEYWORDS), leaf),
            ...Object.entries(GOOD).map(([key, values]) => fc.tuple(fc.constant(key), fc.constantFrom(...values))),
            fc.tuple(fc.constantFrom('items', 'not', 'if', 'additionalProperties', 'contains', 'contentSchema'), tie('schema')),
            fc.tuple(
              fc.constantFrom('properties', '$defs', 'definitions', 'dependentSchemas', 'dependencies'),
              fc.dictionary(name, tie('schema'), { maxKeys: 2 }),
            ),
            fc.tuple(fc.constantFrom('allOf', 'anyOf', 'prefixItems', 'items'), fc.array(tie('schema'), { maxLength: 2 })),
          ),
          { maxLength: 4 },
        )
        .map((pairs) => Object.fromEntries(pairs)),
    ),
  }));
  const root = schema.filter((value): value is Record<string, unknown> => typeof value === 'object');

  // Known differences, kept out of the generator: references are resolved and patterns compiled here, the dialect must be ours,
  // nesting is bounded; formats (uri, regex) are not looked at by the meta-schemas.
  // Forms of older drafts are warnings here: a boolean exclusiveMinimum, and a list in `items` of 2020-12.
  const isOlder = (value: object): boolean => {
    const list = new MistakeList();
    addSchemaMistakes(list, value, 'output');
    return list.warnings.some(({ message }) => /as in older drafts|since draft-06/.test(message));
  };
  const agrees = (validate: (schema: object) => unknown, dialect?: string, prepare = (value: object) => value) =>
    fc.property(root, (generated) => {
      const value = dialect === undefined ? generated : prepare({ ...generated, $schema: dialect });
      const before = JSON.stringify(value);
      fc.pre(!isOlder(value));
      expect(checkSchema(value).length === 0).toBe(validate(value));
      expect(JSON.stringify(value)).toBe(before);
    });

  it('agrees with the meta-schema of 2020-12', () => {
    const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: false });
    fc.assert(
      agrees((value) => ajv.validateSchema(value)),
      { numRuns: 3_000 },
    );
  });

  it('agrees with the meta-schema of 2019-09', () => {
    const dialect = 'https://json-schema.org/draft/2019-09/schema';
    const ajv = new Ajv2019({ strict: false, logger: false, validateFormats: false });
    fc.assert(
      agrees((value) => ajv.validateSchema(value), dialect),
      { numRuns: 2_000 },
    );
  });

  it('agrees with the meta-schema of draft-07', () => {
    const ajv = new Ajv({ strict: false, logger: false, validateFormats: false });
    // Two more differences: ajv has a draft-07 from before writeOnly, when an enum could not be empty.
    const comparable = (value: object): object =>
      JSON.parse(
        JSON.stringify(value, (key, member: unknown) => (key === 'writeOnly' || key === 'enum' ? undefined : member)),
      ) as object;
    fc.assert(
      agrees((value) => ajv.validateSchema(value), 'http://json-schema.org/draft-07/schema#', comparable),
      { numRuns: 2_000 },
    );
  });
});

describe('the warnings about schemas', () => {
  const warningsOf = (schema: object, role: 'input' | 'untyped input' | 'output' = 'output'): string[] => {
    const list = new MistakeList();
    addSchemaMistakes(list, schema, role);
    expect(list.found).toEqual([]);
    return list.warnings.map(({ path, message }) => `${path}: ${message}`);
  };

  it('say that an outputSchema is not shown to clients, if the official SDKs cannot compile it', () => {
    const shown = (schema: object, role?: 'input'): boolean =>
      !warningsOf(schema, role).some((one) => one.includes('is not shown to clients'));
    expect(shown({ properties: { year: { type: 'string', pattern: '(?P<y>\\d+)' } } })).toBe(false);
    expect(shown({ enum: [] })).toBe(false);
    expect(shown({ properties: { year: { type: 'string', pattern: '^\\-$' } } })).toBe(true);
    expect(shown({ type: 'object', properties: { year: { type: 'string', pattern: '(?P<y>\\d+)' } } }, 'input')).toBe(true);
  });

  it.each<[what: string, schema: object, warning: RegExp]>([
    ['a list of items', { items: [{}] }, /^\$\.items: is a list of schemas, as in older drafts: write "prefixItems"/],
    [
      'a boolean exclusiveMinimum',
      { minimum: 0, exclusiveMinimum: true },
      /^\$\.exclusiveMinimum: is a number since draft-06, got true: write "exclusiveMinimum": 0 for "minimum": 0/,
    ],
    ['draft-04', { $schema: 'http://json-schema.org/draft-04/schema#' }, /draft-04 is read as draft-07/],
    ['"nullable"', { properties: { a: { type: 'string', nullable: true } } }, /write "type": \["string", "null"\]/],
    [
      'a required name that is no property',
      { properties: { email: {} }, required: ['e-mail'] },
      /^\$\.required\[0\]: "e-mail" is required, but is not one of the properties; did you mean "email"\?$/,
    ],
    ['named groups of Python', { pattern: '(?P<y>a)' }, /is not checked, .*write \(\?<name>…\)/],
    ['flags of Python', { pattern: '(?i)a' }, /is not checked, .*write \[Aa\]/],
    ['the end of a text in Python', { patternProperties: { 'a\\Z': {} } }, /is not checked, .*write \$ for/],
    ['a repetition inside a repetition', { pattern: '^(\\w+\\s?)*$' }, /exponential time/],
    ['two equal alternatives that are repeated', { pattern: '(a|a)*$' }, /exponential time/],
    ['a slow pattern with a back reference', { pattern: '^(a+)+\\1$' }, /texts of more than \d+ characters are refused/],
  ])('name %s', (_, schema, warning) => {
    const warnings = warningsOf(schema).filter((one) => !one.includes('is not shown to clients'));
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  it.each(['anyOf', 'oneOf'])('name %s at the root of arguments, which hosts drop', (keyword) => {
    const schema = { type: 'object', [keyword]: [{ required: ['a'] }] };
    expect(warningsOf(schema, 'input')).toEqual([expect.stringMatching(/some hosts drop alternatives/)]);
    expect(warningsOf({ ...schema, properties: { o: schema } }, 'output')).toEqual([]);
  });

  it('name free names at the root of arguments, which hosts drop, and not those that the schema only allows', () => {
    const schema = { type: 'object', additionalProperties: { type: 'string' } };
    expect(warningsOf(schema, 'input')).toEqual([expect.stringMatching(/^\$\.additionalProperties: some hosts drop free names/)]);
    expect(warningsOf({ properties: { o: schema } }, 'output')).toEqual([]);
    for (const additionalProperties of [true, false, {}])
      expect(warningsOf({ type: 'object', additionalProperties }, 'input')).toEqual([]);
  });

  it('name a missing type of arguments', () => {
    expect(warningsOf({ properties: {} }, 'untyped input')).toEqual([expect.stringContaining('has no "type": "object"')]);
  });

  it.each([
    '^https\\:\\/\\/',
    '^\\d{4}\\-\\d{2}$',
    '[\\w-.]+',
    '^(\\d{1,3}\\.){3}\\d{1,3}$',
    '^([a-z0-9]+-)*[a-z0-9]+$',
    '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$',
    '^(?=.*[A-Z])(?=.*\\d).{8,}$',
    '^(a|b)*$',
    '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$',
    '^\\p{Lu}\\p{L}*( \\p{Lu}\\p{L}*)*$',
    '^v?\\d+\\.\\d+\\.\\d+(-[\\w.]+)?(\\+[\\w.]+)?$',
  ])('do not name the pattern %s', (pattern) => {
    expect(warningsOf({ pattern })).toEqual([]);
  });

  it('do not name required names that another part of the schema may know', () => {
    for (const more of [{ patternProperties: { b: {} } }, { allOf: [{ properties: { b: {} } }] }, { additionalProperties: {} }])
      expect(warningsOf({ properties: { a: {} }, required: ['b'], ...more })).toEqual([]);
    expect(warningsOf({ properties: { b: {} }, if: { properties: { a: {} }, required: ['b'] } })).toEqual([]);
  });
});
