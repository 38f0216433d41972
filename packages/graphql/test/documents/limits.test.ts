/** Documents that are too large, too deep, too wide or wrong. */
import fc from 'fast-check';

import { createGraphqlApi, DEFAULT_GRAPHQL_LIMITS } from '../../src/index.js';
import { ask, worldOf } from '../support.js';

const world = worldOf();
afterAll(() => world.close());

const refused = async (query: string, variables = {}): Promise<[unknown, string]> => {
  const { data, errors } = await world.ask(query, variables);
  expect(data).toBeUndefined();
  return [errors?.[0]?.extensions['code'], errors?.[0]?.message ?? ''];
};

const NESTED = ['mcpModule { mcpFunctions { ', ' } }'] as const;
const deep = (times: number): string =>
  `{ mcpFunction(name: "a") { ${NESTED[0].repeat(times)} name ${NESTED[1].repeat(times)} } }`;

it.each([
  ['a document of too many bytes', `{ ping } # ${'x'.repeat(100_000)}`, 'maxDocumentBytes'],
  ['a document of too many tokens', `{ ping(${'a:1 '.repeat(2_000)}) }`, 'maxTokens'],
  ['brackets in brackets', `{ a(b: ${'['.repeat(50_000)}) }`, 'maxNesting'],
  ['fields in fields', deep(10), 'maxDepth'],
  ['a thousand aliases', `{ ${Array.from({ length: 1_000 }, (_, i) => `a${i}: ping`).join(' ')} }`, 'maxAliases'],
  ['a field a thousand times', `{ ${'ping '.repeat(1_000)} }`, 'maxAliases'],
  [
    'too many fields',
    Array.from(
      { length: 40 },
      (_, i) => `fragment F${i} on Query { ${Array.from({ length: 30 }, (_, j) => `a${j}`).join(' ')} }`,
    ).join(' '),
    'maxFields',
  ],
  ['too many uses of fragments', `{ ${'...F '.repeat(201)} } fragment F on Query { ping }`, 'maxSpreads'],
  [
    'a page of a thousand rows with much in each',
    `{ mcpFunctionList(limit: 1000) { mcpFunctionList { mcpModule { mcpFunctions { name data mcpModule { mcpFunctions { name data } } } } } } }`,
    'maxCost',
  ],
])('refuses %s', async (_, query, limit) => {
  const [code, message] = await refused(query);
  expect([code, message]).toEqual(['LIMIT_EXCEEDED', expect.stringContaining(`(${limit})`)]);
});

it('counts the size of a page that is in a variable, and its default', async () => {
  const query = `query($n: Int = 1000) { mcpFunctionList(first: $n) { mcpFunctionList { mcpModule { mcpFunctions { name data mcpModule { mcpFunctions {
    name } } } } } } }`;
  expect(await refused(query, { n: 1_000 })).toEqual(['LIMIT_EXCEEDED', expect.stringContaining('(maxCost)')]);
  expect(await refused(query)).toEqual(['LIMIT_EXCEEDED', expect.stringContaining('(maxCost)')]);
  expect((await world.ask(query, { n: 10 })).errors).toBeUndefined();
});

it.each([
  ['what is no GraphQL', '{ ping', 'PARSE_FAILED'],
  ['an unknown field', '{ nothing }', 'VALIDATION_FAILED'],
  ['an unknown argument', '{ mcpFunction(name: "a", other: 1) { name } }', 'VALIDATION_FAILED'],
  ['fragments in circles', '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }', 'VALIDATION_FAILED'],
  ['a document without an operation', 'fragment A on Query { ping }', 'VALIDATION_FAILED'],
  ['two operations without a name of one', 'query A { ping } query B { ping }', 'BAD_REQUEST'],
])('refuses %s', async (_, query, code) => {
  expect((await refused(query))[0]).toBe(code);
});

it('chooses the operation that is named, and refuses a name that is not there', async () => {
  const query = 'query A { a: ping } query B { b: ping }';
  const caller = { partition: 'acme', subject: 'ada', role: 'admin', signal: new AbortController().signal } as const;
  const prepared = world.api.prepare({ query, operationName: 'B' });
  if ('errors' in prepared) throw new Error('refused');
  const { data } = await world.api.execute(prepared, { query, operationName: 'B' }, caller);
  expect(Object.keys(data ?? {})).toEqual(['b']);
  expect(world.api.prepare({ query, operationName: 'C' })).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
});

it('refuses wrong variables with a code', async () => {
  const query = 'query($limit: Int, $at: DateTime) { mcpFunctionCallList(limit: $limit, updatedAtGt: $at) { total } }';
  for (const variables of [{ limit: 'many' }, { limit: 1.5 }, { at: 'yesterday' }, { at: 7 }])
    expect([variables, await world.codes(query, variables)]).toEqual([variables, ['BAD_USER_INPUT']]);
});

