import type { Finish, ListKey, Snapshot } from '../../src/catalog/snapshot.js';
import { createSnapshot } from '../../src/catalog/snapshot.js';
import type { FunctionDefinition, JsonObject } from '../../src/index.js';
import { defineCatalog, definePrompt, defineResource, defineTool } from '../../src/index.js';
import { encode, textOf } from '../../src/protocol/encode.js';
import { createServerInfo } from '../../src/protocol/server-info.js';
import { daemonWith, errorOf, legacy, modern, resultOf } from '../support.js';

const plain: Finish = (result) => result;

const tools = (count: number): FunctionDefinition[] =>
  Array.from({ length: count }, (_, index) => defineTool({ name: `tool-${index}`, run: () => index }));

const snapshotOf = (functions: readonly FunctionDefinition[], pageSize = 3): Snapshot =>
  createSnapshot(defineCatalog({ functions }), pageSize, plain);

/** All names of a list, page by page. */
function walk(snapshot: Snapshot, key: ListKey): string[][] {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = snapshot.page(key, 'modern', cursor);
    pages.push((page[key] as { name: string }[]).map(({ name }) => name));
    cursor = page['nextCursor'] as string | undefined;
  } while (cursor !== undefined);
  return pages;
}

const cursorOf = (snapshot: Snapshot, key: ListKey = 'tools'): string =>
  snapshot.page(key, 'modern', undefined)['nextCursor'] as string;

