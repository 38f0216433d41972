import type { JsonObject, JsonRpcResponse } from '../../src/index.js';
import { defineResource, defineTool } from '../../src/index.js';
import { daemonWith, echo, META } from '../support.js';

const query = defineTool({
  name: 'query',
  inputSchema: {
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      limits: { type: 'object', properties: { rows: { type: 'integer', 'x-mcp-header': 'Rows' } } },
      dry: { type: 'boolean', 'x-mcp-header': 'Dry-Run' },
    },
  },
  run: () => 'done',
});
const page = defineResource({ name: 'page', uri: 'test://página', run: () => 'text' });

/** The code of the error that a request with these headers is answered with; undefined: it was served. */
async function codeOf(headers: Record<string, string>, method: string, params: JsonObject = {}): Promise<number | undefined> {
  const daemon = daemonWith([echo, query, page]);
  const exchange = {
    partition: 'default',
    subject: 'tester',
    signal: new AbortController().signal,
    notify: () => undefined,
    header: (name: string) => headers[name],
  };
  const message = { jsonrpc: '2.0', id: 1, method, params: { _meta: META, ...params } };
  const answer = (await daemon.handle(message, exchange)) as JsonRpcResponse;
  return 'error' in answer ? answer.error.code : undefined;
}

const standard = (method: string, name?: string): Record<string, string> => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name === undefined ? {} : { 'mcp-name': name }),
});
const base64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;

describe('headers that every request repeats itself in', () => {
  const list = standard('tools/list');
  it.each<[string, Record<string, string>, number | undefined]>([
    ['all of them', list, undefined],
    ['no version', { 'mcp-method': 'tools/list' }, -32020],
    ['another version', { ...list, 'mcp-protocol-version': '2025-11-25' }, -32020],
    ['no method', { 'mcp-protocol-version': '2026-07-28' }, -32020],
    ['another method', { ...list, 'mcp-method': 'prompts/list' }, -32020],
    ['the method in capitals', { ...list, 'mcp-method': 'TOOLS/LIST' }, -32020],
  ])('%s', async (_what, headers, code) => {
    expect(await codeOf(headers, 'tools/list')).toBe(code);
  });

  const call = { name: 'echo', arguments: { text: 'x' } };
  it.each<[string, string | undefined, number | undefined]>([
    ['its name', 'echo', undefined],
    ['its name as Base64', base64('echo'), undefined],
    ['no name', undefined, -32020],
    ['another name', 'query', -32020],
    ['broken Base64', '=?base64?ZWNobw?=', -32020],
    ['a byte that is not allowed in a header', 'ech\u00f6', -32020],
  ])('a call with %s', async (_what, name, code) => {
    expect(await codeOf(standard('tools/call', name), 'tools/call', call)).toBe(code);
  });

  it('a URI that is not ASCII', async () => {
    const read = (name: string): Promise<number | undefined> =>
      codeOf(standard('resources/read', name), 'resources/read', { uri: 'test://página' });
    expect(await read(base64('test://página'))).toBeUndefined();
    expect(await read('test://página')).toBe(-32020);
  });

  it('a mismatch is detected before the version is checked, and a missing member in the body is not a mismatch', async () => {
    const unknown = { ...META, 'io.modelcontextprotocol/protocolVersion': '2999-01-01' };
    expect(await codeOf(list, 'tools/list', { _meta: unknown })).toBe(-32020);
    expect(await codeOf({ ...list, 'mcp-protocol-version': '2999-01-01' }, 'tools/list', { _meta: unknown })).toBe(-32022);
    expect(await codeOf(list, 'tools/list', { _meta: {} })).toBe(-32602);
    expect(await codeOf(standard('tools/call'), 'tools/call', { name: 5 })).toBe(-32602);
  });
});

describe('headers of parameters', () => {
  it.each<[string, JsonObject, Record<string, string>, number | undefined]>([
    ['none where there is no value', {}, {}, undefined],
    ['none where the value is null', { region: null }, {}, undefined],
    ['the value', { region: 'eu' }, { region: 'eu' }, undefined],
    ['the value as Base64', { region: 'día' }, { region: base64('día') }, undefined],
    ['an empty value', { region: '' }, { region: '' }, undefined],
    ['another value', { region: 'eu' }, { region: 'us' }, -32020],
    ['a missing header', { region: 'eu' }, {}, -32020],
    ['a header too many', {}, { region: 'eu' }, -32020],
    ['what only looks like Base64', { region: '=?base64?x' }, { region: '=?base64?x' }, undefined],
    ['letters that are not Base64', { region: 'Hello' }, { region: '=?base64?SGVs!!!bG8=?=' }, -32020],
    ['a number deep inside', { limits: { rows: 42 } }, { rows: '42.0' }, undefined],
    ['another number', { limits: { rows: 42 } }, { rows: '0x2a' }, -32020],
    ['a boolean', { dry: true }, { 'dry-run': 'true' }, undefined],
    ['a boolean in capitals', { dry: true }, { 'dry-run': 'True' }, -32020],
    ['a header that nobody knows', {}, { other: 'x' }, undefined],
  ])('%s', async (_what, args, given, code) => {
    const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [`mcp-param-${name}`, value]));
    const all = { ...standard('tools/call', 'query'), ...headers };
    const answered = await codeOf(all, 'tools/call', { name: 'query', arguments: args });
    expect(answered).toBe(code);
  });
});

it('a transport without headers needs none', async () => {
  const exchange = { partition: 'default', subject: 'x', signal: new AbortController().signal, notify: () => undefined };
  const params = { name: 'query', arguments: { region: 'eu' }, _meta: META };
  expect(await daemonWith([query]).handle({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }, exchange)).toHaveProperty(
    'result',
  );
});
