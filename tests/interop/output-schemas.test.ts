/** The official SDKs check results against the outputSchemas of a list. They accept every result that fits, whatever the schema is made of. */
import type { Daemon, JsonObject } from '@mcp-daemon/core';
import { createDaemon, createTransportPair, defineCatalog, defineTool } from '@mcp-daemon/core';
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

/** The schema of the member `n` or of the whole result, and a result that fits. */
const TOOLS: readonly [string, JsonObject, JsonObject][] = [
  ['first_of_an_id', { $id: 'result', properties: { n: { type: 'string' } } }, { n: 'text' }],
  ['second_of_an_id', { $id: 'result', properties: { n: { type: 'integer' } } }, { n: 1 }],
  [
    'escapes_without_need',
    { properties: { n: { type: 'string', pattern: '^https\\:\\/\\/[\\w-.]+$' } } },
    { n: 'https://a-b.c' },
  ],
  ['pattern_of_python', { properties: { n: { type: 'string', pattern: '^(?P<year>\\d+)$' } } }, { n: '2026' }],
  ['names_by_pattern', { patternProperties: { '^x\\-': { type: 'integer' } }, additionalProperties: false }, { 'x-a': 1 }],
  ['tuple', { properties: { n: { type: 'array', prefixItems: [{ type: 'string' }], items: false } } }, { n: ['a'] }],
  ['tuple_and_rest', { properties: { n: { prefixItems: [{ type: 'string' }], items: { type: 'integer' } } } }, { n: ['a', 1] }],
  ['contains_none', { properties: { n: { contains: { type: 'string' }, minContains: 0, maxContains: 1 } } }, { n: [1] }],
  ['draft_04', { $schema: 'http://json-schema.org/draft-04/schema#', properties: { n: { type: 'integer' } } }, { n: 1 }],
  ['list_of_items', { properties: { n: { items: [{ type: 'string' }], additionalItems: false } } }, { n: ['a'] }],
  ['excluded_limit', { properties: { n: { type: 'integer', minimum: 0, exclusiveMinimum: true } } }, { n: 1 }],
  ['cents', { properties: { n: { oneOf: [{ type: 'number', multipleOf: 0.01 }, { type: 'null' }] } } }, { n: 19.99 }],
  ['nullable_of_openapi', { properties: { n: { nullable: true, anyOf: [{ type: 'integer' }] } } }, { n: 1 }],
  [
    'one_of_tuples',
    { properties: { n: { oneOf: [{ prefixItems: [{ type: 'string' }] }, { prefixItems: [{ type: 'integer' }] }] } } },
    { n: [1] },
  ],
  ['not_a_tuple', { properties: { n: { not: { prefixItems: [{ type: 'string' }] } } } }, { n: [1] }],
  ['all_items_evaluated', { properties: { n: { prefixItems: [{}], items: {}, unevaluatedItems: false } } }, { n: [1, 2] }],
  ['pattern_in_dependencies', { dependencies: { n: { properties: { n: { pattern: '\\-' } } } } }, { n: '-' }],
  [
    'patterns_and_a_condition',
    { patternProperties: { n: {} }, if: { required: ['n'] }, then: { properties: { n: {} } } },
    { n: 1 },
  ],
  ['first_of_an_inner_id', { $defs: { a: { $id: 'a', type: 'string' } }, properties: { n: { $ref: 'a' } } }, { n: 'text' }],
  ['second_of_an_inner_id', { $defs: { a: { $id: 'a', type: 'integer' } }, properties: { n: { $ref: 'a' } } }, { n: 1 }],
  ['one_anchor_twice', { properties: { n: { $anchor: 'a' }, m: { $anchor: 'a' } } }, { n: 1 }],
  ['constructor_of_a_car', { properties: { n: { type: 'integer' }, constructor: { type: 'string' } } }, { n: 1 }],
  ['emoji_of_one_character', { properties: { n: { pattern: '^.\\-$' } } }, { n: '😀-' }],
  [
    'reference_turns_off',
    {
      $schema: 'http://json-schema.org/draft-07/schema#',
      properties: { n: { $ref: '#/definitions/text', minLength: 5 } },
      definitions: { text: { type: 'string' } },
    },
    { n: 'text' },
  ],
  ['old_id', { id: 'result', properties: { n: { type: 'integer' } } }, { n: 1 }],
];

const tools = TOOLS.map(([name, schema, result]) =>
  defineTool({ name, inputSchema: { type: 'object' }, outputSchema: { type: 'object', ...schema }, run: () => result }),
);

const connected = async (daemon: Daemon): Promise<Transport> => {
  const [near, far] = createTransportPair();
  await daemon.connect(far);
  return near as Transport;
};

const CLIENTS = {
  'SDK v1': async (daemon: Daemon) => {
    const client = new ClientV1({ name: 'test', version: '1' });
    await client.connect(await connected(daemon));
    return client;
  },
  'SDK v2 with a handshake': async (daemon: Daemon) => {
    const client = new ClientV2({ name: 'test', version: '1' });
    await client.connect(await connected(daemon));
    return client;
  },
  'SDK v2 of 2026-07-28': async (daemon: Daemon) => {
    const client = new ClientV2({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(await connected(daemon));
    return client;
  },
};

describe.each(Object.entries(CLIENTS))('%s', (_name, connect) => {
  it.each(TOOLS.map(([name, , result]) => [name, result] as const))('accepts the result of %s', async (name, result) => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: tools }) });
    const client = await connect(daemon);
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(TOOLS.map(([one]) => one));
    expect(await client.callTool({ name, arguments: {} })).toMatchObject({ structuredContent: result });
    await client.close();
    await daemon.close();
  });

  it('still checks results against what it can compile', async () => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: tools }) });
    const client = await connect(daemon);
    const { tools: listed } = await client.listTools();
    const shown = Object.fromEntries(listed.map((tool) => [tool.name, tool.outputSchema]));
    expect(shown['first_of_an_id']).toEqual({ type: 'object', properties: { n: { type: 'string' } } });
    expect(shown['escapes_without_need']).toMatchObject({ properties: { n: { pattern: '^https:\\/\\/[\\w\\-.]+$' } } });
    expect(shown['tuple']).toMatchObject({ properties: { n: { prefixItems: [{ type: 'string' }] } } });
    expect(shown['pattern_of_python']).toBeUndefined();
    await client.close();
    await daemon.close();
  });
});