it('refuses a page of a million, and pages that cannot be', async () => {
  const list = (args: string): Promise<unknown[]> => world.codes(`{ mcpFunctionCallList(${args}) { total } }`);
  expect(await list('limit: 1000000')).toEqual(['LIMIT_EXCEEDED']);
  expect(await list('first: 1001')).toEqual(['LIMIT_EXCEEDED']);
  expect(await list('pageNumber: 1000000')).toEqual(['LIMIT_EXCEEDED']);
  for (const args of ['limit: 0', 'first: -1', 'pageNumber: 0', 'first: 1, limit: 2', 'after: "x", pageNumber: 2'])
    expect([args, await list(args)]).toEqual([args, ['BAD_USER_INPUT']]);
  expect(await list('after: "x"')).toEqual(['INVALID_CURSOR']);
  expect(await list('status: "other"')).toEqual(['BAD_USER_INPUT']);
  expect(await list(`name: "${'x'.repeat(1_025)}"`)).toEqual(['LIMIT_EXCEEDED']);
});

it('answers the introspection of tools, unless it is turned off', async () => {
  const { getIntrospectionQuery } = await import('graphql');
  const { data, errors } = await world.ask(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }));
  expect(errors).toBeUndefined();
  expect(data.__schema.types.length).toBeGreaterThan(30);
  const closed = createGraphqlApi({ daemon: world.daemon, introspection: false });
  expect((await ask(closed, '{ __schema { types { name } } }')).errors?.[0]?.extensions['code']).toBe('VALIDATION_FAILED');
  expect((await ask(closed, '{ __typename ping }')).errors).toBeUndefined();
});

it('keeps a bounded number of documents, the last used ones', () => {
  const api = createGraphqlApi({ daemon: world.daemon, limits: { maxDocuments: 3 } });
  const prepare = (n: number): unknown => api.prepare({ query: `{ a${n}: ping }` });
  const first = prepare(0);
  for (const n of [1, 2]) prepare(n);
  expect((prepare(0) as { document: unknown }).document).toBe((first as { document: unknown }).document);
  for (const n of [3, 4]) prepare(n);
  expect((prepare(0) as { document: unknown }).document).toBe((first as { document: unknown }).document);
  for (const n of [5, 6, 7]) prepare(n);
  expect((prepare(0) as { document: unknown }).document).not.toBe((first as { document: unknown }).document);
});

it('refuses limits that are none', () => {
  for (const limits of [{ maxDepth: 0 }, { maxCost: 1.5 }, { maxPageSize: 2_000 }, { other: 1 }])
    expect(() => createGraphqlApi({ daemon: world.daemon, limits })).toThrow(expect.objectContaining({ code: 'usage' }));
});

describe('any document', () => {
  it('of fragments that use each other is measured quickly, however often they are used', () => {
    const levels = 60;
    const fragments = Array.from(
      { length: levels },
      (_, i) =>
        `fragment F${i} on MCPFunctionListType { ...F${i + 1} ...G${i} } fragment G${i} on MCPFunctionListType { ...F${i + 1} }`,
    );
    const query = `{ mcpFunctionList { ...F0 } } ${fragments.join(' ')} fragment F${levels} on MCPFunctionListType { total }`;
    const started = performance.now();
    expect(world.api.prepare({ query })).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] });
    // Some milliseconds. What visits each use would take 2^60 steps.
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('of any text is answered with errors, and never throws', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '{',
        '}',
        '(',
        ')',
        '[',
        '"',
        '"""',
        '#',
        '\n',
        '...',
        'on',
        'ping',
        'query',
        '$a',
        ':',
        '@x',
        '\\',
        '\u0000',
        '1e9',
      ),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          pieces.map((parts) => parts.join(' ')),
        ),
        (query) => {
          const prepared = world.api.prepare({ query });
          return 'document' in prepared || prepared.errors.every(({ extensions }) => typeof extensions['code'] === 'string');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is refused exactly if it is deeper than allowed', () => {
    const api = createGraphqlApi({ daemon: world.daemon, limits: { maxCost: Number.MAX_SAFE_INTEGER } });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), fc.boolean(), (times, inFragment) => {
        const depth = 2 + 2 * times; // mcpFunction and name, and two for each pair
        const plain = deep(times);
        const inner = `${NESTED[0].repeat(times)} name ${NESTED[1].repeat(times)}`;
        const query = inFragment ? `{ mcpFunction(name: "a") { ...F } } fragment F on MCPFunctionType { ${inner} }` : plain;
        return 'errors' in api.prepare({ query }) === depth > DEFAULT_GRAPHQL_LIMITS.maxDepth;
      }),
    );
  });
});
