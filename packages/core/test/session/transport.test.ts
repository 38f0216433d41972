import type { Transport as TransportV2 } from '@modelcontextprotocol/client';
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport as TransportV1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

import { until } from '../../../../tests/until.js';
import type { Daemon, JsonObject, JsonRpcMessage, Transport } from '../../src/index.js';
import {
  createTransportPair,
  defineCatalog,
  definePrompt,
  defineResource,
  defineTool,
  elicit,
  inputRequired,
  listRoots,
  sample,
} from '../../src/index.js';
import { daemonWith, memoryLogger, META, tool, turns } from '../support.js';

/** The members of both SDKs' transports that a daemon may rely on; a mismatch fails the type check. */
type Accepts<T, U extends T> = [T, U];
export type DaemonTakesV1 = Accepts<Transport, TransportV1>;
export type DaemonTakesV2 = Accepts<Transport, TransportV2>;
type PairEnd = ReturnType<typeof createTransportPair>[0];
export type ClientV1TakesPair = Accepts<Parameters<ClientV1['connect']>[0], PairEnd>;
export type ClientV2TakesPair = Accepts<Parameters<ClientV2['connect']>[0], PairEnd>;

/** The calls of `wait` that have begun, and those that were aborted. */
const begins: string[] = [];
const aborts: string[] = [];

const functions = [
  defineTool({
    name: 'add',
    inputSchema: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
    outputSchema: { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] },
    run: ({ a, b }) => ({ sum: a + b }),
  }),
  tool('ask', (_args, { inputs }) =>
    inputs['name'] === undefined
      ? inputRequired({
          name: elicit('Your name?', { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }),
          model: sample({ messages: [{ role: 'user', content: { type: 'text', text: 'Hello' } }], maxTokens: 5 }),
          roots: listRoots(),
        })
      : JSON.stringify(inputs),
  ),
  tool('steps', async function* (_args, context) {
    context.log('warning', { careful: true }, 'steps');
    yield { progress: 1, total: 2, message: 'one' };
    await turns();
    yield { progress: 2, total: 2 };
    return 'done';
  }),
  tool('wait', (_args, { signal }) => {
    begins.push('began');
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(aborts.push('aborted'))));
  }),
  tool('touch', (_args, context) => context.resourceUpdated('x://page')),
  defineResource({ name: 'page', uri: 'x://page', mimeType: 'text/plain', run: () => 'page' }),
  defineResource({ name: 'item', uriTemplate: 'item://{id}', completions: { id: ['1', '2'] }, run: (uri) => uri }),
  definePrompt({
    name: 'greet',
    arguments: [{ name: 'who', completions: ['Ann', 'Bob'] }],
    run: ({ who }) => `Hello, ${who ?? 'you'}!`,
  }),
];

const accepted = { action: 'accept' as const, content: { name: 'Ann' } };
const said = { role: 'assistant' as const, model: 'm', content: { type: 'text' as const, text: 'Hi' } };
const folders = { roots: [{ uri: 'file:///work' }] };
const answers = { name: accepted, model: said, roots: folders };
const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} };

type CallParams = { name: string; arguments?: JsonObject; _meta?: JsonObject };
type RequestOptions = { signal?: AbortSignal; onprogress?: (progress: unknown) => void };

/** What the tests do with a client of either SDK; the notifications that it heard are in `heard`. */
interface Connected {
  client: Pick<
    ClientV2,
    | 'listTools'
    | 'callTool'
    | 'readResource'
    | 'getPrompt'
    | 'complete'
    | 'listResources'
    | 'listResourceTemplates'
    | 'listPrompts'
    | 'close'
  >;
  call: (params: CallParams, options?: RequestOptions) => Promise<unknown>;
  heard: unknown[];
  /** Begins to listen for changes of the tools and of `x://page`. */
  listen: () => Promise<unknown>;
  era: 'legacy' | 'modern';
}

