/** Recorded calls, made again by the API. */
import type { CallRecord } from '@mcp-daemon/core';
import { createMemoryStore, defineCatalog, defineTool } from '@mcp-daemon/core';

import type { World } from './support.js';
import { worldOf } from './support.js';

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