describe('list pages', () => {
  it.each([
    [0, [0]],
    [1, [1]],
    [3, [3]],
    [4, [3, 1]],
    [9, [3, 3, 3]],
  ])('%i entries, three to a page', (count, sizes) => {
    const pages = walk(snapshotOf(tools(count)), 'tools');
    expect(pages.map(({ length }) => length)).toEqual(sizes);
    expect(pages.flat()).toEqual(tools(count).map(({ name }) => name));
  });

  it('have the entries of their list', () => {
    const snapshot = snapshotOf([
      ...tools(1),
      defineResource({ name: 'r', uri: 'x://r', run: () => 1 }),
      defineResource({ name: 't', uriTemplate: 'x://{t}', run: () => 1 }),
      definePrompt({ name: 'p', run: () => '1' }),
    ]);
    expect((['tools', 'resources', 'resourceTemplates', 'prompts'] as const).map((key) => walk(snapshot, key))).toEqual([
      [['tool-0']],
      [['r']],
      [['t']],
      [['p']],
    ]);
  });

  it('are encoded once', () => {
    const snapshot = snapshotOf(tools(4));
    const cursor = cursorOf(snapshot);
    expect(snapshot.page('tools', 'modern', cursor)).toBe(snapshot.page('tools', 'modern', cursor));
    expect(textOf(snapshot.page('tools', 'modern', undefined))).toBe(JSON.stringify(snapshot.page('tools', 'modern', undefined)));
  });

  it('are encoded to exactly the text of JSON.stringify', () => {
    const info = createServerInfo({ name: 'n', version: '1' });
    const snapshot = createSnapshot(defineCatalog({ functions: tools(5) }), 3, info.cacheable);
    for (const era of ['legacy', 'modern'] as const) {
      for (const id of [1, 'a"b', -5]) {
        const message = { jsonrpc: '2.0', id, result: snapshot.page('tools', era, undefined) } as const;
        expect(encode(message)).toBe(JSON.stringify(message));
      }
    }
  });

  it.each<[string, (snapshot: Snapshot) => string]>([
    ['made up', () => 'page-2'],
    ['empty', () => ''],
    ['changed', (snapshot) => `${cursorOf(snapshot).slice(0, -1)}!`],
    ['of another list', (snapshot) => cursorOf(snapshot, 'prompts')],
    ['of another revision', () => cursorOf(snapshotOf(tools(5)))],
    ['of another page size, past the end', () => cursorOf(snapshotOf(tools(4), 1)).repeat(2)],
  ])('are refused for a cursor that is %s', (_what, cursor) => {
    const prompts = Array.from({ length: 4 }, (_, index) => definePrompt({ name: `p${index}`, run: () => '' }));
    const snapshot = snapshotOf([...tools(4), ...prompts]);
    expect(() => snapshot.page('tools', 'modern', cursor(snapshot))).toThrow(
      expect.objectContaining({ code: 'invalid_cursor' }) as Error,
    );
  });

  it("have only members that the client's version has", async () => {
    const full = {
      title: 'T',
      description: 'D',
      icons: [{ src: 'https://example.com/i.png' }],
      _meta: { mine: 1 },
    };
    const daemon = daemonWith([
      defineTool({
        name: 't',
        ...full,
        annotations: { readOnlyHint: true },
        timeoutMs: 5,
        record: { bodies: 'none' },
        returnType: 'text',
        outputSchema: { type: 'object' },
        run: () => 1,
      }),
      defineResource({
        name: 'r',
        ...full,
        uri: 'x://r',
        mimeType: 'text/x',
        size: 3,
        annotations: { priority: 1 },
        run: () => 1,
      }),
      defineResource({ name: 'f', ...full, uriTemplate: 'x://{f}', mimeType: 'text/x', completions: { f: ['a'] }, run: () => 1 }),
      definePrompt({
        name: 'p',
        ...full,
        arguments: [{ name: 'a', title: 'A', description: 'd', required: true, completions: ['x'] }, { name: 'b' }],
        run: () => '',
      }),
    ]);
    const client = await legacy(daemon);
    expect(resultOf(await client.request('tools/list'))).toEqual({
      tools: [
        {
          name: 't',
          ...full,
          inputSchema: { type: 'object' },
          outputSchema: { type: 'object' },
          annotations: { readOnlyHint: true },
        },
      ],
    });
    expect(resultOf(await client.request('resources/list'))).toEqual({
      resources: [{ uri: 'x://r', name: 'r', ...full, mimeType: 'text/x', size: 3, annotations: { priority: 1 } }],
    });
    expect(resultOf(await client.request('resources/templates/list'))).toEqual({
      resourceTemplates: [{ uriTemplate: 'x://{f}', name: 'f', ...full, mimeType: 'text/x' }],
    });
    expect(resultOf(await client.request('prompts/list'))).toEqual({
      prompts: [{ name: 'p', ...full, arguments: [{ name: 'a', title: 'A', description: 'd', required: true }, { name: 'b' }] }],
    });
  });

  it('send a schema unchanged', async () => {
    const inputSchema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: { Node_Type: { type: 'object', properties: { next: { $ref: '#/$defs/Node_Type' } } } },
      properties: { snake_case: { $ref: '#/$defs/Node_Type' } },
      'x-mine': [1],
    };
    const client = modern(daemonWith([defineTool({ name: 't', inputSchema, run: () => 1 })]));
    const [listed] = resultOf(await client.request('tools/list'))['tools'] as JsonObject[];
    expect(JSON.stringify(listed!['inputSchema'])).toBe(JSON.stringify(inputSchema));
  });

  it('do not show legacy clients an output schema of anything but an object', async () => {
    const daemon = daemonWith([defineTool({ name: 't', outputSchema: { type: 'array' }, run: () => [] })]);
    const listed = async (client: Awaited<ReturnType<typeof legacy>>): Promise<JsonObject> =>
      (resultOf(await client.request('tools/list'))['tools'] as JsonObject[])[0]!;
    expect(await listed(await legacy(daemon))).not.toHaveProperty('outputSchema');
    expect(await listed(modern(daemon))).toHaveProperty('outputSchema');
  });

  it('are refused for an unknown cursor, with -32602', async () => {
    const client = modern(daemonWith(tools(1)));
    for (const cursor of [5, {}, 'mine', 'x'.repeat(5_000)])
      expect(errorOf(await client.request('tools/list', { cursor })).code).toBe(-32602);
  });

  it('are as large as the limit, and clients can read all of them', async () => {
    const client = await legacy(daemonWith(tools(5), { limits: { pageSize: 2 } }));
    const names: unknown[] = [];
    let cursor: unknown;
    do {
      const page = resultOf(await client.request('tools/list', cursor === undefined ? {} : { cursor }));
      names.push((page['tools'] as JsonObject[]).length);
      cursor = page['nextCursor'];
    } while (cursor !== undefined);
    expect(names).toEqual([2, 2, 1]);
  });
});

describe('the resource of a URI', () => {
  const snapshot = snapshotOf([
    defineResource({ name: 'summary', uri: 'KBInfo://summary', run: () => 1 }),
    defineResource({ name: 'site', uri: 'https://example.com', run: () => 1 }),
    defineResource({ name: 'cafe', uri: 'file:///caf%C3%A9', run: () => 1 }),
    defineResource({ name: 'any', uriTemplate: 'file:///{name}', run: () => 1 }),
  ]);

  it.each([
    ['KBInfo://summary', 'summary'],
    ['kbinfo://summary', 'summary'],
    ['https://example.com/', 'site'],
    ['HTTPS://EXAMPLE.COM', 'site'],
    ['file:///caf%c3%a9', 'cafe'],
    ['file:///café', 'cafe'],
    ['file:///x/../caf%C3%A9', 'cafe'],
    ['file:///other', 'any'],
  ])('is found by %s: %s', (uri, name) => {
    expect(snapshot.resource(uri)?.definition.name).toBe(name);
  });

  it('is not found for a URI that is much too long', () => {
    expect(snapshot.resource(`file:///${'a'.repeat(10_000)}`)).toBeUndefined();
  });
});
