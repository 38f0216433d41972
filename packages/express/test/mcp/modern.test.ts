import { defineResource, defineTool } from '@mcp-daemon/core';

import { begin, echo, gate, META, modern, send, serve, stream, tool, until } from '../support.js';

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const call = (name: string, args = {}): ReturnType<typeof modern> => modern('tools/call', { name, arguments: args });

it('a call of the modern era is answered with JSON', async () => {
  const answer = await send(await serve([echo]), call('echo', { text: 'grüße' }));
  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({ 'content-type': 'application/json' });
  expect(answer.headers).not.toHaveProperty('mcp-session-id');
  expect(answer.json).toMatchObject({ id: 1, result: { content: [{ text: 'grüße' }], resultType: 'complete' } });
});

it('a request with metadata ignores a session id', async () => {
  const request = modern('tools/list', {}, { 'mcp-session-id': 'left over' });
  expect((await send(await serve([echo]), request)).status).toBe(200);
});

describe('the HTTP status', () => {
  const asking = tool('asking', (_args, context) =>
    context.inputRequired({ name: context.elicit('Who?', { type: 'object', properties: {} }) }),
  );
  const body = (params: object, method = 'tools/list'): object => ({ jsonrpc: '2.0', id: 7, method, params });

  it.each<[string, ReturnType<typeof modern>, number, number | undefined]>([
    ['an unknown method', modern('no/such'), 404, -32601],
    ['a method of the other era', modern('initialize'), 404, -32601],
    ['no metadata', { ...modern('tools/list'), body: body({}) }, 400, -32602],
    ['no capabilities', { ...modern('tools/list'), body: body({ _meta: { [VERSION]: '2026-07-28' } }) }, 400, -32602],
    ['a header that lies', modern('tools/list', {}, { 'mcp-method': 'ping' }), 400, -32020],
    ['no version header', modern('tools/list', {}, { 'mcp-protocol-version': undefined }), 400, -32020],
    ['a capability that is missing', call('asking'), 400, -32021],
    ['an unknown tool', call('nobody'), 200, -32602],
    ['a body that is no message', { ...modern('x'), body: '5' }, 400, -32600],
    ['an array', { ...modern('x'), body: '[]' }, 400, -32600],
  ])('is as the protocol requires: %s', async (_what, request, status, code) => {
    const answer = await send(await serve([echo, asking]), request);
    expect([answer.status, answer.json.error?.code]).toEqual([status, code]);
  });

  it('is 400 for an unknown version, and the error lists the known ones', async () => {
    const meta = { ...META, [VERSION]: '2999-01-01' };
    const request = modern('tools/list', { _meta: meta }, { 'mcp-protocol-version': '2999-01-01' });
    const { status, json } = await send(await serve([echo]), request);
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ code: -32022, data: { supported: ['2026-07-28'], requested: '2999-01-01' } });
  });

  it('is 202 for a notification', async () => {
    const answer = await send(await serve([echo]), { ...modern('x'), body: { jsonrpc: '2.0', method: 'notifications/x' } });
    expect([answer.status, answer.text]).toEqual([202, '']);
  });

  it('is 406 unless Accept has both media types', async () => {
    const answer = await send(await serve([echo]), modern('tools/list', {}, { accept: 'application/json' }));
    expect(answer.status).toBe(406);
  });
});

it('parameters are compared with the headers that repeat them', async () => {
  const properties = { region: { type: 'string', 'x-mcp-header': 'Region' } };
  const query = defineTool({ name: 'query', inputSchema: { type: 'object', properties } as never, run: () => 'ok' });
  const served = await serve([query]);
  const params = { name: 'query', arguments: { region: 'eu' } };
  expect((await send(served, modern('tools/call', params, { 'mcp-param-region': 'eu' }))).status).toBe(200);
  const answer = await send(served, modern('tools/call', params, { 'Mcp-Param-Region': 'us' }));
  expect([answer.status, answer.json.error?.code]).toEqual([400, -32020]);
});

describe('a stream of the modern era', () => {
  it('begins with the first notification of a call, and ends with its answer', async () => {
    const { tool: waits, open } = gate();
    const meta = { ...META, progressToken: 'p' };
    const events = await stream(await serve([waits]), modern('tools/call', { name: 'gate', _meta: meta }));
    await until(() => events.messages.length === 1);
    open();
    await until(() => events.over);
    expect(events.messages).toMatchObject([{ method: 'notifications/progress' }, { id: 1, result: {} }]);
    expect(events.ids).toEqual([]); // they cannot be resumed
  });

  it('cancels its call when the client disconnects', async () => {
    const { tool: waits, signals } = gate();
    const served = await serve([waits]);
    const meta = { ...META, progressToken: 'p' };
    const events = await stream(served, modern('tools/call', { name: 'gate', _meta: meta }));
    await until(() => events.messages.length === 1);
    events.leave();
    await until(() => signals[0]!.aborted);
  });

  it('may be absent: the call is cancelled as well when the client disconnects', async () => {
    const { tool: waits, signals } = gate();
    const served = await serve([waits]);
    const gone = begin(served, call('gate')).catch(() => 'gone');
    await until(() => signals.length === 1);
    served.server.closeAllConnections();
    await until(() => signals[0]!.aborted);
    expect(await gone).toBe('gone');
  });

  it('of subscriptions/listen has the requested notifications and no others', async () => {
    const watched = defineResource({ name: 'a', uri: 'test://a', run: () => 'a' });
    const change = tool('change', (_args, context) => context.resourceUpdated('test://a'));
    const served = await serve([watched, change], { keepAliveMs: 20 });
    const filter = { notifications: { resourceSubscriptions: ['test://a'] } };
    const events = await stream(served, modern('subscriptions/listen', filter, {}, 5));
    await until(() => events.messages.length === 1);
    await send(served, call('change'));
    await until(() => events.messages.length === 2);
    expect(events.messages).toMatchObject([
      { method: 'notifications/subscriptions/acknowledged' },
      { method: 'notifications/resources/updated', params: { uri: 'test://a' } },
    ]);
    await until(() => events.comments > 0);
    await served.daemon.close();
    await until(() => events.over);
    expect(events.messages.at(-1)).toMatchObject({ id: 5, result: { resultType: 'complete' } });
  });
});

it('the shutdown lets running calls end, and refuses new requests', async () => {
  const { tool: waits, open, signals } = gate();
  const served = await serve([waits, echo]);
  const listening = await stream(served, modern('subscriptions/listen', { notifications: { toolsListChanged: true } }));
  const answer = send(served, call('gate'));
  await until(() => signals.length === 1);
  const closed = served.mcp.close({ drainMs: 1_000_000 });
  expect((await send(served, call('echo'))).status).toBe(503);
  expect(signals[0]!.aborted).toBe(false);
  open();
  expect((await answer).json).toMatchObject({ result: { content: [{ text: 'done' }] } });
  await closed;
  await until(() => listening.over);
});

it('the shutdown does not wait longer than configured', async () => {
  const { tool: waits, signals } = gate();
  const served = await serve([waits]);
  const answer = send(served, call('gate'));
  await until(() => signals.length === 1);
  await served.mcp.close({ drainMs: 20 });
  expect((await answer).status).toBe(503);
  expect(signals[0]!.aborted).toBe(true);
});