async function v1(daemon: Daemon): Promise<Connected> {
  const [clientEnd, serverEnd] = createTransportPair();
  const client = new ClientV1({ name: 'v1', version: '1' }, { capabilities });
  const heard: unknown[] = [];
  client.setRequestHandler(ElicitRequestSchema, () => accepted);
  client.setRequestHandler(CreateMessageRequestSchema, () => said);
  client.setRequestHandler(ListRootsRequestSchema, () => folders);
  for (const schema of [LoggingMessageNotificationSchema, ResourceUpdatedNotificationSchema, ToolListChangedNotificationSchema]) {
    client.setNotificationHandler(schema, ({ method }: { method: string }) => void heard.push(method));
  }
  await daemon.connect(serverEnd);
  await client.connect(clientEnd);
  const listen = (): Promise<unknown> => client.subscribeResource({ uri: 'x://page' });
  const call: Connected['call'] = (params, options) => client.callTool(params, undefined, options);
  return { client: client as unknown as Connected['client'], call, heard, listen, era: 'legacy' };
}

const v2 =
  (mode: 'default' | 'auto' | { pin: string }) =>
  async (daemon: Daemon): Promise<Connected> => {
    const [clientEnd, serverEnd] = createTransportPair();
    const client = new ClientV2(
      { name: 'v2', version: '2' },
      { capabilities, ...(mode === 'default' ? {} : { versionNegotiation: { mode } }) },
    );
    const heard: unknown[] = [];
    client.setRequestHandler('elicitation/create', () => accepted);
    client.setRequestHandler('sampling/createMessage', () => said);
    client.setRequestHandler('roots/list', () => folders);
    for (const method of [
      'notifications/message',
      'notifications/resources/updated',
      'notifications/tools/list_changed',
    ] as const) {
      client.setNotificationHandler(method, () => void heard.push(method));
    }
    await daemon.connect(serverEnd);
    await client.connect(clientEnd);
    const era = mode === 'default' ? 'legacy' : 'modern';
    expect(client.getProtocolEra()).toBe(era);
    const listen = (): Promise<unknown> =>
      era === 'legacy'
        ? client.subscribeResource({ uri: 'x://page' })
        : client.listen({ toolsListChanged: true, resourceSubscriptions: ['x://page'] });
    return { client, call: (params, options) => client.callTool(params, options), heard, listen, era };
  };

beforeEach(() => {
  begins.length = aborts.length = 0;
});

describe.each<[string, (daemon: Daemon) => Promise<Connected>]>([
  ['the SDK v1', v1],
  ['the SDK v2', v2('default')],
  ['the SDK v2 that finds out', v2('auto')],
  ['the SDK v2 at 2026-07-28', v2({ pin: '2026-07-28' })],
])('a client of %s', (_name, connect) => {
  let connected: Connected;
  let daemon: Daemon;
  beforeEach(async () => {
    daemon = daemonWith(functions);
    connected = await connect(daemon);
  });
  afterEach(async () => connected.client.close());

  it('lists, calls, reads, gets and completes', async () => {
    const { client, call } = connected;
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['add', 'ask', 'steps', 'wait', 'touch']);
    expect((await client.listResources()).resources).toMatchObject([{ uri: 'x://page' }]);
    expect((await client.listResourceTemplates()).resourceTemplates).toMatchObject([{ uriTemplate: 'item://{id}' }]);
    expect((await client.listPrompts()).prompts).toMatchObject([{ name: 'greet' }]);
    expect(await call({ name: 'add', arguments: { a: 1, b: 2 } })).toMatchObject({
      content: [{ type: 'text', text: '{"sum":3}' }],
      structuredContent: { sum: 3 },
    });
    expect(await call({ name: 'add', arguments: { a: 1 } })).toMatchObject({ isError: true });
    expect(await client.readResource({ uri: 'item://7' })).toMatchObject({ contents: [{ uri: 'item://7', text: 'item://7' }] });
    expect(await client.getPrompt({ name: 'greet', arguments: { who: 'Ann' } })).toMatchObject({
      messages: [{ content: { text: 'Hello, Ann!' } }],
    });
    const { completion } = await client.complete({
      ref: { type: 'ref/prompt', name: 'greet' },
      argument: { name: 'who', value: 'b' },
    });
    expect(completion.values).toEqual(['Bob']);
  });

  it('gets the error', async () => {
    const { client, call } = connected;
    await expect(call({ name: 'nothing' })).rejects.toMatchObject({ code: -32602 });
    await expect(client.readResource({ uri: 'x://nothing' })).rejects.toThrow('Resource not found: x://nothing');
    await expect(client.getPrompt({ name: 'nothing' })).rejects.toMatchObject({ code: -32602 });
  });

  it('is asked for input in the form of its era', async () => {
    const result = (await connected.call({ name: 'ask' })) as { content: { text: string }[] };
    const given = JSON.parse(result.content[0]!.text) as JsonObject;
    expect(given).toMatchObject(answers);
  });

  it('gets progress notifications', async () => {
    const heard: unknown[] = [];
    await connected.call({ name: 'steps' }, { onprogress: (progress) => void heard.push(progress) });
    expect(heard).toEqual([
      { progress: 1, total: 2, message: 'one' },
      { progress: 2, total: 2 },
    ]);
  });

  it('gets the log messages that it asks for', async () => {
    await connected.call({ name: 'steps', _meta: { 'io.modelcontextprotocol/logLevel': 'info' } });
    expect(connected.heard).toEqual(['notifications/message']);
  });

  it('cancels', async () => {
    const controller = new AbortController();
    const call = connected.call({ name: 'wait' }, { signal: controller.signal });
    const failed = expect(call).rejects.toBeDefined();
    await until(() => begins.length === 1, 'the function begins');
    controller.abort('enough');
    await failed;
    await until(() => aborts.length === 1);
  });

  it('gets the changes that it listens for', async () => {
    await connected.listen();
    await connected.call({ name: 'touch' });
    daemon.update(defineCatalog({ functions: functions.slice(1) }));
    await until(() => connected.heard.length === 2);
    expect(connected.heard).toEqual(['notifications/resources/updated', 'notifications/tools/list_changed']);
  });

  it('disconnects, and its calls end', async () => {
    const call = connected.call({ name: 'wait' }).catch(() => 'left');
    await until(() => begins.length === 1, 'the function begins');
    await connected.client.close();
    expect(await call).toBe('left');
    await until(() => aborts.length === 1);
  });
});

