/** Recorded calls, made again by the API. */
import type { CallRecord, ConfigDocument, Runner } from '@mcp-daemon/core';
import { applyConfig, createDaemon, createMemoryStore, createStoredSource, defineCatalog, defineTool } from '@mcp-daemon/core';

import { createGraphqlApi } from '../src/index.js';
import type { World } from './support.js';
import { ask, SILENT, worldOf } from './support.js';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
const REPLAY = `mutation($id: String!, $force: Boolean, $ignore: [String!]) {
  replayFunctionCall(mcpFunctionCallUuid: $id, force: $force, ignore: $ignore) {
    same note differences { path kind before after } before { mcpFunctionCallUuid status fault }
    after { mcpFunctionCallUuid status timeSpentMs revision result }
  }
}`;

let world: World;
let total = 1;
const caller = { partition: 'default' };

beforeEach(() => {
  total = 1;
  const functions = [
    defineTool({
      ...{ name: 'sum', inputSchema: { type: 'object' }, returnType: 'json', annotations: { readOnlyHint: true } },
      run: () => (total > 1 ? { total, more: true } : { total, gone: null }),
    }),
    defineTool({ name: 'write', inputSchema: { type: 'object' }, run: () => 'written' }),
  ];
  world = worldOf(createMemoryStore(), {}, defineCatalog({ functions }));
});
afterEach(() => world.close());

async function call(name: string): Promise<CallRecord> {
  const exchange = { partition: 'default', subject: 'bob', signal: new AbortController().signal, notify: () => undefined };
  await world.daemon.handle({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, _meta: META } }, exchange);
  const [record] = (await world.store.calls.list('default', { limit: 1 })).items;
  if (record === undefined) throw new Error('no record');
  return record;
}

