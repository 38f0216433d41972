/** The HTTP+SSE transport as clients use it. */
import type { AddressInfo } from 'node:net';

import type { FunctionContext, JsonObject } from '@mcp-daemon/core';
import { createDaemon, createMemoryStore, defineCatalog, defineResource } from '@mcp-daemon/core';
import { createHttpSseHandler } from '@mcp-daemon/express';
import { Client as ClientV2, SSEClientTransport as SseV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as SseV1 } from '@modelcontextprotocol/sdk/client/sse.js';
import express from 'express';

import { atEnd, call, echo, gate, initialize, message, META, tool, until } from '../support.js';
import { answerTo, askSse, connectSse, openSse, serveSse } from './support.js';

const asking = tool('asking', (_args, context: FunctionContext) => {
  const { who } = context.inputs as { who?: { content?: JsonObject } };
  if (who !== undefined) return `Hello, ${String(who.content?.['name'])}!`;
  return context.inputRequired({ who: context.elicit('Who?', { type: 'object', properties: { name: { type: 'string' } } }) });
});
const who = tool('who', (_args, { subject, partition }) => `${subject} of ${partition}`);

it('a call without its scopes is answered with an error that names them, by the token of its message', async () => {
  const client = await connectSse(await serveSse([{ ...echo, scopes: ['files:read'] }]));
  expect((await client.post(call('echo', { text: 'a' }, 1), { 'x-scopes': 'other' })).status).toBe(202);
  await until(() => client.messages.length === 2);
  expect(client.messages[1]).toMatchObject({ id: 1, error: { code: -32043, data: { scopes: ['files:read'] } } });
  await client.post(call('echo', { text: 'a' }, 2), { 'x-scopes': 'files:read' });
  await until(() => client.messages.length === 3);
  expect(client.messages[2]).toMatchObject({ id: 2, result: { content: [{ text: 'a' }] } });
});

it('the record of a call has the OAuth client of its message', async () => {
  const store = createMemoryStore();
  const client = await connectSse(await serveSse([echo], {}, { store }));
  for (const [index, id] of ['a', 'b', undefined].entries())
    await client.post(call('echo', { text: 'x' }, index + 1), id === undefined ? {} : { 'x-client-id': id });
  await until(() => client.messages.length === 4);
  const { items } = await store.calls.list('default', {});
  expect(items.map(({ client_id }) => client_id)).toEqual([null, 'b', 'a']);
});

describe('the stream of HTTP+SSE', () => {
  it('begins with the path for messages, and has headers that keep proxies from buffering it', async () => {
    const client = await openSse(await serveSse([echo]), { path: '/alpha/sse?x=1' });
    expect(client.status).toBe(200);
    expect(client.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    expect(client.events).toEqual([
      { event: 'endpoint', data: expect.stringMatching(/^\/alpha\/messages\?sessionId=[\da-f-]{36}$/) },
    ]);
  });

  it.each([
    ['/sse', '/messages'],
    ['/sse/', '/messages'],
    ['/jsonrpc/sse', '/jsonrpc/messages'],
    ['/a/b/c/sse', '/a/b/c/messages'],
  ])('at %s names the path %s for messages', async (path, messages) => {
    const client = await openSse(await serveSse([echo]), { path });
    expect(client.endpoint.split('?')[0]).toBe(messages);
  });

  it.each(['/', '/stream', '//elsewhere.example/sse', '/\\elsewhere.example/sse', 'http://elsewhere.example/sse'])(
    'is not at %s',
    async (path) => {
      const served = await serveSse([echo]);
      expect((await askSse(served, { path })).status).toBe(404);
      expect(served.sse.sessions).toBe(0);
    },
  );

  it('is kept alive by comments', async () => {
    const client = await openSse(await serveSse([echo], { keepAliveMs: 20 }));
    await until(() => client.text.includes('\n\n:\n\n'));
  });

  it('names the mount path of Express', async () => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [who] }) });
    const sse = createHttpSseHandler(daemon);
    const router = express.Router();
    router.get('/:partition/sse', (req, res) => sse.open(req, res, { partition: req.params.partition }));
    router.post('/:partition/messages', (req, res) => sse.message(req, res, { partition: req.params.partition }));
    const app = express().use(express.json()).use('/ai', router);
    const server = app.listen(0, '127.0.0.1');
    atEnd(async () => {
      await sse.close();
      server.close();
      await daemon.close();
    });
    await until(() => server.listening);
    const client = await connectSse(server.address() as AddressInfo, '2024-11-05', { path: '/ai/default/sse' });
    expect(client.endpoint).toMatch(/^\/ai\/default\/messages\?sessionId=/);
    await client.post(call('who', {}, 5));
    expect(await answerTo(client, 5)).toMatchObject({ result: { content: [{ text: 'anonymous of default' }] } });
  });
});