describe('a pair of transports', () => {
  it('brings each message to the other end, as a copy, later, in order', async () => {
    const [client, server] = createTransportPair();
    const seen: unknown[] = [];
    server.onmessage = (message) => void seen.push(message);
    const params: JsonObject = { n: 1 };
    await server.start();
    void client.send({ jsonrpc: '2.0', method: 'a', params });
    void client.send({ jsonrpc: '2.0', method: 'b' });
    params['n'] = 2;
    expect(seen).toEqual([]);
    await until(() => seen.length === 2, 'both messages');
    expect(seen).toEqual([
      { jsonrpc: '2.0', method: 'a', params: { n: 1 } },
      { jsonrpc: '2.0', method: 'b' },
    ]);
  });

  it('keeps messages that come before its start, in order', async () => {
    const [client, server] = createTransportPair();
    const seen: unknown[] = [];
    server.onmessage = (message) => void seen.push((message as { method: string }).method);
    for (const method of ['a', 'b']) await client.send({ jsonrpc: '2.0', method });
    const started = server.start();
    void client.send({ jsonrpc: '2.0', method: 'c' });
    await started;
    await until(() => seen.length === 3, 'all messages');
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('closes both ends once', async () => {
    const [client, server] = createTransportPair();
    const closed: string[] = [];
    client.onclose = () => void closed.push('client');
    server.onclose = () => void closed.push('server');
    await client.close();
    await server.close();
    expect(closed).toEqual(['client', 'server']);
    await expect(client.send({ jsonrpc: '2.0', method: 'a' })).rejects.toThrow('closed');
    await expect(server.send({ jsonrpc: '2.0', method: 'a' })).rejects.toThrow('closed');
  });
});

describe('a transport that is connected', () => {
  /** A transport that remembers what was sent. */
  function remembering(
    send?: () => Promise<void>,
  ): Transport & { sent: unknown[]; receive: (message: unknown) => void; closes: number } {
    const transport = {
      sent: [] as unknown[],
      closes: 0,
      start: async () => Promise.resolve(),
      send: async (message: JsonRpcMessage, options?: { relatedRequestId?: string | number }) => {
        transport.sent.push([message, options?.relatedRequestId]);
        await send?.();
      },
      close: async () => {
        transport.closes += 1;
        return Promise.resolve();
      },
      receive: (message: unknown) => (transport as { onmessage?: (message: unknown) => void }).onmessage?.(message),
    };
    return transport;
  }

  const call = (id: number, name: string): JsonObject => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, _meta: { ...META, progressToken: 1 } },
  });

  it('gets the request on whose stream each message is sent', async () => {
    const transport = remembering();
    await daemonWith(functions).connect(transport);
    transport.receive(call(7, 'steps'));
    await until(() => transport.sent.length === 3);
    expect(transport.sent.map((sent) => (sent as [unknown, number])[1])).toEqual([7, 7, 7]);
  });

  it('serves the partition and subject that it was connected for', async () => {
    const transport = remembering();
    const who = tool('who', (_args, { subject, partition }) => `${subject} ${partition}`);
    await daemonWith([who]).connect(transport, { subject: 'ann' });
    transport.receive(call(1, 'who'));
    await until(() => transport.sent.length === 1);
    expect(JSON.stringify(transport.sent)).toContain('ann default');
  });

  it('answers the messages of a batch one by one', async () => {
    const transport = remembering();
    await daemonWith(functions).connect(transport);
    transport.receive({
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: { protocolVersion: '2025-03-26', capabilities: {} },
    });
    transport.receive([1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'ping' })));
    await until(() => transport.sent.length === 3);
    expect(transport.sent.slice(1)).toEqual([
      [{ jsonrpc: '2.0', id: 1, result: {} }, 1],
      [{ jsonrpc: '2.0', id: 2, result: {} }, 2],
    ]);
  });

  it('may fail to send: the daemon continues', async () => {
    const { logger, of } = memoryLogger();
    const transport = remembering(() => Promise.reject(new Error('gone')));
    await daemonWith(functions, { logger }).connect(transport);
    transport.receive(call(1, 'touch'));
    await until(() => of('debug').length === 1);
    expect(of('debug')).toEqual(['a message could not be sent']);
  });

  it('ends its session when it closes', async () => {
    const transport = remembering();
    const session = await daemonWith(functions).connect(transport);
    transport.receive(call(1, 'wait'));
    await until(() => begins.length === 1, 'the function begins');
    expect(session.inFlight).toBe(1);
    transport.onclose?.();
    await until(() => session.inFlight === 0, 'the end of the call');
    await turns();
    expect(transport.sent).toEqual([]);
  });

  it('that cannot be closed does not keep the daemon from its end', async () => {
    const { logger, of } = memoryLogger();
    const transport = { ...remembering(), close: () => Promise.reject(new Error('stuck')) };
    const daemon = daemonWith(functions, { logger });
    await daemon.connect(transport);
    await daemon.close();
    await until(() => of('debug').length > 0, 'the failure in the log');
    expect(of('debug')).toEqual(['a transport could not be closed']);
  });

  it('is not closed again when it closed by itself', async () => {
    const transport = remembering();
    const daemon = daemonWith(functions);
    await daemon.connect(transport);
    transport.onclose?.();
    await daemon.close();
    expect(transport.closes).toBe(0);
  });

  it('is closed when the daemon ends', async () => {
    const transport = remembering();
    const daemon = daemonWith(functions);
    await daemon.connect(transport);
    await daemon.close();
    expect(transport.closes).toBe(1);
  });
});

describe('a transport that fails', () => {
  it('at its start leaves no session behind', async () => {
    const [, transport] = createTransportPair();
    let closes = 0;
    const broken: Transport = {
      ...transport,
      start: () => Promise.reject(new Error('no start')),
      close: () => Promise.resolve(void (closes += 1)),
    };
    const daemon = daemonWith([tool('any', () => 'x')]);
    await expect(daemon.connect(broken)).rejects.toThrow('no start');
    expect(closes).toBe(1);
  });

  it('synchronously while it sends does not affect other transports', async () => {
    const { logger, of } = memoryLogger();
    const transport: Transport = {
      start: () => Promise.resolve(),
      send: () => {
        throw new Error('no send');
      },
      close: () => Promise.resolve(),
    };
    await daemonWith([tool('any', () => Promise.resolve('x'))], { logger }).connect(transport);
    transport.onmessage?.({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } } as never);
    transport.onmessage?.({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'any' } } as never);
    await until(() => of('debug').length === 2, 'both failures in the log');
    expect(of('debug')).toEqual(['a message could not be sent', 'a message could not be sent']);
  });
});
