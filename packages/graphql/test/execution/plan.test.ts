/** Plans of queries: they give what graphql-js gives, or nothing. */
import type { FragmentDefinitionNode, GraphQLFieldResolver, OperationDefinitionNode } from 'graphql';
import { buildSchema, execute, GraphQLObjectType, Kind, parse, validate } from 'graphql';

import type { QueryPlan } from '../../src/execution/plan.js';
import { createPlan } from '../../src/execution/plan.js';

const SCHEMA = buildSchema(`
  scalar Any
  enum Color { RED GREEN }
  type Query {
    item(id: ID!, size: Int = 7): Item
    items(count: Int): [Item!]
    later: Item!
    grid: [[Int]]
    promises: [String]
    color(of: Color = GREEN): Color
    set: [Int!]!
    any: Any
    nothing: Item
    fails: String
    failsLater: String
    missing: String!
    notAList: [Int]
    notAnInt: Int
    error: String
    errorAny: Any
    errorItem: Item
    errorList: [Int]
    nullInside: [Int!]
  }
  type Mutation { change: Int }
  type Item { id: ID!, name: String, size: Int, price: Float, on: Boolean, self: Item!, text(upper: Boolean): String, late: String! }
`);

const itemOf = (id: unknown, size = 1): object => ({
  ...{ id, size, name: `item ${String(id)}`, price: size / 4, on: size > 1 },
  text: ({ upper }: { upper?: boolean }, context: { word: string }) =>
    upper === true ? context.word.toUpperCase() : context.word,
});

const soon = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(value)));

const RESOLVERS: Readonly<Record<string, Readonly<Record<string, GraphQLFieldResolver<never, unknown>>>>> = {
  Query: {
    item: (_, { id, size }) => itemOf(id, size as number),
    items: (_, { count }) => Array.from({ length: Number(count) }, (_entry, index) => itemOf(index, index)),
    later: () => soon(itemOf('later')),
    grid: () => [[1, null], [], null],
    promises: () => [soon('a'), 'b', Promise.resolve(null)],
    color: (_, { of }) => of as unknown,
    set: () => new Set([3, 1]),
    any: () => ({ deep: [1, { then: 'text' }] }),
    nothing: () => undefined,
    fails: () => {
      throw new Error('failed');
    },
    failsLater: () => soon(1).then(() => Promise.reject(new Error('failed later'))),
    missing: () => null,
    notAList: () => 5,
    notAnInt: () => 'x',
    error: () => new Error('given'),
    errorAny: () => new Error('given'),
    errorItem: () => new Error('given'),
    errorList: () => new Error('given'),
    nullInside: () => [1, null],
  },
  Item: { self: (item: object) => item, late: () => soon('late') },
};

for (const [type, resolvers] of Object.entries(RESOLVERS)) {
  const found = SCHEMA.getType(type);
  for (const [field, resolve] of Object.entries(resolvers)) {
    if (found instanceof GraphQLObjectType) Object.assign(found.getFields()[field] ?? {}, { resolve });
  }
}

const CONTEXT = { word: 'word' };

function planOf(text: string): QueryPlan | undefined {
  const document = parse(text);
  expect(validate(SCHEMA, document)).toEqual([]);
  const operation = document.definitions.find((node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION);
  const fragments = document.definitions.filter((node): node is FragmentDefinitionNode => node.kind === Kind.FRAGMENT_DEFINITION);
  if (operation === undefined) throw new Error('no operation');
  return createPlan({ schema: SCHEMA, operation, fragments: new Map(fragments.map((node) => [node.name.value, node])) });
}

/** What graphql-js gives. */
const expected = (text: string, variableValues: Record<string, unknown>): unknown =>
  execute({ schema: SCHEMA, document: parse(text), contextValue: CONTEXT, variableValues });

it.each<[string, Record<string, unknown>?]>([
  ['{ item(id: 3) { id name size price on } }'],
  ['{ b: item(id: "x") { name } a: item(id: "y", size: 4) { first: size size price } }'],
  ['query($id: ID!, $size: Int) { item(id: $id, size: $size) { id size } }', { id: 5 }],
  ['query($id: ID!, $size: Int) { item(id: $id, size: $size) { id size } }', { id: 5, size: null }],
  ['query($size: Int = 9) { item(id: 1, size: $size) { size } other: item(id: 2) { size } }'],
  ['query($upper: Boolean) { items(count: 3) { text(upper: $upper) plain: text } }', { upper: true }],
  ['{ items(count: 0) { id } nothing { id } }'],
  ['{ items { id } }'],
  ['{ later { id late self { late name } } ping: item(id: 1) { id } }'],
  ['{ items(count: 3) { late id } }'],
  ['{ grid promises set any color red: color(of: RED) none: color(of: null) }'],
  ['query($of: Color) { color(of: $of) }', { of: 'RED' }],
  ['{ __typename item(id: 1) { __typename type: __typename } }'],
  [
    '{ ...A ...A ... on Query { item(id: 1) { size } } } fragment A on Query { item(id: 1) { id ...B } } fragment B on Item { name }',
  ],
  ['{ item(id: 1) { self { id } self { name self { size } } } }'],
])('a plan gives the same JSON as graphql-js: %s', async (text, variables = {}) => {
  const plan = planOf(text);
  for (let run = 0; run < 2; run += 1)
    expect(JSON.stringify({ data: await plan?.(CONTEXT, variables) })).toBe(JSON.stringify(await expected(text, variables)));
});

it('a plan gives its data at once if all values are there', () => {
  expect(planOf('{ item(id: 1) { size } grid }')?.(CONTEXT, {})).toEqual({ item: { size: 7 }, grid: [[1, null], [], null] });
});

it.each([
  'fails',
  'failsLater',
  'missing',
  'notAList',
  'notAnInt',
  'error',
  'errorAny',
  'errorItem { id }',
  'errorList',
  'nullInside',
  'later { late } failsLater promises',
])('a plan fails where graphql-js has an error: %s', async (field) => {
  const text = `{ item(id: 1) { id } ${field} }`;
  expect(await expected(text, {})).toHaveProperty('errors');
  const plan = planOf(text);
  expect(plan).toBeDefined();
  await expect((async () => plan?.(CONTEXT, {}))()).rejects.toBeInstanceOf(Error);
});

it.each<[string, Record<string, unknown>]>([
  ['query($id: ID!) { item(id: $id) { id } }', {}],
  ['query($size: Int) { item(id: 1, size: $size) { id } }', { size: 'large' }],
])('a plan fails if variables are wrong: %s %j', (text, variables) => {
  const plan = planOf(text);
  expect(() => plan?.(CONTEXT, variables)).toThrow();
});

it.each([
  'mutation { change }',
  '{ item(id: 1) { id name @skip(if: true) } }',
  'query($on: Boolean!) { item(id: 1) @include(if: $on) { id } }',
  '{ ... @include(if: false) { any } }',
  '{ ...A @skip(if: true) any } fragment A on Query { grid }',
  '{ __schema { types { name } } }',
  '{ __type(name: "Item") { name } }',
  '{ item(id: 1) { __proto__: name } }',
])('has no plan: %s', (text) => {
  expect(planOf(text)).toBeUndefined();
});

it('a query whose fragments put in place have too many fields has no plan', () => {
  const fragments = Array.from(
    { length: 12 },
    (_, index) => `fragment F${index} on Item { a: self { ...F${index + 1} } b: self { ...F${index + 1} } }`,
  );
  expect(planOf(`{ item(id: 1) { ...F0 } } ${fragments.join(' ')} fragment F12 on Item { id }`)).toBeUndefined();
});