describe.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('a session of %s', (version) => {
  it('negotiates the version, and answers on the stream', async () => {
    const served = await serveSse([echo]);
    const client = await connectSse(served, version);
    expect(client.messages[0]).toMatchObject({ id: 0, result: { protocolVersion: version, serverInfo: { name: 'tested' } } });
    const posted = await client.post(call('echo', { text: 'grüße' }, 'a'));
    expect([posted.status, await posted.text()]).toEqual([202, '']);
    expect(await answerTo(client, 'a')).toMatchObject({ result: { content: [{ text: 'grüße' }] } });
    expect(served.sse.sessions).toBe(1);
  });

  it('accepts batches if its version has them', async () => {
    const client = await connectSse(await serveSse([echo]), version);
    const posted = await client.post([
      call('echo', { text: 'x' }, 1),
      message('notifications/x'),
      call('echo', { text: 'y' }, 2),
    ]);
    if (version > '2025-03-26') {
      expect(posted.status).toBe(400);
      expect(await posted.json()).toMatchObject({ error: { code: -32600 } });
    } else {
      expect(posted.status).toBe(202);
      await until(() => client.messages.length === 3);
      expect(JSON.parse(client.events.at(-1)!.data)).toMatchObject([{ id: 1 }, { id: 2 }]);
    }
  });
});

