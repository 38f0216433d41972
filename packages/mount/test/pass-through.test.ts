import type { JsonObject } from '@mcp-daemon/core';
import type { Client } from '@modelcontextprotocol/client';

import { until } from '../../../tests/until.js';
import type { Bench } from './support.js';
import { fake, openBench, textOf } from './support.js';

let bench: Bench;
let client: Client;

beforeAll(async () => {
  bench = openBench({
    tools: [{ name: 'own_tool', inputSchema: { type: 'object' } }],
    module_links: [{ name: 'own_tool', module_name: 'm', function_name: 'f' }],
    mcpServers: { fake: fake() },
  });
  client = await bench.client({ capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} } });
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }));
  client.setRequestHandler('sampling/createMessage', () => ({
    role: 'assistant',
    content: { type: 'text', text: 'a sample' },
    model: 'm',
  }));
  client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///project' }] }));
});
afterAll(() => bench.close());

const call = (name: string, args: JsonObject = {}): Promise<unknown> =>
  client.callTool({ name: `fake_${name}`, arguments: args as Record<string, never> });

describe('what a mounted server offers', () => {
  it('is listed after the own functions, with its prefix, and its schemas as they are', async () => {
    const { tools } = await client.listTools();
    expect(tools[0]?.name).toBe('own_tool');
    const echo = tools.find(({ name }) => name === 'fake_echo');
    expect(echo).toMatchObject({
      title: 'Echo',
      description: 'Says it again',
      inputSchema: { type: 'object', properties: { text: { type: 'string' } }, $defs: { a: { const: 1 } }, 'x-own': true },
      annotations: { readOnlyHint: true },
      _meta: { own: 1 },
    });
    // The server gives the date alone, for which this client would refuse the list.
    const annotations = { lastModified: '2025-01-12T00:00:00Z' };
    expect((await client.listResources()).resources).toMatchObject([{ uri: 'fake://note', annotations }]);
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(['fake_greet']);
  });

  it('leaves out what cannot be served, and says so', async () => {
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual(['fake://items/{id}']);
    expect(bench.mounts.status()[0]?.leftOut).toEqual([expect.objectContaining({ kind: 'resource_template', name: 'broken' })]);
  });

  it('gives its instructions to clients', () => {
    expect(client.getInstructions()).toContain('Be careful.');
  });
});

describe('a call of a mounted function', () => {
  it('gives the result as it is, with members that we do not know', async () => {
    expect(await call('echo', { text: 'hi' })).toEqual({
      content: [{ type: 'text', text: 'hi' }],
      structuredContent: { said: 'hi' },
      _meta: { from: 'fake' },
      own: [1],
    });
  });

  it('does not check arguments: the server does', async () => {
    expect(await call('big', { bytes: '3' })).toMatchObject({ content: [{ text: 'xxx' }] });
  });

  it('gives an error result as one, and records that it failed', async () => {
    expect(await call('fails')).toEqual({ content: [{ type: 'text', text: 'it went wrong' }], isError: true });
    const { items } = await (await bench.daemon.store()).calls.list('default', { name: 'fake_fails' });
    expect(items[0]).toMatchObject({ status: 'failed', fault: 'tool', bundle_digest: 'mcp:fake@1' });
  });

  it('gives an error of the protocol with its number and data', async () => {
    await expect(call('refuses')).rejects.toMatchObject({
      code: -32042,
      message: expect.stringContaining('a URL must be opened'),
    });
  });

  it('reports progress to a client that wants it', async () => {
    const seen: unknown[] = [];
    await client.callTool({ name: 'fake_slow', arguments: {} }, { onprogress: (progress) => seen.push(progress) });
    expect(seen).toEqual([1, 2, 3].map((step) => ({ progress: step, total: 3, message: `step ${step}` })));
  });

  it('passes log messages on', async () => {
    const seen: unknown[] = [];
    client.setNotificationHandler('notifications/message', ({ params }) => void seen.push(params));
    await call('logs');
    await until(() => seen.length > 0, 'a log message');
    expect(seen[0]).toEqual({ level: 'warning', logger: 'fake', data: { at: 'once' } });
  });

  it('asks the caller what the server asks', async () => {
    expect(JSON.parse(textOf(await call('asks')))).toEqual({ action: 'accept', content: { name: 'Ada' } });
    expect(JSON.parse(textOf(await call('samples')))).toMatchObject({ content: { text: 'a sample' } });
    expect(JSON.parse(textOf(await call('roots')))).toEqual({ roots: [{ uri: 'file:///project' }] });
  });

  it('refuses what the caller cannot be asked, and the call goes on', async () => {
    const plain = await bench.client();
    const result = await plain.callTool({ name: 'fake_asks', arguments: {} });
    expect(JSON.parse(textOf(result))).toMatchObject({ code: -32601, message: expect.stringContaining('elicitation') });
    await plain.close();
  });

  it('does not ask the wrong caller, if several call at once', async () => {
    const other = await bench.client({ subject: 'other', capabilities: { elicitation: { form: {} } } });
    other.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Eve' } }));
    const over = new AbortController();
    const running = client.callTool({ name: 'fake_silent', arguments: {} }, { signal: over.signal }).catch(() => 'cancelled');
    await until(() => bench.mounts.status()[0]?.pending === 1, 'the call');
    const result = await other.callTool({ name: 'fake_asks', arguments: {} });
    expect(JSON.parse(textOf(result))).toMatchObject({ message: expect.stringContaining('not known which') });
    over.abort();
    expect(await running).toBe('cancelled');
    await other.close();
  });

  it('is cancelled at the server, when the caller cancels', async () => {
    const watched = openBench({ mcpServers: { fake: fake('cancels') } });
    const caller = await watched.client();
    await caller.listTools();
    const over = new AbortController();
    const running = caller.callTool({ name: 'fake_silent', arguments: {} }, { signal: over.signal });
    await until(() => watched.mounts.status()[0]?.pending === 1, 'the call');
    over.abort();
    await expect(running).rejects.toThrow();
    const wrote = (): string[] =>
      watched.log.flatMap(({ fields }) => (typeof fields['stderr'] === 'string' ? [fields['stderr']] : []));
    await until(() => wrote().some((line) => line.startsWith('cancelled')), 'the cancellation');
    expect(watched.mounts.status()[0]?.pending).toBe(0);
    await watched.close();
  });

  it('passes on what the caller says in _meta, but not what belongs to its connection', async () => {
    const meta = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', own: { a: 1 } };
    const result = await client.callTool({ name: 'fake_meta', arguments: {}, _meta: meta });
    expect(JSON.parse(textOf(result))).toEqual(meta);
  });
});