describe('replayFunctionCall', () => {
  it('makes a call again, and links the records', async () => {
    const { mcp_function_call_uuid: id } = await call('sum');
    const { data, errors } = await world.ask(REPLAY, { id }, caller);
    expect(errors).toBeUndefined();
    expect(data.replayFunctionCall).toMatchObject({ same: true, differences: [], note: null });
    const read = `query($id: String!) { mcpFunctionCall(mcpFunctionCallUuid: $id) { replayOf updatedBy } }`;
    const made = await world.ask(read, { id: data.replayFunctionCall.after.mcpFunctionCallUuid }, caller);
    expect(made.data.mcpFunctionCall).toEqual({ replayOf: id, updatedBy: 'bob' });
    expect((await world.ask(read, { id }, caller)).data.mcpFunctionCall.replayOf).toBeNull();
  });

  it('shows how the results differ', async () => {
    const { mcp_function_call_uuid: id } = await call('sum');
    total = 2;
    const { data } = await world.ask(REPLAY, { id, ignore: ['$.content'] }, caller);
    expect(data.replayFunctionCall.differences).toEqual([
      { path: '$.structuredContent.total', kind: 'CHANGED', before: 1, after: 2 },
      { path: '$.structuredContent.gone', kind: 'REMOVED', before: null, after: null },
      { path: '$.structuredContent.more', kind: 'ADDED', before: null, after: true },
    ]);
  });

  it('says why it refuses', async () => {
    const { mcp_function_call_uuid: id } = await call('write');
    const refused = await world.ask(REPLAY, { id }, caller);
    expect(refused.errors?.[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
    expect(refused.errors?.[0]?.message).toContain('readOnlyHint');
    expect((await world.ask(REPLAY, { id, force: true }, caller)).data.replayFunctionCall.same).toBe(true);
    expect(await world.codes(REPLAY, { id: 'none' }, caller)).toEqual(['NOT_FOUND']);
    expect(await world.codes(REPLAY, { id, ignore: ['$['] }, caller)).toEqual(['BAD_USER_INPUT']);
  });

  it('is for administrators alone', async () => {
    const { mcp_function_call_uuid: id } = await call('sum');
    expect(await world.codes(REPLAY, { id }, { ...caller, role: 'user' })).toEqual(['FORBIDDEN']);
    expect(await world.store.calls.count('default', {})).toBe(1);
  });
});

describe('replayFunctionCall on another version', () => {
  const VERSIONED = `mutation($id: String!, $revision: String, $bundle: String) {
    replayFunctionCall(mcpFunctionCallUuid: $id, revision: $revision, bundle: $bundle) {
      same after { revision result } differences { path before after }
    }
  }`;
  const acme = { partition: 'acme' };
  /** Runs each function with what its link says of its code. */
  const runner: Runner = {
    accepts: () => true,
    resolve: (link) => ({
      digest: link.sha256 ?? null,
      call: () => `${link.function_name} of ${link.sha256?.slice(0, 4) ?? 'the newest'}`,
    }),
    forget: () => undefined,
    close: () => undefined,
  };
  const config = (code: string): ConfigDocument => ({
    tools: [{ name: 'sum', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }],
    module_links: [{ type: 'tool', name: 'sum', module_name: 'shop', function_name: code }],
    modules: [{ module_name: 'shop', package_name: 'shop', source: 'zip' }],
  });
  const store = createMemoryStore();
  let versioned: ReturnType<typeof worldWith>;
  let id: string;
  let first: string;

  function worldWith(runners: readonly Runner[]) {
    if (store.catalogs === undefined) throw new Error('no catalogs');
    const catalogs = createStoredSource({ catalogs: store.catalogs, logger: SILENT, pollMs: 60_000 });
    const daemon = createDaemon({ catalogs, store, runners });
    return { daemon, api: createGraphqlApi({ daemon }) };
  }

  beforeAll(async () => {
    if (store.catalogs === undefined) throw new Error('no catalogs');
    for (const code of ['old', 'new']) {
      const { entry } = await applyConfig(store.catalogs, 'acme', config(code), { author: 'ann', allowBreaking: true });
      if (code === 'old') first = entry?.revision ?? '';
    }
    versioned = worldWith([runner]);
    const exchange = { partition: 'acme', subject: 'bob', signal: new AbortController().signal, notify: () => undefined };
    const params = { name: 'sum', _meta: META };
    await versioned.daemon.handle({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }, exchange);
    id = (await store.calls.list('acme', { limit: 1 })).items[0]?.mcp_function_call_uuid ?? '';
  });
  afterAll(() => versioned.daemon.close({ drainMs: 0 }));

  const replayed = async (variables: Record<string, unknown>) => {
    const { data, errors } = await ask(versioned.api, VERSIONED, { id, ...variables }, acme);
    expect(errors).toBeUndefined();
    return data.replayFunctionCall;
  };

  it('runs it on a revision of the partition, and leaves what is served', async () => {
    const old = await replayed({ revision: first.slice(0, 8) });
    expect(old.after).toEqual({ revision: first, result: { content: [{ type: 'text', text: 'old of the newest' }] } });
    expect(old.differences).toEqual([{ path: '$.content[0].text', before: 'new of the newest', after: 'old of the newest' }]);
    expect((await replayed({})).same).toBe(true);
  });

  it('runs it on the code of one version of the bundle', async () => {
    const pinned = await replayed({ bundle: 'AB12'.padEnd(64, '0') });
    expect(pinned.after.result.content[0].text).toBe('new of ab12');
    const both = await replayed({ revision: first, bundle: 'cd34'.padEnd(64, '0') });
    expect(both.after.result.content[0].text).toBe('old of cd34');
  });

  it('says what is wrong with a revision or a digest', async () => {
    const message = async (variables: Record<string, unknown>) =>
      (await ask(versioned.api, VERSIONED, { id, ...variables }, acme)).errors?.map((one) => one.message);
    expect(await message({ revision: 'ffffffff' })).toEqual([expect.stringContaining('has no revision "ffffffff"')]);
    expect(await message({ bundle: 'abc' })).toEqual(['bundle: must be the SHA-256 of a bundle: 64 hexadecimal digits']);
  });
});