describe('a session of HTTP+SSE', () => {
  it('answers requests that need no handshake', async () => {
    const client = await openSse(await serveSse([echo]));
    await client.post({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: META } });
    expect(await answerTo(client, 1)).toMatchObject({ result: { tools: [{ name: 'echo' }], resultType: 'complete' } });
  });

  it('passes on the trace context of a POST', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const client = await connectSse(await serveSse([tool('traced', (_args, context) => context.traceparent)]));
    await client.post(call('traced'), { traceparent });
    expect(await answerTo(client, 1)).toMatchObject({ result: { content: [{ text: traceparent }] } });
  });

  it('sends progress, changes and requests of the server', async () => {
    const { tool: waits, open } = gate();
    const change = tool('change', (_args, context) => context.resourceUpdated('test://a'));
    const watched = defineResource({ name: 'a', uri: 'test://a', run: () => 'a' });
    const served = await serveSse([waits, change, watched, asking]);
    const client = await connectSse(served, '2025-11-25', {}, { elicitation: {} });

    await client.post(call('gate', {}, 1, { progressToken: 'p' }));
    await until(() => client.messages.some(({ method }) => method === 'notifications/progress'));
    open();
    expect(await answerTo(client, 1)).toMatchObject({ result: { content: [{ text: 'done' }] } });

    await client.post(message('resources/subscribe', { uri: 'test://a' }, 2));
    await answerTo(client, 2);
    await client.post(call('change', {}, 3));
    await until(() => client.messages.some(({ method }) => method === 'notifications/resources/updated'));

    await client.post(call('asking', {}, 4));
    const find = (): JsonObject | undefined => client.messages.find(({ method }) => method === 'elicitation/create');
    await until(() => find() !== undefined);
    const result = { action: 'accept', content: { name: 'Ada' } };
    expect((await client.post({ jsonrpc: '2.0', id: find()!['id'], result })).status).toBe(202);
    expect(await answerTo(client, 4)).toMatchObject({ result: { content: [{ text: 'Hello, Ada!' }] } });
  });

  it('ends with its stream: running calls are cancelled and recorded as such', async () => {
    const { tool: waits, signals } = gate();
    const store = createMemoryStore();
    const served = await serveSse([waits], {}, { store });
    const client = await connectSse(served);
    await client.post(call('gate'));
    await until(() => signals.length === 1);
    client.leave();
    await until(() => signals[0]!.aborted && served.sse.sessions === 0);
    expect((await client.post(call('gate', {}, 2))).status).toBe(404);
    const recorded = async (): Promise<unknown> => (await store.calls.list('default', {})).items.map(({ status }) => status);
    await until(async () => String(await recorded()) !== 'in_process');
    expect(await recorded()).toEqual(['cancelled']);
  });

  it('lets the client cancel a call', async () => {
    const { tool: waits, signals } = gate();
    const client = await connectSse(await serveSse([waits, echo]));
    await client.post(call('gate', {}, 1));
    await until(() => signals.length === 1);
    await client.post(message('notifications/cancelled', { requestId: 1 }));
    await until(() => signals[0]!.aborted);
    await client.post(call('echo', { text: 'x' }, 2));
    await answerTo(client, 2);
    expect(client.messages.map(({ id }) => id)).not.toContain(1);
  });

  it('belongs to the user who opened it; for others it does not exist', async () => {
    const served = await serveSse([who]);
    const client = await connectSse(served, '2024-11-05', { headers: { 'x-user': 'ada@default' } });
    const as = (user: string): Promise<Response> => client.post(call('who', {}, 7), { 'x-user': user });
    const strange = await as('eve@default');
    const unknown = await fetch(`${served.url}/messages?sessionId=made-up`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(call('who')),
    });
    expect([strange.status, unknown.status]).toEqual([404, 404]);
    expect(await strange.text()).toBe(await unknown.text());
    expect((await as('ada@alpha')).status).toBe(404);
    expect((await as('ada@default')).status).toBe(202);
    expect(await answerTo(client, 7)).toMatchObject({ result: { content: [{ text: 'ada of default' }] } });
  });
});

const INFO = { name: 'test', version: '1' };

describe.each([
  ['SDK v1', () => new ClientV1(INFO), (url: URL) => new SseV1(url)],
  ['SDK v2', () => new ClientV2(INFO), (url: URL) => new SseV2(url)],
  [
    'SDK v2, which looks for the newest version',
    () => new ClientV2(INFO, { versionNegotiation: { mode: 'auto' } }),
    (url: URL) => new SseV2(url),
  ],
])('%s', (_name, createClient, createTransport) => {
  it('connects, lists tools, calls one and disconnects', async () => {
    const { tool: waits, signals } = gate();
    const served = await serveSse([echo, waits]);
    const client = createClient() as ClientV1;
    await client.connect(createTransport(new URL(`${served.url}/alpha/sse`)) as never);
    atEnd(() => client.close());
    expect(client.getServerVersion()).toEqual({ name: 'tested', version: '1.2.3' });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['echo', 'gate']);
    const answer = await client.callTool({ name: 'echo', arguments: { text: 'hello' } });
    expect(answer.content).toEqual([{ type: 'text', text: 'hello' }]);
    const waiting = client.callTool({ name: 'gate', arguments: {} }).catch(() => 'left');
    await until(() => signals.length === 1);
    await client.close();
    expect(await waiting).toBe('left');
    await until(() => signals[0]!.aborted && served.sse.sessions === 0);
  });
});

it('a failed handshake can be repeated', async () => {
  const client = await openSse(await serveSse([echo]));
  await client.post(message('initialize', { protocolVersion: 5 }, 1));
  expect(await answerTo(client, 1)).toMatchObject({ error: { code: -32602 } });
  await client.post(call('echo', {}, 2));
  expect(await answerTo(client, 2)).toMatchObject({ error: { code: -32602 } });
  await client.post(initialize('2024-11-05'));
  expect(await answerTo(client, 0)).toHaveProperty('result');
});