describe('resources, prompts and completions', () => {
  it('reads a fixed resource and one of a template', async () => {
    expect(await client.readResource({ uri: 'fake://note' })).toEqual({
      contents: [{ uri: 'fake://note', text: 'content of fake://note', _meta: { own: true } }],
    });
    expect(await client.readResource({ uri: 'fake://items/7' })).toMatchObject({
      contents: [{ text: 'content of fake://items/7' }],
    });
  });

  it('says that a resource is unknown with the number of the era', async () => {
    const read = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'fake://items/0' } };
    const session = bench.daemon.open({ send: () => undefined });
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
    await session.receive({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
    expect(await session.receive(read)).toMatchObject({
      error: { code: -32002, message: 'No such item', data: { uri: 'fake://items/0' } },
    });
    session.close();
  });

  it('gets a prompt', async () => {
    expect(await client.getPrompt({ name: 'fake_greet', arguments: { who: 'Ada' } })).toEqual({
      description: 'A greeting',
      messages: [
        { role: 'user', content: { type: 'text', text: 'Hello Ada', annotations: { lastModified: '2025-01-12T00:00:00Z' } } },
      ],
    });
  });

  it('completes arguments of prompts and templates, by the names of the server', async () => {
    const ofPrompt = await client.complete({
      ref: { type: 'ref/prompt', name: 'fake_greet' },
      argument: { name: 'who', value: 'A' },
    });
    expect(ofPrompt.completion).toMatchObject({
      values: ['Ada', '{"type":"ref/prompt","name":"greet"}'],
      total: 7,
      hasMore: true,
    });
    const ofTemplate = await client.complete({
      ref: { type: 'ref/resource', uri: 'fake://items/{id}' },
      argument: { name: 'id', value: 'x' },
    });
    expect(ofTemplate.completion.values[1]).toBe('{"type":"ref/resource","uri":"fake://items/{id}"}');
  });

  it('passes changes of a resource on to its subscribers', async () => {
    const seen: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void seen.push(params.uri));
    await client.subscribeResource({ uri: 'fake://note' });
    await until(() => seen.length > 0, 'the change');
    expect(seen).toEqual(['fake://note']);
    await client.unsubscribeResource({ uri: 'fake://note' });
  });
});

it('a subscription that a server refuses is in the log', async () => {
  const bench = openBench({ mcpServers: { fake: fake('nosubscribe') } });
  const caller = await bench.client();
  await caller.subscribeResource({ uri: 'fake://note' });
  await until(() => bench.log.some(({ message }) => message.startsWith('a subscription was refused')), 'the warning');
  const warning = bench.log.find(({ message }) => message.startsWith('a subscription was refused'));
  expect(warning).toMatchObject({ level: 'warn', fields: { server: 'fake', uri: 'fake://note' } });
  expect(String(warning?.fields['error'])).toContain('too many subscriptions');
  await bench.close();
});

describe('a list that changes', () => {
  it('is read again, and clients are told', async () => {
    const changing = openBench({ mcpServers: { fake: fake() } });
    const told: string[] = [];
    const caller = await changing.client();
    caller.setNotificationHandler('notifications/tools/list_changed', () => void told.push('tools'));
    await caller.listTools();
    // The definition changes in the middle of the call, which ends as it should.
    expect(textOf(await caller.callTool({ name: 'fake_changes', arguments: {} }))).toBe('changed');
    await until(() => told.length > 0, 'the notification');
    const { tools } = await caller.listTools();
    expect(tools.map(({ name }) => name)).toContain('fake_added');
    expect(tools.find(({ name }) => name === 'fake_echo')?.description).toBe('Says it again, version 2');
    await changing.close();
  });
});
